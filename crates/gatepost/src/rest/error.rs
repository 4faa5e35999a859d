//! The gateway's own refusals as `application/problem+json` (RFC 9457), which Power BI never sends.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::status;
use crate::call::{AuthFailure, Problem};
use crate::store;

/// Why there is no answer of Power BI's.
pub(super) enum RestError {
    /// With the address of the resource's metadata.
    Auth(AuthFailure, String),
    /// With the trace of the call.
    Call(Problem, String),
    Body(String, String),
    TooLarge(usize),
    NoEnvironment,
    Method,
    NotFound,
    Store(store::Error),
}

impl From<store::Error> for RestError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        match self {
            Self::Auth(AuthFailure::BadRequest(why), _) => {
                refuse(400, "request_invalid", &sentence(&why), "Correct the request.", None)
            }
            Self::Auth(AuthFailure::Store(error), _) | Self::Store(error) => {
                tracing::error!(error = %error, "a proxied request failed");
                refuse(
                    503,
                    "database_unavailable",
                    "The gateway's database does not answer.",
                    "Try again in a minute.",
                    None,
                )
            }
            Self::Auth(failure, metadata) => unauthorized(&failure, &metadata),
            Self::Call(problem, trace) => of_problem(&problem, &trace),
            Self::Body(why, trace) => refuse(
                400,
                "body_invalid",
                &sentence(&why),
                "Send one JSON object, each key once.",
                Some(&trace),
            ),
            Self::TooLarge(limit) => {
                let detail = format!("The body is larger than {limit} bytes.");
                refuse(
                    413,
                    "body_too_large",
                    &detail,
                    "Send files as multipart/form-data, which is streamed.",
                    None,
                )
            }
            Self::NoEnvironment => refuse(
                404,
                "environment_unknown",
                "There is no such environment.",
                "Check the address.",
                None,
            ),
            Self::NotFound => refuse(
                404,
                "not_found",
                "There is no such file, or it is not yours, or its link is over.",
                "Ask for it again.",
                None,
            ),
            Self::Method => {
                let mut response = refuse(
                    405,
                    "method_not_allowed",
                    "The proxy takes GET, POST, PUT, PATCH and DELETE.",
                    "Use one of them.",
                    None,
                );
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
                response
            }
        }
    }
}

/// 401 with the way to a token (RFC 6750 §3, RFC 9728 §5.1).
fn unauthorized(failure: &AuthFailure, metadata: &str) -> Response {
    let error = match failure {
        AuthFailure::Missing => String::new(),
        _ => format!(", error=\"invalid_token\", error_description=\"{failure}\"").replace('`', "'"),
    };
    let detail = sentence(&failure.to_string());
    let mut response = refuse(
        401,
        "unauthorized",
        &detail,
        "Send an API key or access token of this gateway as `Authorization: Bearer`.",
        None,
    );
    let challenge = format!("Bearer resource_metadata=\"{metadata}\", scope=\"powerbi.read\"{error}");
    if let Ok(value) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

fn of_problem(problem: &Problem, trace: &str) -> Response {
    let mut response = refuse(
        problem.status,
        problem.code,
        &problem.detail,
        &problem.hint,
        Some(trace),
    );
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn refuse(number: u16, code: &str, detail: &str, hint: &str, trace: Option<&str>) -> Response {
    let body = json!({
        "type": format!("urn:gatepost:{code}"),
        "title": status(number).canonical_reason().unwrap_or("Refused"),
        "status": number,
        "detail": detail,
        "code": code,
        "hint": hint,
        "trace": trace,
    });
    let mut response = (status(number), body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    for (name, text) in [("gatepost-error", code), ("gatepost-trace", trace.unwrap_or_default())] {
        if let Ok(value) = HeaderValue::from_str(text)
            && !text.is_empty()
        {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if status(number) == StatusCode::UNAUTHORIZED {
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|it| it.to_uppercase().collect::<String>())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
