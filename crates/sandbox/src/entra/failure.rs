//! One failure of the pretend Entra ID, as JSON for programs, as a page for people, or as redirect parameters.

use axum::Json;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::aadsts;
use crate::entra::aadsts::Place;
use crate::entra::aadsts::Row;
use crate::page;

/// A failure with its code and what the row of the code cannot know.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    row: Row,
    detail: Option<String>,
    claims: Option<String>,
}

/// The ids and the time that every failure names.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) trace_id: String,
    pub(crate) correlation_id: String,
    timestamp: String,
}

impl Failure {
    /// The plain failure of `code`.
    pub(crate) fn new(code: u32) -> Failure {
        Failure {
            row: aadsts::row(code),
            detail: None,
            claims: None,
        }
    }

    /// The failure of `code`, saying more about this case. A detail must never hold a secret.
    pub(crate) fn about(code: u32, detail: impl Into<String>) -> Failure {
        Failure {
            detail: Some(detail.into()),
            ..Failure::new(code)
        }
    }

    /// The same code under another protocol error, where the endpoint decides the error.
    pub(crate) fn with_error(mut self, error: &'static str) -> Failure {
        self.row.error = error;
        self
    }

    /// Adds claims the client must pass back when the person signs in again.
    pub(crate) fn with_claims(mut self, claims: impl Into<String>) -> Failure {
        self.claims = Some(claims.into());
        self
    }

    /// The failure shows at the client's redirect address.
    pub(crate) fn goes_back(&self) -> bool {
        self.row.place == Place::Redirect
    }

    /// Makes a failure that belongs on a page go back to the client, as a silent request must.
    pub(crate) fn sent_back(mut self) -> Failure {
        self.row.place = Place::Redirect;
        self
    }

    /// The protocol error.
    pub(crate) fn error(&self) -> &'static str {
        self.row.error
    }

    /// The long text with code, ids and time, as clients log it.
    pub(crate) fn description(&self, trace: &Trace) -> String {
        let detail = self
            .detail
            .as_ref()
            .map(|detail| format!(" ({detail})"))
            .unwrap_or_default();
        format!(
            "AADSTS{}: Sandbox: {}{detail}. Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.row.code, self.row.text, trace.trace_id, trace.correlation_id, trace.timestamp
        )
    }

    /// The answer of the token endpoint.
    pub(crate) fn as_json(&self, sandbox: &Sandbox, trace: &Trace) -> Response {
        let mut body = json!({
            "error": self.row.error,
            "error_description": self.description(trace),
            "error_codes": [self.row.code],
            "timestamp": trace.timestamp,
            "trace_id": trace.trace_id,
            "correlation_id": trace.correlation_id,
            "error_uri": format!("{}/error?code={}", sandbox.url(), self.row.code),
        });
        if let Some(suberror) = self.row.suberror {
            body["suberror"] = Value::from(suberror);
        }
        if let Some(claims) = &self.claims {
            body["claims"] = Value::from(claims.as_str());
        }
        (self.token_status(), [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }

    /// The page a person sees when nothing goes back to the client.
    pub(crate) fn as_page(&self, trace: &Trace) -> Response {
        let html = page::render(
            "error.html",
            json!({
                "code": self.row.code,
                "error": self.row.error,
                "text": self.row.text,
                "detail": self.detail,
                "description": self.description(trace),
                "trace_id": trace.trace_id,
                "correlation_id": trace.correlation_id,
                "timestamp": trace.timestamp,
            }),
        );
        (StatusCode::OK, [(CACHE_CONTROL, "no-store")], Html(html)).into_response()
    }

    fn token_status(&self) -> StatusCode {
        match self.row.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl Trace {
    /// The trace of one request: its own id, and the one the client sent along if it is a UUID.
    pub(crate) fn new(sandbox: &Sandbox, request_id: &str, client_request_id: Option<&str>) -> Trace {
        let sent = client_request_id.filter(|id| uuid::Uuid::parse_str(id).is_ok());
        Trace {
            trace_id: request_id.to_owned(),
            correlation_id: sent.map_or_else(|| sandbox.new_id(), str::to_owned),
            timestamp: sandbox.clock().now().strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        }
    }
}
