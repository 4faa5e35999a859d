//! Pretend Power BI REST API.

use axum::Router;

use crate::Sandbox;

/// Everything under `/v1.0/myorg`.
pub fn router(_sandbox: Sandbox) -> Router {
    Router::new()
}
