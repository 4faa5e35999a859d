//! Downloads that a tool handed out: for the person they were made for, and for nobody else.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    LOCATION,
};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::{Refusal, TRACE, words};
use super::{address, caller, split};
use crate::app::App;
use crate::call::{self, AuthFailure, CallError, Content};
use crate::caller::Caller;
use crate::session;
use crate::store::environments;
use crate::tools::Download;

const ROOT: &str = "/download";
/// RFC 8187 §3.2.1 `attr-char`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Streams the file behind a sealed link.
pub(super) async fn download(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.method != Method::GET {
        let mut response = Refusal::Method.response(&app, None, &app.clock.new_id());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    match fetch(&app, &parts).await {
        Ok(response) => response,
        Err((refusal, trace)) => refusal.response(&app, None, &trace),
    }
}

async fn fetch(app: &App, parts: &Parts) -> Result<Response, (Refusal, String)> {
    let nobody = || (Refusal::NoDownload, app.clock.new_id());
    let (slug, sealed) = split(parts.uri.path(), ROOT).ok_or_else(nobody)?;
    let caller = match who(app, slug, parts).await {
        Ok(Who::Caller(caller)) => *caller,
        // Whatever the link holds: a stranger learns nothing of it, and the person it is for comes back signed in.
        Ok(Who::Stranger) if is_browser(parts) => return Ok(to_sign_in(parts.uri.path())),
        Ok(Who::Stranger | Who::Other) => return Err(nobody()),
        Err(error) => return Err((error.into(), app.clock.new_id())),
    };
    let in_words = |refusal: Refusal| (refusal, caller.trace.clone());
    let found = Download::open(app, &caller, sealed.trim_start_matches('/'));
    let found = found.ok_or_else(|| in_words(Refusal::NoDownload))?;
    let request = found.request(app).map_err(|error| in_words(error.into()))?;
    let answer = call::call(app, &caller, request)
        .await
        .map_err(|error| in_words(error.into()))?;
    // Power BI keeps a file for a day; later, or without the right, it is not there any more.
    if answer.status != StatusCode::OK {
        return Ok(super::answer::pass_on(app, slug, answer));
    }
    Ok(file(answer, &found.file))
}

/// Who asks for a download.
enum Who {
    Caller(Box<Caller>),
    /// Nobody has signed in.
    Stranger,
    /// A token, key or session that is not of this environment or not good.
    Other,
}

/// The caller, by token, key or browser session of this environment.
async fn who(app: &App, slug: Option<&str>, parts: &Parts) -> Result<Who, CallError> {
    if parts.headers.contains_key(AUTHORIZATION) {
        // The link came from an agent's tool, whose token is for the other face.
        for face in ["mcp", "powerbi"] {
            match caller(app, slug, face, &parts.headers, address(parts)).await {
                Ok(caller) => return Ok(Who::Caller(Box::new(caller))),
                Err(Refusal::Auth(AuthFailure::Store(error))) => return Err(error.into()),
                Err(_) => {}
            }
        }
        return Ok(Who::Other);
    }
    let Some(signed_in) = session::find(&app.db, &app.clock, app.session_lifetime(), &parts.headers).await? else {
        return Ok(Who::Stranger);
    };
    let environment = match slug {
        Some(slug) => environments::find_by_slug(&app.db, slug).await?,
        None => environments::find_default(&app.db).await?,
    };
    if environment.is_none_or(|it| it.id != signed_in.environment_id) {
        return Ok(Who::Other);
    }
    let caller = call::caller_of_session(app, &signed_in, address(parts)).await?;
    Ok(Who::Caller(Box::new(caller)))
}

/// Whether a person opened the link in a browser, rather than a program.
fn is_browser(parts: &Parts) -> bool {
    let accepted = parts.headers.get(ACCEPT).and_then(|it| it.to_str().ok());
    accepted.is_some_and(|it| it.contains("text/html"))
}

fn to_sign_in(path: &str) -> Response {
    let path = utf8_percent_encode(path, NON_ALPHANUMERIC);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::from_str(&format!("/sign-in?return_to={path}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// A file to be saved, never shown: its content is somebody else's.
fn file(answer: call::Answer, name: &str) -> Response {
    let (kind, length) = (
        answer.headers.get(CONTENT_TYPE).cloned(),
        answer.headers.get(CONTENT_LENGTH).cloned(),
    );
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, kind.unwrap_or(octets));
    headers.insert(CONTENT_DISPOSITION, disposition(name));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(TRACE, words(&answer.trace));
    if let Some(encoding) = answer.headers.get(CONTENT_ENCODING) {
        headers.insert(CONTENT_ENCODING, encoding.clone());
    }
    *response.body_mut() = match answer.content {
        Content::Whole(bytes) => Body::from(bytes),
        Content::Stream(stream) => {
            if let Some(length) = length {
                response.headers_mut().insert(CONTENT_LENGTH, length);
            }
            Body::new(stream)
        }
    };
    response
}

/// RFC 6266 §4: a plain name for old readers, the whole one for all others.
pub(super) fn disposition(name: &str) -> HeaderValue {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let whole = utf8_percent_encode(name, ENCODED);
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}
