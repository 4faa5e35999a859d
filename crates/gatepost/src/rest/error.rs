//! The gateway's own refusals of REST calls, in a form that nobody takes for Microsoft's (RFC 9457).

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::call::{AuthFailure, BodyProblem, CallError, Problem};
use crate::powerbi::SendError;

pub(super) const TRACE: HeaderName = HeaderName::from_static("gatepost-trace");
pub(super) const ERROR: HeaderName = HeaderName::from_static("gatepost-error");
pub(super) const HINT: HeaderName = HeaderName::from_static("gatepost-hint");
/// Who made the answer: nobody has to guess it from status and body.
pub(super) const ANSWERED_BY: HeaderName = HeaderName::from_static("gatepost-answered-by");
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
/// What is told with 429 and 503 when nobody knows better.
const USUAL_PAUSE_S: u64 = 30;

/// Why the gateway answers a REST call itself.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no caller.
    Auth(AuthFailure),
    Call(CallError),
    /// The body cannot be judged, so it is not sent.
    Body(String),
    TooLarge(usize),
    UploadTooLarge,
    MediaType,
    /// The body is in other characters than those everybody reads.
    Charset,
    Method,
    NotFound,
    /// There is no such download for this caller, whatever the reason.
    NoDownload,
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<BodyProblem> for Refusal {
    fn from(problem: BodyProblem) -> Self {
        match problem {
            BodyProblem::TooLarge(most) => Self::TooLarge(most),
            BodyProblem::Memory(full) => Self::Call(full.into()),
            BodyProblem::Broken | BodyProblem::Json(_) => Self::Body(problem.to_string()),
        }
    }
}

impl From<AuthFailure> for Refusal {
    fn from(failure: AuthFailure) -> Self {
        Self::Auth(failure)
    }
}

