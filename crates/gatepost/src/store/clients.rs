//! OAuth clients of ours: Claude, Cursor and the like.

use super::db::on;
use super::{Db, Result};
use crate::caller::ClientId;
use crate::clock::Timestamp;

/// One client.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Client {
    pub id: ClientId,
    /// `dynamic` (RFC 7591).
    pub kind: String,
    /// What the client calls itself; never trusted.
    pub name: String,
    /// JSON array of strings.
    pub redirect_uris: String,
    /// SHA-256 of the client's secret; absent for public clients.
    pub secret_hash: Option<Vec<u8>>,
    pub auth_method: String,
    pub application_type: String,
    /// JSON of the other registered members.
    pub metadata: String,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

impl Client {
    /// The registered redirect addresses.
    pub fn redirects(&self) -> Vec<String> {
        serde_json::from_str(&self.redirect_uris).unwrap_or_default()
    }
}

/// Adds a client.
pub async fn create(db: &Db, it: &Client) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO clients (id, kind, name, redirect_uris, secret_hash, auth_method, application_type, metadata, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(&it.id).bind(&it.kind).bind(&it.name).bind(&it.redirect_uris).bind(&it.secret_hash).bind(&it.auth_method).bind(&it.application_type)
        .bind(&it.metadata).bind(it.created_at).bind(it.expires_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds a client that has not expired.
pub async fn find(db: &Db, id: &ClientId, now: Timestamp) -> Result<Option<Client>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, kind, name, redirect_uris, secret_hash, auth_method, application_type, metadata, created_at, used_at, expires_at
         FROM clients WHERE id = $1 AND (expires_at IS NULL OR $2 < expires_at)")
        .bind(id).bind(now).fetch_optional(pool).await)?)
}

/// Notes a first use, which keeps the client from expiring.
pub async fn touch(db: &Db, id: &ClientId, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE clients SET used_at = $2, expires_at = NULL WHERE id = $1").bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// How many clients registered since `since`.
pub async fn count_since(db: &Db, since: Timestamp) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM clients WHERE $1 <= created_at").bind(since).fetch_one(pool).await)?,
    )
}

/// How many registered clients nobody has used yet.
pub async fn count_unused(db: &Db) -> Result<i64> {
    Ok(on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM clients WHERE used_at IS NULL").fetch_one(pool).await)?)
}

/// Removes clients that nobody used in time.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM clients WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
