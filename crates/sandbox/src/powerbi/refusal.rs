//! Every way the service says no, in the forms it says it.

use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderName;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use serde_json::Value;
use serde_json::json;

use crate::entra::AuthFailure;
use crate::powerbi::answer::JSON;

/// Where the service names its reason when the body is empty.
const ERROR_INFO: HeaderName = HeaderName::from_static("x-powerbi-error-info");

/// One no.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The token was not taken.
    Token(AuthFailure),
    /// Empty body, the reason in a header.
    Bare { status: StatusCode, reason: &'static str },
    /// A code, and words where the service has them.
    Coded {
        status: StatusCode,
        code: &'static str,
        message: Option<String>,
    },
    /// A code with the words nested in details.
    Detailed {
        status: StatusCode,
        code: &'static str,
        details: Vec<(&'static str, String)>,
    },
    /// Too much; come back later.
    Later { seconds: i64, message: String },
}

impl Refusal {
    /// No access to the workspace, whether or not it exists.
    pub(crate) fn no_workspace() -> Refusal {
        Refusal::Bare {
            status: StatusCode::UNAUTHORIZED,
            reason: "GroupNotAccessible",
        }
    }

    /// Seen, but the right is missing.
    pub(crate) fn no_right() -> Refusal {
        Refusal::Bare {
            status: StatusCode::UNAUTHORIZED,
            reason: "PowerBINotAuthorizedException",
        }
    }

    /// The token lacks the scope.
    pub(crate) fn no_scope() -> Refusal {
        Refusal::Bare {
            status: StatusCode::FORBIDDEN,
            reason: "InsufficientScopes",
        }
    }

    /// Not there, or hidden.
    pub(crate) fn not_found() -> Refusal {
        Refusal::Coded {
            status: StatusCode::NOT_FOUND,
            code: "PowerBIEntityNotFound",
            message: None,
        }
    }

    /// The request makes no sense.
    pub(crate) fn bad(message: impl Into<String>) -> Refusal {
        Refusal::coded("InvalidRequest", message)
    }

    /// 400 with a code and words.
    pub(crate) fn coded(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::Coded {
            status: StatusCode::BAD_REQUEST,
            code,
            message: Some(message.into()),
        }
    }

    /// 400 with a code alone.
    pub(crate) fn code(code: &'static str) -> Refusal {
        Refusal::Coded {
            status: StatusCode::BAD_REQUEST,
            code,
            message: None,
        }
    }

    /// Not for service principals.
    pub(crate) fn no_application() -> Refusal {
        let message = "API is not accessible for application".to_owned();
        Refusal::Coded {
            status: StatusCode::FORBIDDEN,
            code: "PowerBINotAuthorizedException",
            message: Some(message),
        }
    }
}

impl From<AuthFailure> for Refusal {
    fn from(failure: AuthFailure) -> Refusal {
        Refusal::Token(failure)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Token(failure) => failure.into_response(),
            Refusal::Bare { status, reason } => (status, [(ERROR_INFO, reason)]).into_response(),
            Refusal::Coded {
                status,
                code,
                message: Some(message),
            } => body(status, &json!({"error": {"code": code, "message": message}})),
            Refusal::Coded {
                status,
                code,
                message: None,
            } => {
                let inner = json!({"code": code, "parameters": {}, "details": [], "exceptionCulprit": 1});
                body(status, &json!({"error": {"code": code, "pbi.error": inner}}))
            }
            Refusal::Detailed { status, code, details } => {
                let detail =
                    |(code, value): &(&str, String)| json!({"code": code, "detail": {"type": 1, "value": value}});
                let details: Vec<Value> = details.iter().map(detail).collect();
                let inner = json!({"code": code, "parameters": {}, "details": details, "exceptionCulprit": 1});
                body(status, &json!({"error": {"code": code, "pbi.error": inner}}))
            }
            Refusal::Later { seconds, message } => {
                let mut response = body(StatusCode::TOO_MANY_REQUESTS, &json!({"message": message}));
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
                response
            }
        }
    }
}

fn body(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, JSON)], value.to_string()).into_response()
}
