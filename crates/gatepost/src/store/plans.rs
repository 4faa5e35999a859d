//! Plans of approvals that an older gateway left in clear.

use super::db::{on, within};
use super::row::row;
use super::{Db, Result};
use crate::caller::{ApprovalId, EnvironmentId};

/// What stands in the place of a sealed plan whose request ended without being sent.
pub const ERASED: &[u8] = &[];

row! {
    /// One plan in clear.
    #[derive(Clone, Debug)]
    pub struct InClear {
        pub id: ApprovalId,
        pub environment_id: EnvironmentId,
        pub plan: String,
    }
}

/// A plan as it is kept from now on.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: ApprovalId,
    pub sealed: Vec<u8>,
    /// What stays in the old column, for gateways of the release before.
    pub left: String,
}

/// Up to `limit` plans that are not sealed yet.
pub async fn in_clear(db: &Db, limit: i64) -> Result<Vec<InClear>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT id, environment_id, plan FROM approvals WHERE plan_sealed IS NULL ORDER BY id LIMIT $1")
        .bind(limit).fetch_all(pool).await)?,
    )
}

/// Puts sealed plans in the place of those in clear. SQLite writes zeros over what was there (`secure_delete`). PostgreSQL
/// has no such thing: `VACUUM FULL approvals` does it there.
pub async fn seal(db: &Db, plans: &[Kept]) -> Result<()> {
    let mut tx = db.begin().await?;
    for it in plans {
        within!(&mut tx, connection => sqlx::query("UPDATE approvals SET plan_sealed = $2, plan = $3 WHERE id = $1 AND plan_sealed IS NULL")
            .bind(&it.id).bind(&it.sealed).bind(&it.left).execute(connection).await.map(drop))?;
    }
    tx.commit().await?;
    if let Db::Sqlite(pool) = db {
        // The log beside the file still holds the pages as they were.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await?;
    }
    Ok(())
}

/// Erases what a release that did not do so left of requests that ended without being sent.
pub async fn erase_ended(db: &Db) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("UPDATE approvals SET plan_sealed = $1 WHERE state IN ('refused', 'expired', 'void', 'taken_back') AND length(plan_sealed) > 0")
        .bind(ERASED).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
