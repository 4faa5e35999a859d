//! Answers for callers who are not let in, or not with the scopes they hold.

use axum::response::IntoResponse as _;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::json;

use crate::app::App;
use crate::call::AuthFailure;
use crate::caller::Scope;

/// The answer to a request without a caller (RFC 6750 §3, RFC 9728 §5.1).
pub(super) fn refused(app: &App, slug: Option<&str>, failure: &AuthFailure) -> Response {
    let description = failure.to_string();
    let error = match failure {
        AuthFailure::Missing => None,
        AuthFailure::Invalid(_) => Some("invalid_token"),
        AuthFailure::BadRequest(_) => return plain(StatusCode::BAD_REQUEST, "invalid_request", &description),
        AuthFailure::Store(error) => {
            tracing::error!(%error, "a caller could not be looked up");
            return plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "try again in a minute",
            );
        }
    };
    let answer = plain(StatusCode::UNAUTHORIZED, error.unwrap_or("unauthorized"), &description);
    with_challenge(answer, app, slug, error, Scope::Read, &description)
}

/// The answer to a call for which the token lacks a scope; clients then ask the person for it and call again.
pub(super) fn insufficient_scope(app: &App, slug: Option<&str>, needed: Scope) -> Response {
    let description = format!("this call needs the scope {}", needed.as_str());
    let answer = plain(StatusCode::FORBIDDEN, "insufficient_scope", &description);
    with_challenge(answer, app, slug, Some("insufficient_scope"), needed, &description)
}

fn with_challenge(
    mut answer: Response,
    app: &App,
    slug: Option<&str>,
    error: Option<&str>,
    scope: Scope,
    description: &str,
) -> Response {
    let path = slug.map_or_else(|| "/mcp".to_owned(), |slug| format!("/e/{slug}/mcp"));
    let metadata = app
        .settings
        .url(&format!("/.well-known/oauth-protected-resource{path}"));
    let mut text = format!("Bearer resource_metadata=\"{metadata}\", scope=\"{}\"", scope.as_str());
    if let Some(error) = error {
        // RFC 6750 §3: the description may hold no quotes, backslashes or anything beyond ASCII.
        let is_plain = |c: &char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
        let description: String = description.chars().filter(is_plain).collect();
        text.push_str(&format!(", error=\"{error}\", error_description=\"{description}\""));
    }
    match HeaderValue::from_str(&text) {
        Ok(value) => drop(answer.headers_mut().insert(WWW_AUTHENTICATE, value)),
        Err(error) => tracing::error!(%error, "the public address cannot stand in a header"),
    }
    answer
}

fn plain(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        axum::Json(json!({ "error": error, "error_description": description })),
    )
        .into_response()
}
