//! Power BI's answer, passed on: its status and body as they came, and only those of its headers a caller may see.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::error::{ANSWERED_BY, ERROR, HINT, TRACE, words};
use crate::app::App;
use crate::call::{Answer, Content};
use crate::powerbi::{Kind, PowerBiFailure};

/// The answer for the caller who came through the door of environment `slug`.
pub(super) fn pass_on(app: &App, slug: Option<&str>, answer: Answer) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    let headers = response.headers_mut();
    if let Some(own) = headers
        .remove(LOCATION)
        .and_then(|it| own_address(app, slug, it.to_str().ok()?))
    {
        headers.insert(LOCATION, own);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ANSWERED_BY, HeaderValue::from_static("power-bi"));
    headers.insert(TRACE, words(&answer.trace));
    if let Some(failure) = &answer.failure {
        explain(app, headers, answer.status, failure);
    }
    *response.body_mut() = match answer.content {
        Content::Whole(bytes) => {
            // It says the length again, of what is really there.
            response.headers_mut().remove(CONTENT_LENGTH);
            Body::from(bytes)
        }
        Content::Stream(stream) => Body::new(stream),
    };
    response
}

/// Where Power BI says that something is, as a path of the gateway.
fn own_address(app: &App, slug: Option<&str>, path: &str) -> Option<HeaderValue> {
    let door = match slug {
        Some(slug) => format!("/e/{slug}/powerbi"),
        None => "/powerbi".to_owned(),
    };
    let is_ours = path.starts_with("/v1.0/");
    is_ours.then(|| HeaderValue::from_str(&app.settings.url(&format!("{door}{path}"))).ok())?
}

/// What the gateway knows of a refusal stands in headers: the body stays Microsoft's.
fn explain(app: &App, headers: &mut http::HeaderMap, status: StatusCode, failure: &PowerBiFailure) {
    let lacks = failure.lacks_in_words();
    let code = lacks
        .as_ref()
        .map_or_else(|| code(&failure.kind), |_| "permission_missing");
    headers.insert(ERROR, HeaderValue::from_static(code));
    let hint = match (&failure.kind, failure.explanation) {
        _ if lacks.is_some() => format!("{} at {}.", lacks.unwrap_or_default(), app.settings.url("/connections")),
        (Kind::ClaimsChallenge { .. }, _) => {
            let link = app.settings.url("/connections");
            format!("The organisation asks for another proof of who the person is; they connect again at {link}.")
        }
        (_, Some(known)) => format!("{}. {}", known.cause, known.tell),
        (kind, None) => in_general(kind).to_owned(),
    };
    headers.insert(HINT, words(&hint));
    let is_later = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(seconds) = failure
        .retry_after_s
        .filter(|_| is_later && !headers.contains_key(RETRY_AFTER))
    {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

/// A word that stays, for programs.
fn code(kind: &Kind) -> &'static str {
    match kind {
        Kind::TokenExpired => "power_bi_token",
        Kind::Rights => "power_bi_rights",
        Kind::NotFound => "power_bi_not_found",
        Kind::Throttled => "power_bi_throttled",
        Kind::ClaimsChallenge { .. } => "reconnect_needed",
        Kind::BadRequest => "power_bi_bad_request",
        Kind::Server => "power_bi_fault",
        Kind::Other => "power_bi_refused",
    }
}

/// Who can mend a refusal of which the catalogue knows nothing.
fn in_general(kind: &Kind) -> &'static str {
    match kind {
        Kind::TokenExpired => {
            "Power BI does not take the token, even a fresh one; the person connects again in the portal."
        }
        Kind::Rights => {
            "The person's own rights in Power BI do not allow this; whoever manages the workspace or item can give them."
        }
        Kind::NotFound => "There is no such item, or the person may not see it.",
        Kind::Throttled => "Power BI limits this person's calls; wait before trying again.",
        Kind::ClaimsChallenge { .. } => "The person connects again in the portal.",
        Kind::BadRequest => "Power BI refuses the request as it is; its body says why.",
        Kind::Server | Kind::Other => "Power BI failed; try again later.",
    }
}
