//! OAuth clients of ours: Claude, Cursor and the like.

use super::db::on;
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result};
use crate::caller::{ClientId, EnvironmentId};
use crate::clock::Timestamp;

row! {
    /// One client.
    #[derive(Clone, Debug)]
    pub struct Client {
        pub id: ClientId,
        /// `dynamic` (RFC 7591), `published` (described at the address that is its id) or `entered` (by an administrator).
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
        /// The environment an entered client belongs to.
        pub environment_id: Option<EnvironmentId>,
        pub created_by: Option<String>,
    }
}

row! {
    /// A client as one environment's administrators see it.
    #[derive(Clone, Debug)]
    pub struct Known with client: Client {
        pub locked_at: Option<Timestamp>,
        /// Living consents in this environment.
        pub grants: i64,
    }
}

impl Client {
    /// The registered redirect addresses.
    pub fn redirects(&self) -> Vec<String> {
        serde_json::from_str(&self.redirect_uris).unwrap_or_default()
    }

    /// Whether this service may ask what any token of its environment allows, as a resource server does.
    pub fn may_introspect(&self) -> bool {
        let metadata: serde_json::Value = serde_json::from_str(&self.metadata).unwrap_or_default();
        self.kind == "entered" && metadata["introspects"] == true
    }
}

macro_rules! columns {
    () => {
        "c.id, c.kind, c.name, c.redirect_uris, c.secret_hash, c.auth_method, c.application_type, c.metadata, c.created_at, c.used_at, c.expires_at, c.environment_id, c.created_by"
    };
}

const INSERT: &str = "INSERT INTO clients (id, kind, name, redirect_uris, secret_hash, auth_method, application_type, metadata, created_at, expires_at, environment_id, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

macro_rules! insert {
    ($text:expr, $it:expr) => {
        sqlx::query($text)
            .bind(&$it.id)
            .bind(&$it.kind)
            .bind(&$it.name)
            .bind(&$it.redirect_uris)
            .bind(&$it.secret_hash)
            .bind(&$it.auth_method)
            .bind(&$it.application_type)
            .bind(&$it.metadata)
            .bind($it.created_at)
            .bind($it.expires_at)
            .bind(&$it.environment_id)
            .bind(&$it.created_by)
    };
}

/// Adds a client.
pub async fn create(db: &Db, it: &Client) -> Result<()> {
    on!(db, pool => insert!(INSERT, it).execute(pool).await.map(drop))?;
    Ok(())
}

