//! The REST proxy: Power BI's own paths below the gateway's address, and the links to exported files.

mod answer;
mod download;
mod error;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;

use crate::app::App;
use crate::call::{self, Door, Incoming};
use crate::caller::Caller;
use crate::policy::CanonicalJson;
use crate::powerbi;
use crate::rest::error::RestError;

/// The proxy of the default environment and of any, and the downloads.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/powerbi", any(default_environment))
        .route("/powerbi/{*path}", any(default_environment))
        .route("/e/{environment}/powerbi", any(named_environment))
        .route("/e/{environment}/powerbi/{*path}", any(named_environment))
        .route("/download/{sealed}", get(download::default_environment))
        .route("/e/{environment}/download/{sealed}", get(download::named_environment))
        .with_state(app)
}

async fn default_environment(State(app): State<App>, request: Request) -> Response {
    serve(&app, None, request).await
}

async fn named_environment(
    State(app): State<App>,
    Path(parameters): Path<std::collections::HashMap<String, String>>,
    request: Request,
) -> Response {
    let slug = parameters.get("environment").map(String::as_str);
    serve(&app, slug, request).await
}

async fn serve(app: &App, slug: Option<&str>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match answered(app, slug, parts, body).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn answered(app: &App, slug: Option<&str>, parts: Parts, body: Body) -> Result<Response, RestError> {
    let door = call::door(app, slug, "powerbi")
        .await?
        .ok_or(RestError::NoEnvironment)?;
    let caller = caller(app, &door, &parts).await?;
    let fail = |problem| RestError::Call(problem, caller.trace.clone());
    let below = parts.uri.path().split_once("/powerbi").map_or("", |(_, below)| below);
    if parts.method == Method::HEAD || parts.method == Method::OPTIONS {
        return Err(RestError::Method);
    }
    let (sent, json) = read_body(app, &parts.headers, body, &caller).await?;
    let incoming = Incoming {
        method: parts.method.as_str(),
        path: below,
        query: parts.uri.query(),
        headers: parts.headers.clone(),
    };
    let request = call::Request::of_http(app, incoming, sent, json).map_err(|it| fail(it.problem()))?;
    let answer = call::call(app, &caller, request)
        .await
        .map_err(|it| fail(it.problem()))?;
    let base = if let Some(slug) = slug {
        format!("/e/{slug}/powerbi")
    } else {
        "/powerbi".to_owned()
    };
    Ok(answer::of(app, answer, &base))
}

/// Who sends this request.
async fn caller(app: &App, door: &Door, parts: &Parts) -> Result<Caller, RestError> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    call::authenticate(app, door, &parts.headers, peer)
        .await
        .map_err(|failure| RestError::Auth(failure, metadata_of(app, door)))
}

/// Where a client without a token reads how to get one (RFC 9728 §5.1).
fn metadata_of(app: &App, door: &Door) -> String {
    let path = door.resource.strip_prefix(&app.settings.public_url).unwrap_or_default();
    app.settings
        .url(&format!("/.well-known/oauth-protected-resource{path}"))
}

/// JSON is read, so that policies, the record and Power BI see the same; anything else is passed on as it comes.
async fn read_body(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    caller: &Caller,
) -> Result<(powerbi::Body, Option<Value>), RestError> {
    let fail = |why: String| RestError::Body(why, caller.trace.clone());
    let has_length = headers.contains_key(http::header::CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind
        .and_then(|it| it.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind.starts_with("multipart/") && has_length {
        return Ok((powerbi::Body::stream(body), None));
    }
    let limit = app.settings.request_body_bytes;
    let bytes = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Err(RestError::TooLarge(limit)),
        Err(_) => return Err(fail("the body ended too early".into())),
    };
    if bytes.is_empty() {
        return Ok((powerbi::Body::empty(), None));
    }
    if kind != "application/json" && !kind.ends_with("+json") {
        return Err(fail(
            "expected a body of application/json, or multipart/form-data for a file".into(),
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| fail("the body is not UTF-8".into()))?;
    // Two readers must not read different things: each key may stand once.
    CanonicalJson::parse(text).map_err(|why| fail(why.to_string()))?;
    let value = serde_json::from_str(text).map_err(|_| fail("the body is not JSON".into()))?;
    Ok((powerbi::Body::Bytes(bytes), Some(value)))
}

/// The status of a number that came from Power BI or from a problem.
fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_GATEWAY)
}
