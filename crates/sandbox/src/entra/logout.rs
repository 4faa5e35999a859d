//! Signing out of the pretend Entra ID, and the page that explains an error code.

use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use http::header::SET_COOKIE;
use serde_json::json;

use crate::Sandbox;
use crate::entra::aadsts;
use crate::entra::exchange::Exchange;
use crate::entra::sessions;
use crate::page;

/// `/{tenant}/oauth2/v2.0/logout`.
pub(crate) async fn logout(State(sandbox): State<Sandbox>, exchange: Exchange) -> Response {
    let cookie = [(SET_COOKIE, sessions::sign_out(&sandbox, &exchange.headers))];
    let target = exchange.asked.any("post_logout_redirect_uri");
    let is_registered = |address: &str| {
        let directory = sandbox.directory();
        directory
            .applications
            .iter()
            .any(|application| application.platform_of(address).is_some())
    };
    match target.filter(|address| is_registered(address)) {
        Some(address) => (StatusCode::FOUND, cookie, [(LOCATION, address.to_owned())]).into_response(),
        None => {
            let values = json!({ "title": "Signed out", "text": "You may close this window." });
            (cookie, Html(page::render("message.html", values))).into_response()
        }
    }
}

/// `/error?code=`: what a code means.
pub(crate) async fn explain(exchange: Exchange) -> Response {
    let code = exchange
        .asked
        .any("code")
        .and_then(|code| code.parse().ok())
        .unwrap_or_default();
    let row = aadsts::row(code);
    let values = json!({ "title": format!("AADSTS{code}"), "text": format!("{}: {}", row.error, row.text) });
    Html(page::render("message.html", values)).into_response()
}
