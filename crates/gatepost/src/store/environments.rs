//! Environments: the isolation boundary.

use super::db::{on, within};
use super::row::row;
use super::{Db, Result, Tx};
use crate::caller::EnvironmentId;
use crate::clock::Timestamp;

row! {
    /// One environment.
    #[derive(Clone, Debug)]
    pub struct Environment {
        pub id: EnvironmentId,
        /// The word in addresses: `/e/{slug}/mcp`.
        pub slug: String,
        pub name: String,
        pub is_default: bool,
        /// JSON: who may join by signing in with Microsoft.
        pub admission: String,
        /// Rises with every change of a policy.
        pub policy_version: i64,
        pub created_at: Timestamp,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, slug, name, is_default, admission, policy_version, created_at FROM environments ",
            $rest
        )
    };
}

/// Adds an environment.
pub async fn create(tx: &mut Tx, it: &Environment) -> Result<()> {
    within!(tx, connection => sqlx::query(
        "INSERT INTO environments (id, slug, name, is_default, admission, policy_version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(&it.id).bind(&it.slug).bind(&it.name).bind(it.is_default).bind(&it.admission).bind(it.policy_version).bind(it.created_at)
        .execute(connection).await.map(drop))?;
    Ok(())
}

/// Every environment, by name.
pub async fn list(db: &Db) -> Result<Vec<Environment>> {
    Ok(on!(db, pool => sqlx::query_as(select!("ORDER BY name, id")).fetch_all(pool).await)?)
}

/// Finds by identifier.
pub async fn find(db: &Db, id: &EnvironmentId) -> Result<Option<Environment>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?)
}

/// Finds by the word in addresses.
pub async fn find_by_slug(db: &Db, slug: &str) -> Result<Option<Environment>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE slug = $1")).bind(slug).fetch_optional(pool).await)?)
}

/// The environment of addresses that name none; absent only before set-up.
pub async fn find_default(db: &Db) -> Result<Option<Environment>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE is_default")).fetch_optional(pool).await)?)
}

/// Changes who may join by signing in with Microsoft.
pub async fn save_admission(db: &Db, id: &EnvironmentId, admission: &str) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE environments SET admission = $2 WHERE id = $1").bind(id).bind(admission).execute(pool).await.map(drop))?;
    Ok(())
}

/// The present policy version, read on every call so that a change holds on every replica at once.
pub async fn policy_version(db: &Db, id: &EnvironmentId) -> Result<Option<i64>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT policy_version FROM environments WHERE id = $1").bind(id).fetch_optional(pool).await)?,
    )
}

/// Changes the name shown to people.
pub async fn rename(db: &Db, id: &EnvironmentId, name: &str) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE environments SET name = $2 WHERE id = $1").bind(id).bind(name).execute(pool).await.map(drop))?;
    Ok(())
}
