//! The clock, the refresh mode, the signing keys, and access tokens without a sign-in.

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