/// Stores a published client as it describes itself now.
pub async fn save_published(db: &Db, it: &Client) -> Result<()> {
    const SAVE: &str = "INSERT INTO clients (id, kind, name, redirect_uris, secret_hash, auth_method, application_type, metadata, created_at, expires_at, environment_id, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, redirect_uris = excluded.redirect_uris WHERE clients.kind = 'published'";
    on!(db, pool => insert!(SAVE, it).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds a client that has not expired.
pub async fn find(db: &Db, id: &ClientId, now: Timestamp) -> Result<Option<Client>> {
    Ok(on!(db, pool => sqlx::query_as(
        concat!("SELECT ", columns!(), " FROM clients c WHERE c.id = $1 AND (c.expires_at IS NULL OR $2 < c.expires_at)"))
        .bind(id).bind(now).fetch_optional(pool).await)?)
}

macro_rules! known {
    ($rest:literal) => {
        concat!(
            "SELECT ", columns!(), ", l.locked_at, (SELECT COUNT(*) FROM grants g WHERE g.client_id = c.id AND g.environment_id = $1 AND g.revoked_at IS NULL) AS grants
             FROM clients c LEFT JOIN client_locks l ON l.client_id = c.id AND l.environment_id = $1
             WHERE (c.environment_id = $1 OR EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.environment_id = $1)) ",
            $rest
        )
    };
}

/// How clients are listed.
pub static LIST: List = List {
    columns: concat!(
        columns!(),
        ", l.locked_at, (SELECT COUNT(*) FROM grants g WHERE g.client_id = c.id AND g.environment_id = {environment} AND g.revoked_at IS NULL) AS grants"
    ),
    table: "clients c",
    joined: "LEFT JOIN client_locks l ON l.client_id = c.id AND l.environment_id = {environment}",
    searched: &["c.name", "c.id"],
    filters: &[
        Choice {
            word: "locked",
            title: "Locked",
            sql: "EXISTS (SELECT 1 FROM client_locks k WHERE k.client_id = c.id AND k.environment_id = {environment})",
        },
        Choice {
            word: "entered",
            title: "Entered by hand",
            sql: "c.kind = 'entered'",
        },
        Choice {
            word: "published",
            title: "Describing themselves",
            sql: "c.kind = 'published'",
        },
        Choice {
            word: "dynamic",
            title: "Registered by themselves",
            sql: "c.kind = 'dynamic'",
        },
    ],
    orders: &[
        Choice {
            word: "name",
            title: "By name",
            sql: "lower(c.name), c.id",
        },
        Choice {
            word: "used",
            title: "Last used",
            sql: "COALESCE(c.used_at, 0) DESC, c.id",
        },
        Choice {
            word: "newest",
            title: "Newest",
            sql: "c.created_at DESC, c.id",
        },
    ],
};

/// A page of the clients entered for an environment, and of those that somebody in it has consented to.
pub async fn page(db: &Db, environment: &EnvironmentId, wanted: &Wanted) -> Result<Page<Known>> {
    let conditions = [(
        "(c.environment_id = {} OR EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.environment_id = {}))",
        environment.0.as_str().into(),
    )];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// One of an environment's clients.
pub async fn find_known(db: &Db, environment: &EnvironmentId, id: &ClientId) -> Result<Option<Known>> {
    Ok(on!(db, pool => sqlx::query_as(known!("AND c.id = $2")).bind(environment).bind(id).fetch_optional(pool).await)?)
}

/// Whether an environment's administrators have locked a client.
pub async fn is_locked(db: &Db, environment: &EnvironmentId, id: &ClientId) -> Result<bool> {
    let locked: Option<i64> = on!(db, pool => sqlx::query_scalar("SELECT locked_at FROM client_locks WHERE environment_id = $1 AND client_id = $2")
        .bind(environment).bind(id).fetch_optional(pool).await)?;
    Ok(locked.is_some())
}

/// Locks a client out of an environment; effective on its next request.
pub async fn lock(db: &Db, environment: &EnvironmentId, id: &ClientId, now: Timestamp, by: &str) -> Result<()> {
    on!(db, pool => sqlx::query("INSERT INTO client_locks (environment_id, client_id, locked_at, locked_by) VALUES ($1, $2, $3, $4) ON CONFLICT (environment_id, client_id) DO NOTHING")
        .bind(environment).bind(id).bind(now).bind(by).execute(pool).await.map(drop))?;
    Ok(())
}

/// Lets a client in again.
pub async fn unlock(db: &Db, environment: &EnvironmentId, id: &ClientId) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM client_locks WHERE environment_id = $1 AND client_id = $2").bind(environment).bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// Replaces the secret of an entered client; false when there is no such client.
pub async fn save_secret(db: &Db, environment: &EnvironmentId, id: &ClientId, hash: &[u8]) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE clients SET secret_hash = $3 WHERE environment_id = $1 AND id = $2 AND secret_hash IS NOT NULL")
        .bind(environment).bind(id).bind(hash).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Deletes an entered client with every consent to it; false when there is no such client.
pub async fn delete(db: &Db, environment: &EnvironmentId, id: &ClientId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("DELETE FROM clients WHERE environment_id = $1 AND id = $2").bind(environment).bind(id).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Notes a first use, which keeps the client from expiring.
pub async fn touch(db: &Db, id: &ClientId, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE clients SET used_at = $2, expires_at = NULL WHERE id = $1").bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// How many registered clients nobody has used yet.
pub async fn count_unused(db: &Db) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM clients WHERE used_at IS NULL AND kind = 'dynamic'").fetch_one(pool).await)?,
    )
}

/// Removes up to `most` clients, the oldest first, that registered before `before` and were never used.
pub async fn forget_unused(db: &Db, before: Timestamp, most: i64) -> Result<u64> {
    Ok(on!(db, pool => sqlx::query(
        "DELETE FROM clients WHERE id IN (SELECT id FROM clients WHERE used_at IS NULL AND kind = 'dynamic' AND created_at < $1 ORDER BY created_at LIMIT $2)")
        .bind(before).bind(most).execute(pool).await.map(|it| it.rows_affected()))?)
}

/// Removes clients that nobody used in time.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM clients WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
