//! The face of applications: Power BI's own REST paths under the gateway's address, and downloads that tools hand out.

mod answer;
mod body;
mod download;
mod error;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::app::App;
use crate::call::{self, AuthFailure, CallError, Incoming, Standing};
use crate::caller::Caller;
use crate::rest::error::Refusal;

const FACE: &str = "powerbi";
/// Where a path goes on to Power BI.
const ROOT: &str = "/powerbi";

/// `/powerbi/…` of the default environment, `/e/{environment}/powerbi/…` of any, and `/download/…` of both.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/powerbi", any(proxy))
        .route("/powerbi/{*path}", any(proxy))
        .route("/e/{environment}/powerbi", any(proxy))
        .route("/e/{environment}/powerbi/{*path}", any(proxy))
        .route("/download/{sealed}", any(download::download))
        .route("/e/{environment}/download/{sealed}", any(download::download))
        .with_state(app)
}

async fn proxy(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Other methods have no operation, and a browser's question about other origins gets no yes.
    if !matches!(
        parts.method,
        Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    ) {
        return Refusal::Method.response(&app, None, &app.clock.new_id());
    }
    // The path as it came: it is decoded once, by the catalogue, and nowhere before.
    let Some((slug, path)) = split(parts.uri.path(), ROOT) else {
        return Refusal::NotFound.response(&app, None, &app.clock.new_id());
    };
    let caller = match caller(&app, slug, FACE, &parts.headers, address(&parts)).await {
        Ok(caller) => caller,
        Err(refusal) => {
            call::read_away(body).await;
            return refusal.response(&app, slug, &app.clock.new_id());
        }
    };
    match send(&app, &caller, &parts, path, body).await {
        Ok(answer) => answer::pass_on(&app, slug, answer),
        Err(refusal) => refusal.response(&app, slug, &caller.trace),
    }
}

async fn send(
    app: &App,
    caller: &Caller,
    parts: &Parts,
    path: &str,
    body: axum::body::Body,
) -> Result<call::Answer, Refusal> {
    // First the place in line: whoever waits there holds nothing.
    let standing = Standing::of(app, caller);
    let place = match standing.during(call::enter(app, &caller.person)).await {
        Ok(Ok(place)) => place,
        Ok(Err(error)) | Err(error) => return Err(turned_away(app, caller, error.into()).await?),
    };
    let request = match read(app, caller, parts, path, body).await {
        Ok(request) => request,
        Err(refusal) => return Err(turned_away(app, caller, refusal).await?),
    };
    Ok(call::call_from(app, caller, request, standing, place).await?)
}

/// Puts a refusal on record.
async fn turned_away(app: &App, caller: &Caller, refusal: Refusal) -> Result<Refusal, CallError> {
    let problem = refusal.problem(app);
    call::turned_away(app, caller, problem.code, &problem.detail).await?;
    Ok(refusal)
}

async fn read(
    app: &App,
    caller: &Caller,
    parts: &Parts,
    path: &str,
    body: axum::body::Body,
) -> Result<call::Request, Refusal> {
    let method = parts.method.as_str();
    let read = body::read(app, &caller.person, method, path, &parts.headers, body).await?;
    let incoming = Incoming {
        method,
        path,
        query: parts.uri.query(),
        headers: parts.headers.clone(),
    };
    let mut request = call::Request::of_http(app, incoming, read.body, read.json)?;
    request.held = read.held;
    Ok(request)
}

/// The environment's slug, if the path names one, and the rest of the path after `root`.
fn split<'a>(path: &'a str, root: &str) -> Option<(Option<&'a str>, &'a str)> {
    if let Some(rest) = path.strip_prefix(root) {
        return rest.starts_with('/').then_some((None, rest));
    }
    let (slug, rest) = path.strip_prefix("/e/")?.split_once('/')?;
    let rest = path.get(path.len() - rest.len() - 1..)?.strip_prefix(root)?;
    rest.starts_with('/').then_some((Some(slug), rest))
}

/// The caller behind a token or key. An environment that is not there is answered like a token that is not valid.
async fn caller(
    app: &App,
    slug: Option<&str>,
    face: &str,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, Refusal> {
    let Some(door) = call::door(app, slug, face).await.map_err(AuthFailure::from)? else {
        return Err(AuthFailure::Invalid("it is unknown or was revoked").into());
    };
    Ok(call::authenticate(app, &door, headers, address).await?)
}

/// The peer's address as the listener saw it; headers that claim another are not looked at.
fn address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip())
}
