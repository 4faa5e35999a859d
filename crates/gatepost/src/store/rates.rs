//! Rate budgets that replicas share: text that SQL does not look into, changed only by whoever saw its last version.

use super::db::on;
use super::{Db, Result};
use crate::clock::Timestamp;

/// The version and state of a budget, if there is one.
pub async fn find(db: &Db, key: &str) -> Result<Option<(i64, String)>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT version, state FROM rate_budgets WHERE key = $1").bind(key).fetch_optional(pool).await)?,
    )
}

/// Stores a budget that was not there when it was looked for; false when it is there now.
pub async fn create(db: &Db, key: &str, state: &str, expires_at: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "INSERT INTO rate_budgets (key, version, state, expires_at) VALUES ($1, 1, $2, $3) ON CONFLICT (key) DO NOTHING")
        .bind(key).bind(state).bind(expires_at).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Stores a changed budget, if it is still at `version`; false when somebody else changed it.
pub async fn save(db: &Db, key: &str, version: i64, state: &str, expires_at: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE rate_budgets SET version = version + 1, state = $3, expires_at = $4 WHERE key = $1 AND version = $2")
        .bind(key).bind(version).bind(state).bind(expires_at).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Removes budgets of which nothing counts any more.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM rate_budgets WHERE expires_at <= $1").bind(now).execute(pool).await.map(drop))?;
    Ok(())
}
