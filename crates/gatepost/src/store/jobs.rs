//! Periodic jobs: each belongs to whichever replica took it first.

use super::db::on;
use super::{Db, Result};
use crate::clock::Timestamp;

/// Takes the job until `next`; false when another replica has it or it is not due.
pub async fn take(db: &Db, name: &str, now: Timestamp, next: Timestamp) -> Result<bool> {
    let row: Option<i64> = on!(db, pool => sqlx::query_scalar(
        "INSERT INTO jobs (name, run_after) VALUES ($1, $3)
         ON CONFLICT (name) DO UPDATE SET run_after = excluded.run_after WHERE jobs.run_after <= $2 RETURNING run_after")
        .bind(name).bind(now).bind(next).fetch_optional(pool).await)?;
    Ok(row.is_some())
}
