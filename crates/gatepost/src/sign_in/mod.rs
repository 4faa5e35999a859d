//! Signing in: the first administrator, local accounts, the way to Microsoft, signing out.

mod code;
mod invitation;
mod local;
mod microsoft;
mod provider;
mod setup;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::app::App;
use crate::page::{self, Leaving, Message, Page};
use crate::session::peer;
use crate::store;

/// The routes of signing in and out, behind the guard of forms.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/setup", get(setup::show).post(setup::create))
        .route("/sign-in", get(local::show).post(local::sign_in))
        .route("/sign-in/code", get(code::show).post(code::check))
        .route("/sign-in/microsoft", post(microsoft::depart))
        .route("/sign-in/provider", post(provider::depart))
        .route("/sign-in/callback", get(provider::callback))
        .route("/invitation/{token}", get(invitation::show))
        .route("/sign-out", post(local::sign_out))
        .layer(from_fn_with_state(app.clone(), page::guard))
        .with_state(app)
}

/// Every route of this face, for tests that go through all of them: method and path.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", "/setup"),
    ("POST", "/setup"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/code"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-in/microsoft"),
    ("POST", "/sign-in/provider"),
    ("GET", "/sign-in/callback"),
    ("GET", "/invitation/{token}"),
    ("POST", "/sign-out"),
];

/// A page that stands alone, with the cookie its form token is bound to.
fn alone(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    leaving: &Leaving,
    template: &str,
    title: &str,
    details: Value,
) -> Response {
    let (csrf, cookie) = page::csrf(app, headers);
    let page = Page::alone(title, &csrf, app.clock.now());
    let mut answer = match page::render(template, &page, details) {
        Ok(text) => page::html(status, text, leaving),
        Err(error) => axum::response::IntoResponse::into_response(error),
    };
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

/// Too many wrong links or tokens came from one network.
fn too_many(seconds: u64) -> Response {
    page::message(
        StatusCode::TOO_MANY_REQUESTS,
        Message {
            title: "Too many attempts",
            text: "Many links that are not valid were opened from your network within a minute.",
            how: "Wait a minute, then open your link again.",
            retry_after_s: Some(seconds),
            ..Message::default()
        },
    )
}

fn broken(error: &store::Error) -> Response {
    tracing::error!(error = %error, "signing in failed");
    let text = "The gateway's database does not answer as expected.";
    let how = "Try again in a few seconds, and look at the gateway's log if it stays.";
    page::message(
        StatusCode::SERVICE_UNAVAILABLE,
        Message {
            title: "Try again in a moment",
            text,
            how,
            ..Message::default()
        },
    )
}

fn unrecorded() -> Response {
    let text = "The audit log cannot be written, so nobody can sign in.";
    let how = "Try again in a minute, and look at the gateway's log if it stays.";
    page::message(
        StatusCode::SERVICE_UNAVAILABLE,
        Message {
            title: "The gateway cannot keep its record",
            text,
            how,
            ..Message::default()
        },
    )
}
