//! Invitations: links that let one account join an environment.

use super::db::on;
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One invitation; the link's token is known by its SHA-256 only.
    #[derive(Clone, Debug)]
    pub struct Invitation {
        pub id: String,
        pub environment_id: EnvironmentId,
        pub email: String,
        /// Only an account with this very address may use it.
        pub is_exact: bool,
        pub role: String,
        pub token_hash: Vec<u8>,
        pub created_by: String,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
        pub used_at: Option<Timestamp>,
        pub used_by: Option<String>,
        /// Why it ended before it was used, as [`super::ending::Cause`] writes it.
        pub withdrawn_why: Option<String>,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, email, is_exact, role, token_hash, created_by, created_at, expires_at, used_at, used_by, withdrawn_why FROM invitations ",
            $rest
        )
    };
}

/// Adds an invitation.
pub async fn create(db: &Db, it: &Invitation) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO invitations (id, environment_id, email, is_exact, role, token_hash, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.email).bind(it.is_exact).bind(&it.role).bind(&it.token_hash).bind(&it.created_by)
        .bind(it.created_at).bind(it.expires_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds by the link's token, used or not.
pub async fn find_by_token(db: &Db, token_hash: &[u8]) -> Result<Option<Invitation>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE token_hash = $1")).bind(token_hash).fetch_optional(pool).await)?)
}

/// Finds by identifier, used or not.
pub async fn find(db: &Db, id: &str) -> Result<Option<Invitation>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?)
}

/// How open invitations are listed.
pub static LIST: List = List {
    columns: "i.id, i.environment_id, i.email, i.is_exact, i.role, i.token_hash, i.created_by, i.created_at, i.expires_at, i.used_at, i.used_by, i.withdrawn_why",
    table: "invitations i",
    joined: "",
    searched: &["i.email", "i.id"],
    filters: &[],
    orders: &[
        Choice {
            word: "newest",
            title: "Newest",
            sql: "i.created_at DESC, i.id",
        },
        Choice {
            word: "email",
            title: "By e-mail",
            sql: "lower(i.email), i.id",
        },
    ],
};

/// A page of an environment's open invitations.
pub async fn page(db: &Db, environment: &EnvironmentId, wanted: &Wanted) -> Result<Page<Invitation>> {
    let conditions = [
        (
            "i.used_at IS NULL AND i.withdrawn_at IS NULL AND i.environment_id = {}",
            environment.0.as_str().into(),
        ),
        ("i.expires_at > {}", wanted.now.0.into()),
    ];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// Uses an invitation up; of several callers only one gets true.
pub async fn take(db: &Db, id: &str, person: &PersonId, now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE invitations SET used_at = $3, used_by = $2 WHERE id = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND $3 < expires_at")
        .bind(id).bind(person).bind(now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Takes an invitation back; false when there is no open one.
pub async fn delete(db: &Db, environment: &EnvironmentId, id: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("DELETE FROM invitations WHERE environment_id = $1 AND id = $2 AND used_at IS NULL")
        .bind(environment).bind(id).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Removes invitations that were over before `before`.
pub async fn delete_expired(db: &Db, before: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM invitations WHERE expires_at < $1").bind(before).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
