//! Sign in with Microsoft: the same trip proves who the person is and connects Power BI.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::Response;
use http::{Extensions, StatusCode};

use super::{broken, invitation, peer, too_many};
use crate::app::App;
use crate::caller::{EnvironmentId, IntegrationId};
use crate::connections::{self, Ask, Kind, Over};
use crate::entra::Prompt;
use crate::page::{self, Fields, Message};
use crate::store::{self, environments};

/// Where a sign-in leads.
pub(super) enum Place {
    At(EnvironmentId, Option<String>),
    NotSetUp,
    InvitationOver(Over),
    /// Too many invitations that are not valid were tried; so many seconds.
    Wait(u64),
}

/// The environment of the invitation, or the default one.
pub(super) async fn place(app: &App, address: Option<IpAddr>, token: &str) -> store::Result<Place> {
    if token.is_empty() {
        let found = environments::find_default(&app.db).await?;
        return Ok(found.map_or(Place::NotSetUp, |it| Place::At(it.id, None)));
    }
    Ok(match invitation::open(app, address, token).await? {
        Ok(Ok((invitation, environment))) => Place::At(environment.id, Some(invitation.id)),
        Ok(Err(over)) => Place::InvitationOver(over),
        Err(seconds) => Place::Wait(seconds),
    })
}

/// `POST /sign-in/microsoft`
pub(super) async fn depart(State(app): State<App>, extensions: Extensions, fields: Fields) -> Response {
    let (environment, invitation) = match place(&app, peer(&extensions), fields.text("invitation")).await {
        Ok(Place::At(environment, invitation)) => (environment, invitation),
        Ok(Place::NotSetUp) => return page::redirect("/sign-in"),
        Ok(Place::InvitationOver(why)) => return invitation::over(why),
        Ok(Place::Wait(seconds)) => return too_many(seconds),
        Err(error) => return broken(&error),
    };
    let return_to = page::return_path(fields.text("return_to")).unwrap_or("/").to_owned();
    let ask = Ask {
        environment,
        integration: IntegrationId::from(fields.text("integration")),
        person: None,
        kind: Kind::SignIn,
        client_request: None,
        return_to: Some(return_to),
        prompt: Some(Prompt::SelectAccount),
        login_hint: None,
        claims: None,
        invitation,
        trace: app.clock.new_id(),
    };
    let departure = match connections::admit_stranger(&app, peer(&extensions)) {
        Ok(()) => connections::begin(&app, ask).await,
        Err(error) => Err(error),
    };
    match departure {
        Ok(departure) => page::redirect_with(&departure.url, departure.cookie),
        Err(error) => {
            let told = error.told();
            let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let links = &[("/sign-in", "To the sign-in")];
            page::message(
                status,
                Message {
                    title: &told.title,
                    text: &told.text,
                    how: &told.how,
                    links,
                    retry_after_s: error.retry_after_s(),
                    ..Message::default()
                },
            )
        }
    }
}
