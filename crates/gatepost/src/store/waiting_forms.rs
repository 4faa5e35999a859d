//! Forms that wait until whoever sent them has proved once more who they are.

use super::db::on;
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;

/// Of one person; older ones give way.
const MOST_OF_PERSON: i64 = 10;

row! {
    /// One form.
    #[derive(Clone, Debug)]
    pub struct WaitingForm {
        pub id: String,
        pub environment_id: EnvironmentId,
        pub person_id: PersonId,
        /// Where it is to be sent.
        pub path: String,
        /// What was typed, as it was posted.
        pub fields_sealed: Vec<u8>,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
    }
}

/// Keeps a form.
pub async fn create(db: &Db, it: &WaitingForm) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM waiting_forms WHERE person_id = $1 AND id NOT IN (SELECT id FROM waiting_forms WHERE person_id = $1 ORDER BY created_at DESC, id LIMIT $2)")
        .bind(&it.person_id).bind(MOST_OF_PERSON - 1).execute(pool).await.map(drop))?;
    on!(db, pool => sqlx::query("INSERT INTO waiting_forms (id, environment_id, person_id, path, fields_sealed, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.person_id).bind(&it.path).bind(&it.fields_sealed).bind(it.created_at).bind(it.expires_at)
        .execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds a person's own form that still waits.
pub async fn find(db: &Db, id: &str, person: &PersonId, now: Timestamp) -> Result<Option<WaitingForm>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, person_id, path, fields_sealed, created_at, expires_at FROM waiting_forms WHERE id = $1 AND person_id = $2 AND $3 < expires_at")
        .bind(id).bind(person).bind(now).fetch_optional(pool).await)?)
}

/// Removes forms that waited too long.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM waiting_forms WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
