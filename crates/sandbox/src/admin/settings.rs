//! The clock, the tenant's settings, the refresh mode, the signing keys, and access tokens without a sign-in.

use std::sync::MutexGuard;
use std::sync::PoisonError;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::admin::Refusal;
use crate::admin::Wish;
use crate::entra::RefreshMode;
use crate::entra::SigningKey;
use crate::world::Settings;
use crate::world::World;

/// The largest download that can be asked for.
const MOST_DOWNLOAD_MIB: u64 = 100 * 1024;

/// A change of the clock: first the time, then the move, then the speed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockWish {
    set: Option<Timestamp>,
    set_ms: Option<i64>,
    advance_ms: Option<i64>,
    speed: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModeWish {
    refresh: RefreshMode,
}

/// What a tenant administrator may switch; members left out stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsWish {
    info_functions: Option<bool>,
    execute_queries: Option<bool>,
    principals_read_admin: Option<bool>,
    image_export: Option<bool>,
    streaming_models: Option<bool>,
    download_mib: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysWish {
    /// Withdraw the older keys at once.
    #[serde(default)]
    retire: bool,
}

/// Whose token, and with which permissions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenWish {
    person: String,
    scopes: Vec<String>,
    #[serde(default)]
    lifetime_s: Option<i64>,
}

pub(super) async fn clock(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(shown(&sandbox))
}

pub(super) async fn change_clock(
    State(sandbox): State<Sandbox>,
    Wish(wish): Wish<ClockWish>,
) -> Result<Json<Value>, Refusal> {
    if wish.speed.is_some_and(|speed| !(0.0..=1_000_000.0).contains(&speed)) {
        return Err(Refusal::Bad("speed must be between 0 and 1000000".to_owned()));
    }
    let clock = sandbox.clock();
    if let Some(ms) = wish.set_ms.or_else(|| wish.set.map(Timestamp::as_millisecond)) {
        clock.set(ms);
    }
    if let Some(ms) = wish.advance_ms {
        clock.advance(ms);
    }
    if let Some(speed) = wish.speed {
        clock.set_speed(speed);
    }
    Ok(Json(shown(&sandbox)))
}

pub(super) async fn mode(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "refresh": sandbox.directory().refresh_mode }))
}

pub(super) async fn change_mode(State(sandbox): State<Sandbox>, Wish(wish): Wish<ModeWish>) -> Json<Value> {
    sandbox.directory().refresh_mode = wish.refresh;
    Json(json!({ "refresh": wish.refresh }))
}

pub(super) async fn settings(State(sandbox): State<Sandbox>) -> Json<Settings> {
    Json(world(&sandbox).settings)
}

pub(super) async fn change_settings(
    State(sandbox): State<Sandbox>,
    Wish(wish): Wish<SettingsWish>,
) -> Result<Json<Settings>, Refusal> {
    if wish.download_mib.is_some_and(|mib| mib > MOST_DOWNLOAD_MIB) {
        return Err(Refusal::Bad(format!(
            "download_mib must be at most {MOST_DOWNLOAD_MIB}"
        )));
    }
    let settings = &mut world(&sandbox).settings;
    settings.info_functions = wish.info_functions.unwrap_or(settings.info_functions);
    settings.execute_queries = wish.execute_queries.unwrap_or(settings.execute_queries);
    settings.principals_read_admin = wish.principals_read_admin.unwrap_or(settings.principals_read_admin);
    settings.image_export = wish.image_export.unwrap_or(settings.image_export);
    settings.streaming_models = wish.streaming_models.unwrap_or(settings.streaming_models);
    settings.download_mib = wish.download_mib.unwrap_or(settings.download_mib);
    Ok(Json(*settings))
}

fn world(sandbox: &Sandbox) -> MutexGuard<'_, World> {
    sandbox.world().lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) async fn roll_over(
    State(sandbox): State<Sandbox>,
    Wish(wish): Wish<KeysWish>,
) -> Result<Json<Value>, Refusal> {
    let made = tokio::task::spawn_blocking(SigningKey::generate).await;
    let Ok(Ok(key)) = made else {
        return Err(Refusal::Bad("a new key could not be made".to_owned()));
    };
    let kid = key.kid.clone();
    let mut directory = sandbox.directory();
    directory.keys.roll_over(key);
    if wish.retire {
        directory.keys.retire();
    }
    Ok(Json(json!({ "kid": kid })))
}

pub(super) async fn token(State(sandbox): State<Sandbox>, Wish(wish): Wish<TokenWish>) -> Result<Json<Value>, Refusal> {
    let scopes: Vec<&str> = wish.scopes.iter().map(String::as_str).collect();
    let lifetime_s = wish.lifetime_s.unwrap_or(3600);
    match sandbox.access_token_for(&wish.person, &scopes, lifetime_s) {
        Some(token) => Ok(Json(
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime_s }),
        )),
        None => Err(Refusal::Unknown("person")),
    }
}

fn shown(sandbox: &Sandbox) -> Value {
    let clock = sandbox.clock();
    json!({ "now": clock.now().to_string(), "now_ms": clock.now_ms(), "speed": clock.speed() })
}
