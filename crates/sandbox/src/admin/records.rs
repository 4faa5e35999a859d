//! Reading the ledger, and arming and disarming faults.

use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::admin::Refusal;
use crate::admin::Wish;
use crate::faults::Rule;
use crate::ledger::Entry;
use crate::ledger::Filter;

pub(super) async fn ledger(State(sandbox): State<Sandbox>, Query(filter): Query<Filter>) -> Json<Vec<Entry>> {
    Json(sandbox.ledger().entries(&filter))
}

pub(super) async fn clear_ledger(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.ledger().clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn faults(State(sandbox): State<Sandbox>) -> Json<Vec<Rule>> {
    Json(sandbox.faults().armed())
}

pub(super) async fn arm(
    State(sandbox): State<Sandbox>,
    Wish(rule): Wish<Rule>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    match rule.complaint() {
        Some(complaint) => Err(Refusal::Bad(complaint)),
        None => Ok((StatusCode::CREATED, Json(json!({ "id": sandbox.faults().arm(rule) })))),
    }
}

pub(super) async fn disarm(State(sandbox): State<Sandbox>, Path(id): Path<u64>) -> Result<StatusCode, Refusal> {
    if sandbox.faults().disarm(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::Unknown("fault"))
    }
}

pub(super) async fn clear_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.faults().clear();
    StatusCode::NO_CONTENT
}
