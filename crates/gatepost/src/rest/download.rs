//! `/download/…`: an exported file for the person who asked for it, and for nobody else.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONTENT_DISPOSITION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::answer;
use super::error::RestError;
use crate::app::App;
use crate::call::{self, AuthFailure};
use crate::caller::Caller;
use crate::session;
use crate::tools::Download;

pub(super) async fn default_environment(
    State(app): State<App>,
    Path(sealed): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    fetched(&app, None, &sealed, &parts)
        .await
        .unwrap_or_else(|error| error.into_response())
}

pub(super) async fn named_environment(
    State(app): State<App>,
    Path((slug, sealed)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    fetched(&app, Some(&slug), &sealed, &parts)
        .await
        .unwrap_or_else(|error| error.into_response())
}

async fn fetched(app: &App, slug: Option<&str>, sealed: &str, parts: &Parts) -> Result<Response, RestError> {
    let caller = caller(app, slug, parts).await?;
    let download = Download::open(app, &caller, sealed).ok_or(RestError::NotFound)?;
    let fail = |problem| RestError::Call(problem, caller.trace.clone());
    let request = download.request(app).map_err(|it| fail(it.problem()))?;
    let answer = call::call(app, &caller, request)
        .await
        .map_err(|it| fail(it.problem()))?;
    let mut response = answer::of(app, answer, "/powerbi");
    if response.status().is_success() {
        response
            .headers_mut()
            .insert(CONTENT_DISPOSITION, attachment(&download.file));
    }
    Ok(response)
}

/// The person in the browser, or the one an access token or key names.
async fn caller(app: &App, slug: Option<&str>, parts: &Parts) -> Result<Caller, RestError> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    if !parts.headers.contains_key(AUTHORIZATION) {
        return in_browser(app, &parts.headers, peer).await;
    }
    // A token for agents names the MCP endpoint, one for applications the proxy; the link was made for the person of either.
    for face in ["mcp", "powerbi"] {
        let Some(door) = call::door(app, slug, face).await? else {
            break;
        };
        match call::authenticate(app, &door, &parts.headers, peer).await {
            Ok(caller) => return Ok(caller),
            Err(AuthFailure::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(RestError::NotFound)
}

async fn in_browser(app: &App, headers: &HeaderMap, peer: Option<std::net::IpAddr>) -> Result<Caller, RestError> {
    let signed_in = session::find(&app.db, &app.clock, app.session_lifetime(), headers).await?;
    let signed_in = signed_in.ok_or(RestError::NotFound)?;
    Ok(call::caller_of_session(app, &signed_in, peer).await?)
}

/// Saved, never shown: the bytes are somebody else's (RFC 6266).
fn attachment(file: &str) -> HeaderValue {
    let plain: String = file
        .chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() || "._- ".contains(it) {
                it
            } else {
                '_'
            }
        })
        .collect();
    let encoded = percent_encoding::utf8_percent_encode(file, percent_encoding::NON_ALPHANUMERIC);
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}
