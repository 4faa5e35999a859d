//! Sign in by the house's own OpenID Connect provider; Power BI is connected in a second step.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{Extensions, HeaderMap, Method, StatusCode};

use super::microsoft::{Place, place};
use super::{broken, invitation, peer, too_many, unrecorded};
use crate::admin::provider_trip::{self, Setting, TripError};
use crate::admin::second_factor;
use crate::app::App;
use crate::page::{self, Fields, Message};
use crate::session::{self, Proof};

/// `POST /sign-in/provider`
pub(super) async fn depart(State(app): State<App>, extensions: Extensions, fields: Fields) -> Response {
    let (environment, invitation) = match place(&app, peer(&extensions), fields.text("invitation")).await {
        Ok(Place::At(environment, invitation)) => (environment, invitation),
        Ok(Place::NotSetUp) => return page::redirect("/sign-in"),
        Ok(Place::InvitationOver(why)) => return invitation::over(why),
        Ok(Place::Wait(seconds)) => return too_many(seconds),
        Err(error) => return broken(&error),
    };
    let setting = Setting {
        environment,
        person: None,
        invitation,
        return_to: page::return_path(fields.text("return_to")).unwrap_or("/").to_owned(),
    };
    match provider_trip::begin(&app, setting).await {
        Ok((url, cookie)) => page::redirect_with(&url, cookie),
        Err(error) => refused(&error),
    }
}

/// `GET /sign-in/callback`
pub(super) async fn callback(
    method: Method,
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Some(early) = page::before_its_time(&method, &headers) {
        return early;
    }
    let parameters = page::parameters(query.as_deref());
    // A name that stands twice has two readings and therefore none.
    let find = |name: &str| {
        let mut found = parameters.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| value.clone());
        first.filter(|_| found.next().is_none())
    };
    let signed_in = match session::find(&app.db, &app.clock, app.session_lifetime(), &headers).await {
        Ok(signed_in) => signed_in,
        Err(error) => return broken(&error),
    };
    let trace = app.clock.new_id();
    let arrived = match provider_trip::arrive(&app, find, &headers, signed_in.as_ref(), &trace).await {
        Ok(arrived) => arrived,
        Err(error) => return refused(&error),
    };
    let address = peer.map(|it| it.0.0.ip());
    let person = &arrived.person.id;
    match second_factor::is_needed(&app, person).await {
        Ok(true) => {
            let half = second_factor::half::cookie(&app, person, Proof::Provider, &arrived.return_to);
            let mut answer = page::redirect_with(second_factor::half::ADDRESS, half);
            answer
                .headers_mut()
                .append(SET_COOKIE, session::clear_cookie(session::PROVIDER));
            return answer;
        }
        Ok(false) => {}
        Err(error) => return broken(&error),
    }
    let lifetime = app.session_lifetime();
    match session::begin(
        &app.db,
        &app.clock,
        lifetime,
        person,
        Proof::Provider,
        &headers,
        address,
    )
    .await
    {
        Ok(cookie) => {
            let mut answer = page::redirect_with(&arrived.return_to, cookie);
            answer
                .headers_mut()
                .append(SET_COOKIE, session::clear_cookie(session::PROVIDER));
            answer
        }
        Err(error) => broken(&error),
    }
}

fn refused(error: &TripError) -> Response {
    let (status, title, how) = match error {
        TripError::Store(error) => return broken(error),
        TripError::Audit(_) => return unrecorded(),
        TripError::NoProvider => (
            StatusCode::NOT_FOUND,
            "There is no such sign-in here",
            "An administrator enters the provider under Settings.",
        ),
        TripError::UnknownFlow => (
            StatusCode::BAD_REQUEST,
            "This sign-in is over",
            "Go back and sign in again.",
        ),
        TripError::OtherBrowser | TripError::OtherPerson => (
            StatusCode::FORBIDDEN,
            "This sign-in is not yours",
            "If somebody sent you this link, do not use it. If you began it yourself, sign in again in this browser.",
        ),
        TripError::NotAdmitted | TripError::NotInvited => (
            StatusCode::FORBIDDEN,
            "This account may not join",
            "An administrator admits the domain of your address under Settings, or invites you under People.",
        ),
        TripError::InvitationOver(_) => (
            StatusCode::FORBIDDEN,
            "This invitation is over",
            "Ask whoever invited you for a new one.",
        ),
        TripError::Locked => (
            StatusCode::FORBIDDEN,
            "You are locked out",
            "Ask an administrator of the gateway.",
        ),
        TripError::Provider(_) | TripError::Sealed => (
            StatusCode::BAD_GATEWAY,
            "The sign-in did not come about",
            "Try again. If it stays, an administrator checks the provider under Settings.",
        ),
    };
    let text = format!("Nobody was signed in: {}.", error.to_string().trim_end_matches('.'));
    page::message(
        status,
        Message {
            title,
            text: &text,
            how,
            links: &[("/sign-in", "To the sign-in")],
            ..Message::default()
        },
    )
}
