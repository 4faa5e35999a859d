//! Small values of the whole installation, and which vault keys it uses.

use super::db::on;
use super::{Db, Result};
use crate::clock::Timestamp;

/// Finds a value by name.
pub async fn find(db: &Db, name: &str) -> Result<Option<String>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT value FROM settings WHERE name = $1").bind(name).fetch_optional(pool).await)?,
    )
}

/// Sets a value.
pub async fn save(db: &Db, name: &str, value: &str) -> Result<()> {
    on!(db, pool => sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name).bind(value).execute(pool).await.map(drop))?;
    Ok(())
}

/// Sets a value only if it is absent; true when this call set it.
pub async fn create(db: &Db, name: &str, value: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name).bind(value).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Removes a value; true when it was there, which only one of several callers sees.
pub async fn take(db: &Db, name: &str, value: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("DELETE FROM settings WHERE name = $1 AND value = $2")
        .bind(name).bind(value).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// The vault keys this database needs, with their check values.
pub async fn vault_keys(db: &Db) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT id, check_value FROM vault_keys ORDER BY created_at").fetch_all(pool).await)?,
    )
}

/// Remembers that a vault key is in use.
pub async fn add_vault_key(db: &Db, id: &str, check_value: &[u8], now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("INSERT INTO vault_keys (id, check_value, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING")
        .bind(id).bind(check_value).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// Forgets a vault key that no row names any more.
pub async fn remove_vault_key(db: &Db, id: &str) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM vault_keys WHERE id = $1").bind(id).execute(pool).await.map(drop))?;
    Ok(())
}
