//! Failed local sign-ins per subject (an account or an address), to slow down guessing.

use super::db::on;
use super::{Db, Result};
use crate::clock::Timestamp;

/// Until when this subject must wait; `None` when it need not.
pub async fn wait_until(db: &Db, subject: &str, now: Timestamp) -> Result<Option<Timestamp>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT until FROM sign_in_failures WHERE subject = $1 AND $2 < until")
        .bind(subject).bind(now).fetch_optional(pool).await)?,
    )
}

/// Counts one failure and gives the number so far.
pub async fn record(db: &Db, subject: &str) -> Result<i64> {
    Ok(on!(db, pool => sqlx::query_scalar(
        "INSERT INTO sign_in_failures (subject, failures, until) VALUES ($1, 1, 0)
         ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failures.failures + 1 RETURNING failures")
        .bind(subject).fetch_one(pool).await)?)
}

/// Makes the subject wait.
pub async fn save_wait(db: &Db, subject: &str, until: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE sign_in_failures SET until = $2 WHERE subject = $1").bind(subject).bind(until).execute(pool).await.map(drop))?;
    Ok(())
}

/// Forgets the failures after a success.
pub async fn clear(db: &Db, subject: &str) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM sign_in_failures WHERE subject = $1").bind(subject).execute(pool).await.map(drop))?;
    Ok(())
}

/// Forgets subjects that have not failed since `before`.
pub async fn forget(db: &Db, before: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM sign_in_failures WHERE until < $1").bind(before).execute(pool).await.map(drop))?;
    Ok(())
}
