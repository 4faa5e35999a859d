//! Administration of the sandbox itself, under `/sandbox`, and the front page that explains it.

mod applications;
mod consents;
mod goals;
mod home;
mod people;
mod records;
mod settings;

use axum::Json;
use axum::Router;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::delete;
use axum::routing::get;
use axum::routing::patch;
use axum::routing::post;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::Sandbox;

/// Every address of the administration, and the front page.
pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/", get(home::home))
        .route("/sandbox/ledger", get(records::ledger).delete(records::clear_ledger))
        .route(
            "/sandbox/faults",
            get(records::faults).post(records::arm).delete(records::clear_faults),
        )
        .route("/sandbox/faults/{id}", delete(records::disarm))
        .route("/sandbox/clock", get(settings::clock).post(settings::change_clock))
        .route("/sandbox/mode", get(settings::mode).post(settings::change_mode))
        .route(
            "/sandbox/settings",
            get(settings::settings).post(settings::change_settings),
        )
        .route("/sandbox/goals/{goal}", post(goals::connect))
        .route("/sandbox/keys", post(settings::roll_over))
        .route("/sandbox/tokens", post(settings::token))
        .route("/sandbox/apps", get(applications::list).post(applications::register))
        .route(
            "/sandbox/apps/{client_id}",
            get(applications::show)
                .patch(applications::change)
                .delete(applications::remove),
        )
        .route("/sandbox/people", get(people::list).post(people::add))
        .route("/sandbox/people/{person}", patch(people::change).delete(people::remove))
        .route(
            "/sandbox/consents",
            get(consents::list).post(consents::grant).delete(consents::withdraw),
        )
        .with_state(sandbox)
}

/// What an administrator asked for and cannot have.
enum Refusal {
    /// The request makes no sense.
    Bad(String),
    /// There is no such thing.
    Unknown(&'static str),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Refusal::Bad(text) => (StatusCode::BAD_REQUEST, text),
            Refusal::Unknown(what) => (StatusCode::NOT_FOUND, format!("no such {what}")),
        };
        (status, Json(json!({ "error": text }))).into_response()
    }
}

/// A JSON body, whatever content type was declared; a wrong one is refused in words.
struct Wish<T>(T);

impl<T: DeserializeOwned> FromRequest<Sandbox> for Wish<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Sandbox) -> Result<Wish<T>, Refusal> {
        const MAX_BYTES: usize = 1024 * 1024;
        let bytes = axum::body::to_bytes(request.into_body(), MAX_BYTES).await;
        let bytes = bytes.map_err(|_| Refusal::Bad("the body is too long".to_owned()))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text)
            .map(Wish)
            .map_err(|error| Refusal::Bad(error.to_string()))
    }
}
