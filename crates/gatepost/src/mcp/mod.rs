//! The face of agents: the Model Context Protocol over HTTP, in both its eras, without any state here.

mod asks;
mod cancel;
mod challenge;
mod client;
mod completion;
mod cursor;
mod era;
mod exchange;
mod fixture;
mod lists;
mod method;
mod prompts;
mod request;
mod request_state;
mod resources;
mod rpc;
mod session;
mod stream;
mod strict;
mod tasks;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header::ALLOW;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_TYPE;
use http::header::ORIGIN;
use http_body_util::BodyExt as _;
use http_body_util::Limited;

use crate::app::App;
use crate::call;
use crate::call::AuthFailure;
use crate::caller::Caller;
use crate::mcp::exchange::Exchange;
use crate::mcp::rpc::Failure;

/// Arguments of tools are small; files go through the REST proxy.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// `/mcp` of the default environment, and `/e/{environment}/mcp` of any.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/mcp", any(default_environment))
        .route("/e/{environment}/mcp", any(named_environment))
        .with_state(app)
}

async fn default_environment(State(app): State<App>, request: Request) -> Response {
    serve(&app, None, request).await
}

async fn named_environment(State(app): State<App>, Path(slug): Path<String>, request: Request) -> Response {
    serve(&app, Some(&slug), request).await
}

/// Answers one HTTP request. Who asks is settled before anything of the protocol is looked at.
async fn serve(app: &App, slug: Option<&str>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_origin_allowed(&app.settings.public_url, &parts.headers) {
        let failure = Failure::new(
            StatusCode::FORBIDDEN,
            rpc::INVALID_REQUEST,
            "this origin is not allowed",
        );
        return json(failure.status, failure.response(None));
    }
    // There are no streams to open and no sessions to end; some clients ask before they hold a token.
    if parts.method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    }
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    let caller = match caller(app, slug, &parts.headers, address).await {
        Ok(caller) => caller,
        Err(answer) => {
            call::read_away(body).await;
            return answer;
        }
    };
    let body = match read(&parts.headers, body).await {
        Ok(body) => body,
        Err(status) => {
            let reason = status.canonical_reason().unwrap_or("the body cannot be read");
            return match call::turned_away(app, &caller, "body_invalid", reason).await {
                Ok(()) => status.into_response(),
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            };
        }
    };
    match rpc::read(&body) {
        Ok(message) => {
            Exchange {
                app,
                slug,
                caller,
                headers: parts.headers,
            }
            .answer(message)
            .await
        }
        Err(refusal) => {
            let stored = call::turned_away(app, &caller, "message_invalid", &refusal.failure.message).await;
            let failure = stored.map_or_else(|_| Failure::internal(), |()| refusal.failure.clone());
            json(failure.status, failure.response(refusal.id.as_ref()))
        }
    }
}

/// Protects gateways on a private network from web pages elsewhere: a browser always tells the origin.
fn is_origin_allowed(public_url: &str, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let ours = url::Url::parse(public_url).map(|it| it.origin().ascii_serialization());
            ours.is_ok_and(|ours| origin.as_bytes().eq_ignore_ascii_case(ours.as_bytes()))
        }
        (Some(_), Some(_)) => false,
    }
}

async fn caller(
    app: &App,
    slug: Option<&str>,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, Response> {
    let refused = |failure: AuthFailure| challenge::refused(app, slug, &failure);
    let door = call::door(app, slug, "mcp")
        .await
        .map_err(|error| refused(error.into()))?;
    let Some(door) = door else {
        return Err(StatusCode::NOT_FOUND.into_response());
    };
    call::authenticate(app, &door, headers, address).await.map_err(refused)
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
    let is_json = |kind: &HeaderValue| {
        let kind = kind.as_bytes().split(|it| *it == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
    };
    if !headers.get_all(CONTENT_TYPE).iter().all(is_json) || headers.contains_key(CONTENT_ENCODING) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let whole = Limited::new(body, BODY_MAX_BYTES).collect().await;
    whole.map(|it| it.to_bytes()).map_err(|error| {
        let is_too_large = error.is::<http_body_util::LengthLimitError>();
        if is_too_large {
            StatusCode::PAYLOAD_TOO_LARGE
        } else {
            StatusCode::BAD_REQUEST
        }
    })
}

fn json(status: StatusCode, body: Bytes) -> Response {
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body,
    )
        .into_response()
}
