//! Integrations: Entra app registrations entered for an environment.

use super::db::{on, within};
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, IntegrationId};
use crate::clock::Timestamp;

row! {
    /// One registration. Its secret is sealed and never leaves this row in the clear.
    #[derive(Clone, Debug)]
    pub struct Integration {
        pub id: IntegrationId,
        pub environment_id: EnvironmentId,
        pub name: String,
        /// A cloud's id: one of Microsoft's or of the settings. Older versions stored JSON of typed addresses, which counts no more.
        pub cloud: String,
        /// As the administrator typed it.
        pub tenant: String,
        pub client_id: String,
        pub secret_sealed: Vec<u8>,
        /// The first three characters, as Entra's own list shows them.
        pub secret_hint: String,
        pub secret_expires_at: Option<Timestamp>,
        /// `ok` or `broken`.
        pub state: String,
        pub state_code: Option<String>,
        pub state_reason: Option<String>,
        /// When a broken registration may be tried once more without an edit.
        pub retry_at: Option<Timestamp>,
        pub created_at: Timestamp,
        pub updated_at: Timestamp,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, name, cloud, tenant, client_id, secret_sealed, secret_hint, secret_expires_at, state, state_code, state_reason, retry_at, created_at, updated_at FROM integrations ",
            $rest
        )
    };
}

/// Adds a registration.
pub async fn create(db: &Db, it: &Integration) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO integrations (id, environment_id, name, cloud, tenant, client_id, secret_sealed, secret_hint, secret_expires_at, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.name).bind(&it.cloud).bind(&it.tenant).bind(&it.client_id).bind(&it.secret_sealed)
        .bind(&it.secret_hint).bind(it.secret_expires_at).bind(&it.state).bind(it.created_at).bind(it.updated_at)
        .execute(pool).await.map(drop))?;
    Ok(())
}

const SAVE: &str = "UPDATE integrations SET name = $2, cloud = $3, tenant = $4, client_id = $5, secret_sealed = $6, secret_hint = $7, secret_expires_at = $8,
            state = 'ok', state_code = NULL, state_reason = NULL, retry_at = NULL, updated_at = $9 WHERE id = $1";

macro_rules! save {
    ($it:expr) => {
        sqlx::query(SAVE)
            .bind(&$it.id)
            .bind(&$it.name)
            .bind(&$it.cloud)
            .bind(&$it.tenant)
            .bind(&$it.client_id)
            .bind(&$it.secret_sealed)
            .bind(&$it.secret_hint)
            .bind($it.secret_expires_at)
            .bind($it.updated_at)
    };
}

/// Saves an edited registration and clears its fault, so that its connections resume.
pub async fn save(db: &Db, it: &Integration) -> Result<()> {
    on!(db, pool => save!(it).execute(pool).await.map(drop))?;
    Ok(())
}

/// Saves what is another registration now, and ends the connections of the one before: their tokens are shredded in the same
/// transaction, so that none is ever beside addresses it was not given for. How many connections ended.
pub async fn save_moved(db: &Db, it: &Integration, reason: &str) -> Result<u64> {
    let mut tx = db.begin().await?;
    within!(&mut tx, connection => save!(it).execute(connection).await.map(drop))?;
    let ended = within!(&mut tx, connection => sqlx::query(
        "UPDATE connections SET state = 'revoked', access_sealed = NULL, refresh_sealed = NULL, generation = generation + 1, lease_until = 0,
                lease_owner = NULL, claims = NULL, reason = $2, reason_code = $3
         WHERE integration_id = $1 AND state <> 'revoked'")
        .bind(&it.id).bind(reason).bind(super::connections::MOVED).execute(connection).await.map(|it| it.rows_affected()))?;
    tx.commit().await?;
    Ok(ended)
}

/// Finds by identifier.
pub async fn find(db: &Db, id: &IntegrationId) -> Result<Option<Integration>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?)
}

row! {
    /// A registration as lists show it.
    #[derive(Clone, Debug)]
    pub struct Listed with integration: Integration {
        /// Connections that are not disconnected.
        pub connections: i64,
    }
}

/// How registrations are listed.
pub static LIST: List = List {
    columns: "i.id, i.environment_id, i.name, i.cloud, i.tenant, i.client_id, i.secret_sealed, i.secret_hint, i.secret_expires_at, i.state, i.state_code, i.state_reason, i.retry_at, i.created_at, i.updated_at,
        (SELECT COUNT(*) FROM connections c WHERE c.integration_id = i.id AND c.state <> 'revoked') AS connections",
    table: "integrations i",
    joined: "",
    searched: &["i.name", "i.client_id", "i.tenant", "i.id"],
    filters: &[Choice {
        word: "broken",
        title: "Broken",
        sql: "i.state <> 'ok'",
    }],
    orders: &[
        Choice {
            word: "oldest",
            title: "Oldest",
            sql: "i.created_at, i.id",
        },
        Choice {
            word: "name",
            title: "By name",
            sql: "lower(i.name), i.id",
        },
    ],
};

/// A page of an environment's registrations.
pub async fn page(db: &Db, environment: &EnvironmentId, wanted: &Wanted) -> Result<Page<Listed>> {
    let conditions = [("i.environment_id = {}", environment.0.as_str().into())];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// The registrations of an environment, oldest first, at most a hundred: the first one is the default.
pub async fn list(db: &Db, environment: &EnvironmentId) -> Result<Vec<Integration>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE environment_id = $1 ORDER BY created_at, id LIMIT 100")).bind(environment).fetch_all(pool).await)?,
    )
}

/// Notes that Microsoft refuses the registration itself; connections stay as they are.
pub async fn save_broken(db: &Db, id: &IntegrationId, code: &str, reason: &str, retry_at: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE integrations SET state = 'broken', state_code = $2, state_reason = $3, retry_at = $4 WHERE id = $1")
        .bind(id).bind(code).bind(reason).bind(retry_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Notes that the registration works again.
pub async fn save_ok(db: &Db, id: &IntegrationId) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE integrations SET state = 'ok', state_code = NULL, state_reason = NULL, retry_at = NULL WHERE id = $1 AND state <> 'ok'")
        .bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// Deletes a registration with all its connections.
pub async fn delete(db: &Db, environment: &EnvironmentId, id: &IntegrationId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("DELETE FROM integrations WHERE id = $1 AND environment_id = $2")
        .bind(id).bind(environment).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}
