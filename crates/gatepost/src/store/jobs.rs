//! Periodic jobs: each belongs to whichever replica took it first.

use super::db::on;
use super::{Db, Result};
use crate::clock::Timestamp;

/// Writes down that a job ran, for nobody but the database, which shows by it that it can write.
pub async fn note(db: &Db, name: &str, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("INSERT INTO jobs (name, run_after) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET run_after = excluded.run_after")
        .bind(name).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// Takes the job until `next`; false when another replica has it or it is not due. What is kept beyond `next` was written
/// by a clock that was ahead, and counts for nothing.
pub async fn take(db: &Db, name: &str, now: Timestamp, next: Timestamp) -> Result<bool> {
    let row: Option<i64> = on!(db, pool => sqlx::query_scalar(
        "INSERT INTO jobs (name, run_after) VALUES ($1, $3)
         ON CONFLICT (name) DO UPDATE SET run_after = excluded.run_after WHERE jobs.run_after <= $2 OR excluded.run_after < jobs.run_after RETURNING run_after")
        .bind(name).bind(now).bind(next).fetch_optional(pool).await)?;
    Ok(row.is_some())
}
