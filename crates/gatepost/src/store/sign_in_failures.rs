//! Failed attempts at secrets per subject (an account or an address), to slow down guessing.

use super::db::{on, within};
use super::{Db, Result, Tx};
use crate::clock::Timestamp;

/// How failures of one subject become waits: 1 s after the last free one, then twice as long each time.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// So many failures cost nothing.
    pub free: i64,
    pub most_ms: i64,
}

/// Until when this subject must wait; `None` when it need not. A wait that was stored while the clock was ahead, and
/// so is longer than any could be, counts for nothing.
pub async fn wait_until(db: &Db, subject: &str, waits: Waits, now: Timestamp) -> Result<Option<Timestamp>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT until FROM sign_in_failures WHERE subject = $1 AND $2 < until AND until <= $3")
        .bind(subject).bind(now).bind(now.plus_ms(waits.most_ms)).fetch_optional(pool).await)?,
    )
}

/// Counts one attempt as a failure and gives the number so far; `None`, and nothing is counted, when the subject has
/// to wait. One statement, so that of attempts at once each sees those before it.
pub async fn count(tx: &mut Tx, subject: &str, waits: Waits, now: Timestamp) -> Result<Option<i64>> {
    Ok(within!(tx, connection => sqlx::query_scalar(
        "INSERT INTO sign_in_failures (subject, failures, until) VALUES ($1, 1, $2)
         ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failures.failures + 1,
             until = CASE WHEN sign_in_failures.failures < $4 THEN $2
                          WHEN $4 + 20 < sign_in_failures.failures THEN $3
                          WHEN $3 < $2 + (CAST(1000 AS BIGINT) << CAST(sign_in_failures.failures - $4 AS INTEGER)) THEN $3
                          ELSE $2 + (CAST(1000 AS BIGINT) << CAST(sign_in_failures.failures - $4 AS INTEGER)) END
         WHERE sign_in_failures.until <= $2 OR $3 < sign_in_failures.until
         RETURNING failures")
        .bind(subject).bind(now).bind(now.plus_ms(waits.most_ms)).bind(waits.free).fetch_optional(connection).await)?)
}

/// Takes one counted failure back; its wait too, unless another was counted since.
pub async fn take_back(db: &Db, subject: &str, counted: i64, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query(
        "UPDATE sign_in_failures SET failures = failures - 1, until = CASE WHEN failures = $2 THEN $3 ELSE until END
         WHERE subject = $1 AND 0 < failures")
        .bind(subject).bind(counted).bind(now).execute(pool).await.map(drop))?;
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
