//! OAuth errors as the token, revocation and registration endpoints give them (RFC 6749 §5.2, RFC 7591 §3.2.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::metadata::OPEN;
use crate::audit::Unavailable;
use crate::store;

/// One refusal.
#[derive(Debug, thiserror::Error)]
pub(super) enum OauthError {
    #[error("{0}")]
    InvalidRequest(String),
    /// The client did not prove who it is; `basic` when it tried with HTTP Basic or should have.
    #[error("{0}")]
    InvalidClient(&'static str),
    #[error("{0}")]
    InvalidGrant(&'static str),
    #[error("the scope is wider than what was granted, or unknown")]
    InvalidScope,
    #[error("the resource is not the one the code or token was issued for")]
    InvalidTarget,
    #[error("expected authorization_code or refresh_token")]
    UnsupportedGrantType,
    #[error("{0}")]
    InvalidRedirectUri(String),
    #[error("{0}")]
    InvalidClientMetadata(String),
    #[error("many clients have registered from your network or in all; try again in {} minutes, or ask an administrator of the gateway to enter the client", seconds.div_ceil(60))]
    TooMany { seconds: u64 },
    /// How many seconds the network has to wait.
    #[error("too many wrong secrets came from this address; try again in {0} seconds")]
    TooManyGuesses(u64),
    #[error("{0}")]
    Audit(#[from] Unavailable),
    #[error("{0}")]
    Store(#[from] store::Error),
}

impl OauthError {
    fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidRedirectUri(_) => "invalid_redirect_uri",
            Self::InvalidClientMetadata(_) => "invalid_client_metadata",
            Self::TooMany { .. } | Self::TooManyGuesses(_) => "temporarily_unavailable",
            Self::Audit(_) | Self::Store(_) => "server_error",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidClient(_) => StatusCode::UNAUTHORIZED,
            Self::TooMany { .. } | Self::TooManyGuesses(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Audit(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let description = match &self {
            Self::Audit(_) | Self::Store(_) => {
                tracing::error!(error = %self, "an OAuth request failed");
                "the gateway cannot answer now; try again".to_owned()
            }
            plain => plain.to_string(),
        };
        let body = json!({ "error": self.code(), "error_description": description });
        let mut response = (self.status(), OPEN, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        if let Self::InvalidClient(_) = self {
            // RFC 6749 §5.2: name the scheme a client may use.
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"gatepost\""));
        }
        let retry_after_s = match self {
            Self::TooMany { seconds } => Some(seconds),
            Self::TooManyGuesses(seconds) => Some(seconds),
            _ => None,
        };
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