impl Refusal {
    /// The answer. `slug` is the environment the path names, `trace` the name of the request.
    pub(super) fn response(&self, app: &App, slug: Option<&str>, trace: &str) -> Response {
        if let Self::Call(error @ (CallError::Internal(_) | CallError::Store(_) | CallError::PolicyFailed(_))) = self {
            tracing::error!(%error, trace, "a REST call failed");
        }
        if let Self::Auth(AuthFailure::Store(error)) = self {
            tracing::error!(%error, trace, "a caller could not be looked up");
        }
        let problem = self.problem(app);
        let mut response = written(&problem, trace);
        if let Some(challenge) = self.challenge(app, slug).and_then(|it| HeaderValue::from_str(&it).ok()) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        match self {
            Self::Method => drop(response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS))),
            Self::Call(CallError::WrongMethod(methods)) => {
                if let Ok(allowed) = HeaderValue::from_str(&methods.join(", ")) {
                    response.headers_mut().insert(ALLOW, allowed);
                }
            }
            _ => {}
        }
        response
    }

    pub(super) fn problem(&self, app: &App) -> Problem {
        let plain = |code, status, detail: String, hint: &str| Problem {
            code,
            status,
            detail,
            hint: hint.to_owned(),
            link: None,
            retry_after_s: None,
        };
        match self {
            Self::Auth(AuthFailure::Missing) => plain(
                "unauthenticated",
                401,
                "No access token or API key was sent.".into(),
                "Send `Authorization: Bearer …` with a token or key of this gateway; a Microsoft token is not one.",
            ),
            Self::Auth(AuthFailure::Invalid(why)) => plain(
                "token_invalid",
                401,
                format!("The access token or API key is not valid: {why}."),
                "Sign in again, or make a new key in the portal.",
            ),
            Self::Auth(AuthFailure::BadRequest(why)) => plain(
                "caller_unclear",
                400,
                format!("It is not clear for whom the call is: {why}."),
                "Correct the headers and call again.",
            ),
            Self::Auth(AuthFailure::Store(_)) => crate::call::database(),
            Self::Call(error) => error.problem(),
            Self::Body(why) => plain(
                "body_invalid",
                400,
                format!("The body cannot be used: {why}."),
                "Send one JSON object in UTF-8, each key once, with no more in it than the operation's reference page allows.",
            ),
            Self::TooLarge(most) => plain(
                "body_too_large",
                413,
                format!("The body is larger than {most} bytes."),
                "Send less at a time; the operation's reference page says how much it takes, and request_body_bytes is the most of all.",
            ),
            Self::UploadTooLarge => CallError::Send(SendError::UploadTooLarge).problem(),
            Self::MediaType => plain(
                "media_type",
                415,
                "The body is neither JSON nor, for an import, multipart/form-data.".into(),
                "Set Content-Type: application/json.",
            ),
            Self::Charset => plain(
                "charset",
                415,
                "The body is not in UTF-8: its Content-Type names another charset.".into(),
                "Send it in UTF-8, with Content-Type: application/json.",
            ),
            Self::Method => plain(
                "method_not_allowed",
                405,
                "Power BI operations do not use this method.".into(),
                &format!("Expected one of {METHODS}."),
            ),
            Self::NotFound => plain(
                "not_found",
                404,
                "There is nothing under this path.".into(),
                "Paths begin with /powerbi/v1.0/myorg.",
            ),
            Self::NoDownload => plain(
                "download_unknown",
                404,
                "There is no such download for you, or its time is over.".into(),
                &format!(
                    "Open the link signed in to {} as the person it was made for, or export the report again.",
                    app.settings.url("/")
                ),
            ),
        }
    }

    /// What a client must bring (RFC 6750 §3, RFC 9728 §5.1, RFC 9470 §3).
    fn challenge(&self, app: &App, slug: Option<&str>) -> Option<String> {
        let metadata = metadata(app, slug);
        Some(match self {
            Self::Auth(AuthFailure::Missing) => format!("Bearer resource_metadata=\"{metadata}\""),
            Self::Auth(AuthFailure::Invalid(_)) => {
                format!("Bearer error=\"invalid_token\", resource_metadata=\"{metadata}\"")
            }
            Self::Call(CallError::Scope { needed }) => format!(
                "Bearer error=\"insufficient_scope\", scope=\"{}\", resource_metadata=\"{metadata}\"",
                needed.as_str()
            ),
            Self::Call(CallError::StepUp { age_s }) => format!(
                "Bearer error=\"insufficient_user_authentication\", max_age=\"{age_s}\", resource_metadata=\"{metadata}\""
            ),
            _ => return None,
        })
    }
}

/// Where the metadata of this door is (RFC 9728 §3.1). A slug that could not be one of ours is not repeated.
fn metadata(app: &App, slug: Option<&str>) -> String {
    let is_plain = |it: &&str| it.len() <= 64 && it.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    match slug.filter(is_plain) {
        Some(slug) => app
            .settings
            .url(&format!("/.well-known/oauth-protected-resource/e/{slug}/powerbi")),
        None => app.settings.url("/.well-known/oauth-protected-resource/powerbi"),
    }
}

fn written(problem: &Problem, trace: &str) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "type": format!("urn:gatepost:problem:{}", problem.code),
        "title": problem.code.replace('_', " "),
        "status": status.as_u16(),
        "detail": problem.detail,
        "code": problem.code,
        "hint": problem.hint,
        "link": problem.link,
        "trace": trace,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ANSWERED_BY, HeaderValue::from_static("gatepost"));
    headers.insert(ERROR, HeaderValue::from_static(problem.code));
    headers.insert(HINT, words(&problem.hint));
    headers.insert(TRACE, words(trace));
    let pause_s = match (status.as_u16(), problem.retry_after_s) {
        (_, Some(seconds)) => Some(seconds),
        (429 | 503, None) => Some(USUAL_PAUSE_S),
        _ => None,
    };
    if let Some(seconds) = pause_s {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Words as a header: visible ASCII on one line, of a bounded length.
pub(super) fn words(text: &str) -> HeaderValue {
    let is_plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let line: String = text.chars().take(500).map(is_plain).collect();
    HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static(""))
}
