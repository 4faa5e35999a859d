//! `/invitation/{token}`: the way in for somebody who was invited. Opening it uses nothing up.

use std::net::IpAddr;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{Extensions, HeaderMap, StatusCode};
use serde_json::json;

use super::{alone, broken, peer, too_many};
use crate::admin::throttle::{self, Guess};
use crate::app::App;
use crate::connections::{self, Over};
use crate::page::{self, Message};
use crate::session;
use crate::store;
use crate::store::environments::{self, Environment};
use crate::store::invitations::{self, Invitation};

/// An invitation that can still be used, with its environment, or why it cannot; `Err` with the seconds to wait when too many
/// links that there never were were tried.
pub(super) async fn open(
    app: &App,
    address: Option<IpAddr>,
    token: &str,
) -> store::Result<Result<Result<Opened, Over>, u64>> {
    let counted = throttle::link(app, address);
    let found = judge(app, &counted, token).await?;
    Ok(match found {
        Err(Over::Unknown) => counted.wrong().map(|()| Err(Over::Unknown)),
        // Whoever has the link of an invitation that is over guessed nothing.
        known => {
            counted.right(app);
            Ok(known)
        }
    })
}

type Opened = (Invitation, Environment);

async fn judge(app: &App, _counted: &Guess, token: &str) -> store::Result<Result<Opened, Over>> {
    let Some(invitation) = invitations::find_by_token(&app.db, &session::hash(token)).await? else {
        return Ok(Err(Over::Unknown));
    };
    if let Some(over) = connections::invitation_over(app, &invitation).await? {
        return Ok(Err(over));
    }
    let environment = environments::find(&app.db, &invitation.environment_id).await?;
    Ok(environment.map(|it| (invitation, it)).ok_or(Over::Unknown))
}

/// `GET /invitation/{token}`
pub(super) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    Path(token): Path<String>,
) -> Response {
    let (invitation, environment) = match open(&app, peer(&extensions), &token).await {
        Ok(Ok(Ok(found))) => found,
        Ok(Ok(Err(why))) => return over(why),
        Ok(Err(seconds)) => return too_many(seconds),
        Err(error) => return broken(&error),
    };
    let ways = match super::local::ways(&app, &environment.id).await {
        Ok(ways) => ways,
        Err(error) => return broken(&error),
    };
    let details = json!({
        "environment": environment.name, "email": invitation.email, "is_exact": invitation.is_exact, "token": token,
        "integrations": ways.integrations, "provider": ways.provider,
    });
    alone(
        &app,
        &headers,
        StatusCode::OK,
        &ways.leaving,
        "invitation.html",
        "You are invited",
        details,
    )
}

/// Why it is over is told to whoever has the link; of links that there never were, nothing is.
pub(super) fn over(why: Over) -> Response {
    page::message(
        StatusCode::NOT_FOUND,
        Message {
            title: "This invitation is over",
            text: why.text(),
            who: "Whoever invited you",
            how: "They make a new one under People.",
            links: &[("/sign-in", "To the sign-in")],
            ..Message::default()
        },
    )
}
