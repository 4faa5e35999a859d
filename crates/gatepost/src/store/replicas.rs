//! The processes that run, and those that ended without a word.

use super::db::on;
use super::row::row;
use super::{Db, Result};
use crate::clock::Timestamp;

row! {
    /// One process.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Replica {
        pub id: String,
        pub started_at: Timestamp,
        pub seen_at: Timestamp,
        /// No call that it opened up to this entry is still open.
        pub from_seq: i64,
    }
}

/// Says that a process runs.
pub async fn save(db: &Db, it: &Replica) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO replicas (id, started_at, seen_at, from_seq) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, from_seq = excluded.from_seq")
        .bind(&it.id).bind(it.started_at).bind(it.seen_at).bind(it.from_seq).execute(pool).await.map(drop))?;
    Ok(())
}

/// Other processes than `own` that are gone: on PostgreSQL those last seen before `silent_since`. On SQLite there is never
/// another one, so each is gone.
pub async fn gone(db: &Db, own: &str, silent_since: Timestamp) -> Result<Vec<Replica>> {
    let silent_since = match db {
        Db::Sqlite(_) => Timestamp(i64::MAX),
        Db::Postgres(_) => silent_since,
    };
    Ok(
        on!(db, pool => sqlx::query_as("SELECT id, started_at, seen_at, from_seq FROM replicas WHERE id <> $1 AND seen_at < $2 ORDER BY id LIMIT 100")
        .bind(own).bind(silent_since).fetch_all(pool).await)?,
    )
}

/// Takes a process that is gone; only one of several takers gets true.
pub async fn take(db: &Db, it: &Replica, now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE replicas SET seen_at = $3 WHERE id = $1 AND seen_at = $2")
        .bind(&it.id).bind(it.seen_at).bind(now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Forgets a process.
pub async fn remove(db: &Db, id: &str) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM replicas WHERE id = $1").bind(id).execute(pool).await.map(drop))?;
    Ok(())
}
