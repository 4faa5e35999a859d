//! Settings that every gateway on one database must share: what the last one started with is kept, and a difference is said.

use serde_json::{Map, Value, json};

use super::App;
use crate::config::Settings;
use crate::store::{self, Db, settings};

const ROW: &str = "settings_of_gateways";

/// What two gateways may not see differently, because one goes on with what the other began or records what the other hides.
const SHARED: &[&str] = &[
    "public_url",
    "masked_fields",
    "session_idle_minutes",
    "session_hours",
    "access_token_minutes",
    "refresh_token_days",
    "code_seconds",
    "approval_hours",
    "keep_alive_days",
    "token_refreshes_per_minute",
    "registrations_per_hour",
    "unused_client_days",
    "clouds",
];

fn shared(settings: &Settings) -> Map<String, Value> {
    let all = serde_json::to_value(settings).unwrap_or_default();
    SHARED
        .iter()
        .map(|name| ((*name).to_owned(), all[*name].clone()))
        .collect()
}

/// How these settings differ from those with which another gateway started last; one line each.
pub async fn differences(db: &Db, settings: &Settings) -> store::Result<Vec<String>> {
    let kept = settings::find(db, ROW).await?.unwrap_or_default();
    let Ok(Value::Object(kept)) = serde_json::from_str(&kept) else {
        return Ok(Vec::new());
    };
    let differs = |name: &str, here: &Value| match kept.get(name) {
        Some(there) if there != here => Some(format!(
            "{name} is {here} here and {there} at the gateway that started last on this database; gateways that share a database must agree"
        )),
        _ => None,
    };
    Ok(shared(settings)
        .iter()
        .filter_map(|(name, here)| differs(name, here))
        .collect())
}

impl App {
    /// Says how the settings differ from those of others, and keeps them for those that start later.
    pub async fn announce_settings(&self) -> store::Result<()> {
        for line in differences(&self.db, &self.settings).await? {
            tracing::warn!("{line}");
        }
        let mine = Value::Object(shared(&self.settings));
        settings::save(&self.db, ROW, &json!(mine).to_string()).await
    }
}
