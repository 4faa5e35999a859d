//! Power BI's answer, passed on: status and body untouched, with our headers beside it.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::status;
use crate::app::App;
use crate::call::{Answer, Content};
use crate::powerbi::{Kind, PowerBiFailure};

const TRACE: HeaderName = HeaderName::from_static("gatepost-trace");
const ERROR: HeaderName = HeaderName::from_static("gatepost-error");
const HINT: HeaderName = HeaderName::from_static("gatepost-hint");

/// The answer for the application; `base` is the proxy's own path.
pub(super) fn of(app: &App, answer: Answer, base: &str) -> Response {
    let mut headers = answer.headers;
    rewrite_location(app, &mut headers, base);
    put(&mut headers, TRACE, &answer.trace);
    if let Some(failure) = &answer.failure {
        put(&mut headers, ERROR, code(failure));
        put(&mut headers, HINT, &hint(failure));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let body = match answer.content {
        Content::Whole(bytes) => Body::from(bytes),
        Content::Stream(stream) => Body::new(stream),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status(answer.status.as_u16());
    *response.headers_mut() = headers;
    response
}

/// An address of Power BI's own API becomes the same address here, so that the client comes back to us.
fn rewrite_location(app: &App, headers: &mut HeaderMap, base: &str) {
    let Some(location) = headers.remove(LOCATION) else {
        return;
    };
    let path = location.to_str().ok().filter(|it| it.starts_with("/v1.0/"));
    if let Some(path) = path {
        put(headers, LOCATION, &app.settings.url(&format!("{base}{path}")));
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    let plain: String = text
        .chars()
        .map(|it| {
            if it.is_ascii() && !it.is_ascii_control() {
                it
            } else {
                '?'
            }
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&plain) {
        headers.insert(name, value);
    }
}

fn code(failure: &PowerBiFailure) -> &'static str {
    match failure.kind {
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

/// In plain words: cause and who can mend it.
fn hint(failure: &PowerBiFailure) -> String {
    if let Some(known) = failure.explanation {
        return format!("{} {}", known.cause, known.tell);
    }
    match &failure.kind {
        Kind::TokenExpired => "Power BI does not take the token, even a fresh one; the person connects again in the portal".into(),
        Kind::Rights => "the person's own rights in Power BI do not allow this; whoever manages the workspace or item can grant them".into(),
        Kind::NotFound => "there is no such item, or the person may not see it".into(),
        Kind::Throttled => match failure.retry_after_s {
            Some(seconds) => format!("Power BI limits this person's calls; try again in {seconds} seconds"),
            None => "Power BI limits this person's calls; try again later".into(),
        },
        Kind::ClaimsChallenge { .. } => "the organisation asks for another proof of who the person is; they connect again in the portal".into(),
        Kind::BadRequest => "Power BI refuses the request as it is; its body says why".into(),
        Kind::Server | Kind::Other => "Power BI failed; try again later".into(),
    }
}
