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
#[cfg(fuzzing)]
pub mod fuzzing;
mod lists;
mod method;
mod prompts;
mod request;
mod request_state;
mod resources;
mod rpc;
mod session;
mod stream;
mod tasks;
#[cfg(test)]
mod tests;
mod variant;

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
use http::header::RETRY_AFTER;
use serde_json::Value;

use crate::app::App;
use crate::call;
use crate::call::AuthFailure;
use crate::call::BodyProblem;
use crate::call::CallError;
use crate::caller::Caller;
use crate::json;
use crate::mcp::exchange::Exchange;
use crate::mcp::rpc::Failure;
use crate::memory::Held;

/// Arguments of tools are small; files go through the REST proxy.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Memory for one value of the arguments: on their way they are checked, bound, written anew and recorded.
const BYTES_PER_VALUE: usize = 500;

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
        return as_json(failure.status, failure.response(None));
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
    let (read, held) = match read(app, &caller, &parts.headers, body).await {
        Ok(read) => read,
        Err(unread) => return unread.answer(app, &caller).await,
    };
    match rpc::of_json(read) {
        Ok(message) => {
            Exchange {
                held,
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
            as_json(failure.status, failure.response(refusal.id.as_ref()))
        }
    }
}

/// Why a body is not read as JSON.
enum Unread {
    MediaType(String),
    Body(BodyProblem),
}

impl Unread {
    /// The answer, once it is on record.
    async fn answer(self, app: &App, caller: &Caller) -> Response {
        let problem = match self {
            Self::Body(BodyProblem::Memory(full)) => CallError::Memory(full).problem(),
            Self::Body(problem @ BodyProblem::TooLarge(_)) => invalid(StatusCode::PAYLOAD_TOO_LARGE, &problem),
            Self::Body(problem) => invalid(StatusCode::BAD_REQUEST, &problem),
            Self::MediaType(problem) => invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, &problem),
        };
        if call::turned_away(app, caller, problem.code, &problem.detail)
            .await
            .is_err()
        {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let failure = Failure::new(
            status,
            rpc::INVALID_REQUEST,
            format!("{} {}", problem.detail, problem.hint),
        );
        let mut answer = as_json(status, failure.response(None));
        if let Some(seconds) = problem.retry_after_s {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

fn invalid(status: StatusCode, problem: &impl std::fmt::Display) -> call::Problem {
    call::Problem {
        code: "body_invalid",
        status: status.as_u16(),
        detail: format!("The message cannot be used: {problem}."),
        hint: "Send one JSON object in UTF-8, as application/json and not encoded otherwise.".into(),
        link: None,
        retry_after_s: None,
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

/// What a body holds, and the memory for it.
async fn read(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Result<Value, json::Refused>, Held), Unread> {
    let kind = json::media_type(headers).map_err(|problem| Unread::MediaType(problem.to_string()))?;
    // Some clients leave it out.
    if !matches!(kind.0.as_str(), "" | "application/json") || headers.contains_key(CONTENT_ENCODING) {
        return Err(Unread::MediaType(
            "expected application/json without Content-Encoding".into(),
        ));
    }
    let read = call::read_body(app, &caller.person, body, BODY_MAX_BYTES).await;
    let (text, mut held) = read.map_err(Unread::Body)?;
    match call::read_json(&text, rpc::BOUNDS, &mut held, BYTES_PER_VALUE).await {
        Ok(value) => Ok((Ok(value), held)),
        Err(BodyProblem::Json(refused)) => Ok((Err(refused), held)),
        Err(problem) => Err(Unread::Body(problem)),
    }
}

fn as_json(status: StatusCode, body: Bytes) -> Response {
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body,
    )
        .into_response()
}
