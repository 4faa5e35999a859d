//! Copies of the database, and what must end when an older one is put back.

use std::path::Path;

use super::db::{on, within};
use super::{Db, Result};
use crate::clock::Timestamp;

/// Writes a whole, consistent copy of an SQLite database to `file`, which must not exist, while others use the database.
/// False for PostgreSQL, which has tools of its own.
pub async fn copy_to(db: &Db, file: &Path) -> Result<bool> {
    let Db::Sqlite(pool) = db else { return Ok(false) };
    let file = file.to_string_lossy().into_owned();
    // On a connection of its own, because this takes as long as it takes.
    let mut held = pool.acquire().await?;
    sqlx::query("VACUUM INTO $1").bind(file).execute(&mut *held).await?;
    Ok(true)
}

/// What SQLite finds broken in the file; nothing in a sound one, and nothing is looked for in PostgreSQL.
pub async fn damage(db: &Db) -> Result<Option<String>> {
    let Db::Sqlite(pool) = db else { return Ok(None) };
    let mut held = pool.acquire().await?;
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *held)
        .await?;
    Ok((found != "ok").then_some(found))
}

/// Ends everything that was ended or used up after the copy was made and would live again: tokens, codes, sessions,
/// sign-ins under way, grants, API keys and approvals. Connections to Microsoft stay. Gives the number of API keys that ended.
pub async fn end_access(db: &Db, now: Timestamp) -> Result<u64> {
    let mut tx = db.begin().await?;
    for statement in [
        "DELETE FROM tokens",
        "DELETE FROM sessions",
        "DELETE FROM flows",
        "DELETE FROM openid_flows",
        "DELETE FROM waiting_forms",
        "DELETE FROM invitations",
        "DELETE FROM mcp_tasks",
        "UPDATE approvals SET state = 'expired' WHERE state IN ('pending', 'approved')",
    ] {
        within!(&mut tx, connection => sqlx::query(statement).execute(connection).await.map(drop))?;
    }
    within!(&mut tx, connection => sqlx::query("UPDATE grants SET revoked_at = $1, revoked_reason = 'restored' WHERE revoked_at IS NULL")
        .bind(now).execute(connection).await.map(drop))?;
    let keys = within!(&mut tx, connection => sqlx::query("UPDATE api_keys SET revoked_at = $1 WHERE revoked_at IS NULL")
        .bind(now).execute(connection).await.map(|it| it.rows_affected()))?;
    tx.commit().await?;
    Ok(keys)
}

/// Whether the database answers to writing, so that a restore does not end half way.
pub async fn is_writable(db: &Db) -> bool {
    on!(db, pool => sqlx::query("UPDATE audit_head SET seq = seq").execute(pool).await.is_ok())
}
