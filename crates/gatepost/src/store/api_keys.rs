//! API keys: of a person, or of an application that names its end user on each call.

use super::db::on;
use super::{Db, Result};
use crate::caller::{ApiKeyId, EnvironmentId, PersonId};
use crate::clock::Timestamp;

/// One key; the key itself is shown once and only its SHA-256 is here.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub environment_id: EnvironmentId,
    pub name: String,
    pub hash: Vec<u8>,
    /// The key's last four characters, to tell keys apart.
    pub hint: String,
    /// Whom the key acts for; absent for an application's key, which names a person on each call.
    pub person_id: Option<PersonId>,
    pub scopes: String,
    pub created_by: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, environment_id, name, hash, hint, person_id, scopes, created_by, created_at, expires_at, used_at, revoked_at FROM api_keys ", $rest)
    };
}

/// Adds a key.
pub async fn create(db: &Db, it: &ApiKey) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO api_keys (id, environment_id, name, hash, hint, person_id, scopes, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.name).bind(&it.hash).bind(&it.hint).bind(&it.person_id).bind(&it.scopes).bind(&it.created_by)
        .bind(it.created_at).bind(it.expires_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds a key by its hash.
pub async fn find_by_hash(db: &Db, hash: &[u8]) -> Result<Option<ApiKey>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE hash = $1")).bind(hash).fetch_optional(pool).await)?)
}

/// The keys of an environment, newest first.
pub async fn list(db: &Db, environment: &EnvironmentId) -> Result<Vec<ApiKey>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE environment_id = $1 ORDER BY created_at DESC, id LIMIT 500")).bind(environment).fetch_all(pool).await)?,
    )
}

/// Whether a key is there, neither revoked nor past its end.
pub async fn is_usable(db: &Db, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
    let found: Option<String> = on!(db, pool => sqlx::query_scalar("SELECT id FROM api_keys WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR $2 < expires_at)")
        .bind(id).bind(now).fetch_optional(pool).await)?;
    Ok(found.is_some())
}

/// Revokes a key of this environment; effective on its next use.
pub async fn revoke(db: &Db, environment: &EnvironmentId, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND environment_id = $2 AND revoked_at IS NULL")
        .bind(id).bind(environment).bind(now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Notes that the key was used, at most once a minute.
pub async fn touch(db: &Db, id: &ApiKeyId, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE api_keys SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2 - 60000)")
        .bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}
