//! Registering applications and changing registrations.

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use crate::Sandbox;
use crate::admin::Refusal;
use crate::admin::Wish;
use crate::entra::Application;

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Application>> {
    Json(sandbox.directory().applications.clone())
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    Path(client_id): Path<String>,
) -> Result<Json<Application>, Refusal> {
    let directory = sandbox.directory();
    directory
        .find_application(&client_id)
        .cloned()
        .map(Json)
        .ok_or(Refusal::Unknown("application"))
}

pub(super) async fn register(
    State(sandbox): State<Sandbox>,
    Wish(wish): Wish<Application>,
) -> Result<(StatusCode, Json<Application>), Refusal> {
    sandbox
        .register(wish)
        .map(|application| (StatusCode::CREATED, Json(application)))
        .map_err(Refusal::Bad)
}

/// Replaces the members that are given; a list is replaced as a whole.
pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path(client_id): Path<String>,
    Wish(changes): Wish<serde_json::Map<String, Value>>,
) -> Result<Json<Application>, Refusal> {
    let mut directory = sandbox.directory();
    let known = directory
        .applications
        .iter_mut()
        .find(|application| application.client_id.eq_ignore_ascii_case(&client_id))
        .ok_or(Refusal::Unknown("application"))?;
    let mut merged = serde_json::to_value(&*known).map_err(|error| Refusal::Bad(error.to_string()))?;
    for (name, value) in changes {
        merged[name] = value;
    }
    let mut changed: Application = serde_json::from_value(merged).map_err(|error| Refusal::Bad(error.to_string()))?;
    if let Some(complaint) = changed.complaint() {
        return Err(Refusal::Bad(complaint));
    }
    changed.client_id.clone_from(&known.client_id);
    *known = changed.clone();
    Ok(Json(changed))
}

pub(super) async fn remove(
    State(sandbox): State<Sandbox>,
    Path(client_id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let mut directory = sandbox.directory();
    let before = directory.applications.len();
    directory
        .applications
        .retain(|application| !application.client_id.eq_ignore_ascii_case(&client_id));
    if directory.applications.len() < before {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::Unknown("application"))
    }
}
