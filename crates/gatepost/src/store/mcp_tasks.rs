//! Calls of tools that go on after they were answered: each belongs to one person, through one client, for a time.

use super::db::on;
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One such call.
    #[derive(Clone, Debug)]
    pub struct Task {
        pub id: String,
        pub environment_id: EnvironmentId,
        pub person_id: PersonId,
        /// Through what it was asked.
        pub client: String,
        pub tool: String,
        /// `working`, `completed`, `failed` or `cancelled`.
        pub status: String,
        /// How far it is, in words.
        pub message: String,
        /// What it came to, sealed.
        pub outcome_sealed: Option<Vec<u8>>,
        pub created_at: Timestamp,
        /// When its worker last gave a sign of life, or when it ended.
        pub updated_at: Timestamp,
        pub expires_at: Timestamp,
    }
}

/// Whose a task is.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    pub environment: &'a EnvironmentId,
    pub person: &'a PersonId,
    pub client: &'a str,
}

/// Stores a task that begins; false when its person has `most` under way already.
pub async fn insert(db: &Db, it: &Task, most: i64) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "INSERT INTO mcp_tasks (id, environment_id, person_id, client, tool, status, message, created_at, updated_at, expires_at)
         SELECT $1, $2, $3, $4, $5, 'working', $6, $7, $7, $8
         WHERE (SELECT COUNT(*) FROM mcp_tasks WHERE person_id = $3 AND status = 'working' AND $7 < expires_at) < $9")
        .bind(&it.id).bind(&it.environment_id).bind(&it.person_id).bind(&it.client).bind(&it.tool).bind(&it.message)
        .bind(it.created_at).bind(it.expires_at).bind(most).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Finds a task of this owner that is not over its time.
pub async fn find(db: &Db, owner: Owner<'_>, id: &str, now: Timestamp) -> Result<Option<Task>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, person_id, client, tool, status, message, outcome_sealed, created_at, updated_at, expires_at
         FROM mcp_tasks WHERE id = $1 AND environment_id = $2 AND person_id = $3 AND client = $4 AND $5 < expires_at")
        .bind(id).bind(owner.environment).bind(owner.person).bind(owner.client).bind(now).fetch_optional(pool).await)?)
}

/// Says that its worker is alive and how far it is; false when the task is not under way any more.
pub async fn touch(db: &Db, id: &str, message: &str, now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE mcp_tasks SET updated_at = $2, message = $3 WHERE id = $1 AND status = 'working'")
        .bind(id).bind(now).bind(message).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Ends a task that is under way; what was cancelled stays cancelled.
pub async fn finish(db: &Db, id: &str, status: &str, outcome: &[u8], now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE mcp_tasks SET status = $2, outcome_sealed = $3, updated_at = $4, message = '' WHERE id = $1 AND status = 'working'")
        .bind(id).bind(status).bind(outcome).bind(now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Cancels a task of this owner that is under way.
pub async fn cancel(db: &Db, owner: Owner<'_>, id: &str, now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE mcp_tasks SET status = 'cancelled', updated_at = $5
         WHERE id = $1 AND environment_id = $2 AND person_id = $3 AND client = $4 AND status = 'working'")
        .bind(id).bind(owner.environment).bind(owner.person).bind(owner.client).bind(now)
        .execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Removes what is over its time.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM mcp_tasks WHERE expires_at <= $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
