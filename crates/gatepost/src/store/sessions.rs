//! Browser sessions; only the SHA-256 of a session's cookie is stored.

use super::db::on;
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One signed-in browser.
    #[derive(Clone, Debug)]
    pub struct Session {
        pub hash: Vec<u8>,
        pub person_id: PersonId,
        /// `password` or `microsoft`.
        pub method: String,
        pub authenticated_at: Timestamp,
        pub created_at: Timestamp,
        pub seen_at: Timestamp,
        pub expires_at: Timestamp,
        pub address: Option<String>,
        pub user_agent: Option<String>,
    }
}

row! {
    /// A session with the person it belongs to.
    #[derive(Clone, Debug)]
    pub struct SignedIn with session: Session {
        pub environment_id: EnvironmentId,
        pub name: String,
        pub email: Option<String>,
        pub role: String,
        pub locked_at: Option<Timestamp>,
        /// When the person was last noted to be here.
        pub last_seen_at: Option<Timestamp>,
    }
}

/// Adds a session.
pub async fn create(db: &Db, it: &Session) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO sessions (hash, person_id, method, authenticated_at, created_at, seen_at, expires_at, address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(&it.hash).bind(&it.person_id).bind(&it.method).bind(it.authenticated_at).bind(it.created_at).bind(it.seen_at)
        .bind(it.expires_at).bind(&it.address).bind(&it.user_agent).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds a session with its person.
pub async fn find(db: &Db, hash: &[u8]) -> Result<Option<SignedIn>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT s.hash, s.person_id, s.method, s.authenticated_at, s.created_at, s.seen_at, s.expires_at, s.address, s.user_agent,
                p.environment_id, p.name, p.email, p.role, p.locked_at, p.last_seen_at
         FROM sessions s JOIN people p ON p.id = s.person_id WHERE s.hash = $1")
        .bind(hash).fetch_optional(pool).await)?)
}

/// How one person's living sessions are listed.
pub static LIST: List = List {
    columns: "s.hash, s.person_id, s.method, s.authenticated_at, s.created_at, s.seen_at, s.expires_at, s.address, s.user_agent",
    table: "sessions s",
    joined: "",
    searched: &["s.user_agent", "s.address"],
    filters: &[],
    orders: &[Choice {
        word: "newest",
        title: "Newest",
        sql: "s.created_at DESC, s.hash",
    }],
};

/// A page of a person's living sessions.
pub async fn page_of_person(
    db: &Db,
    environment: &EnvironmentId,
    person: &PersonId,
    wanted: &Wanted,
) -> Result<Page<Session>> {
    let conditions = [
        ("s.person_id = {}", person.0.as_str().into()),
        ("s.expires_at > {}", wanted.now.0.into()),
    ];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// How many living sessions a person has.
pub async fn count_of_person(db: &Db, person: &PersonId, now: Timestamp) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE person_id = $1 AND $2 < expires_at").bind(person).bind(now).fetch_one(pool).await)?,
    )
}

/// Notes that the session was used.
pub async fn touch(db: &Db, hash: &[u8], now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE sessions SET seen_at = $2 WHERE hash = $1").bind(hash).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// Ends one session.
pub async fn delete(db: &Db, hash: &[u8]) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(hash).execute(pool).await.map(drop))?;
    Ok(())
}

/// Ends a person's sessions but one; the number ended.
pub async fn delete_others(db: &Db, person: &PersonId, kept: &[u8]) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM sessions WHERE person_id = $1 AND hash <> $2").bind(person).bind(kept).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}

/// Ends every session of a person; the number ended.
pub async fn delete_of_person(db: &Db, person: &PersonId) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM sessions WHERE person_id = $1").bind(person).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}

/// Removes sessions that are over.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM sessions WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
