//! Connections: one Microsoft account's grant through an integration, for one person.

use super::db::on;
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result, noted_lately};
use crate::caller::{ConnectionId, EnvironmentId, IntegrationId, PersonId};
use crate::clock::Timestamp;

/// Whether a connection works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Connected,
    /// Microsoft did not answer the last refresh; still trying.
    Degraded,
    /// Only the person can mend it, by signing in again.
    NeedsReconnect,
    /// Disconnected by the person or an administrator.
    Revoked,
}

impl State {
    /// The stored word, which is also the one shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Degraded => "degraded",
            Self::NeedsReconnect => "needs_reconnect",
            Self::Revoked => "revoked",
        }
    }
}

row! {
    /// One connection.
    #[derive(Clone, Debug)]
    pub struct Connection {
        pub id: ConnectionId,
        pub environment_id: EnvironmentId,
        pub integration_id: IntegrationId,
        pub person_id: PersonId,
        pub state: String,
        /// Microsoft's `tid` and `oid`: who the account is.
        pub tenant_id: String,
        pub object_id: String,
        pub account_name: String,
        /// For display and `login_hint` only.
        pub account_username: String,
        /// Granted delegated permissions, space-separated short names.
        pub scopes: String,
        pub access_sealed: Option<Vec<u8>>,
        pub refresh_sealed: Option<Vec<u8>>,
        pub access_expires_at: Timestamp,
        pub refresh_after: Timestamp,
        /// Rises with every change of the tokens: the fence of concurrent refreshes.
        pub generation: i64,
        /// The replica that is refreshing; absent while a lease in the future only means "not before".
        pub lease_owner: Option<String>,
        pub lease_until: Timestamp,
        pub failures: i64,
        pub reason: Option<String>,
        pub reason_code: Option<String>,
        pub claims: Option<String>,
        pub connected_at: Timestamp,
        pub refreshed_at: Timestamp,
        pub used_at: Option<Timestamp>,
    }
}

impl Connection {
    /// The state; an unknown stored word needs a new sign-in.
    pub fn state(&self) -> State {
        match self.state.as_str() {
            "connected" => State::Connected,
            "degraded" => State::Degraded,
            "revoked" => State::Revoked,
            _ => State::NeedsReconnect,
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, integration_id, person_id, state, tenant_id, object_id, account_name, account_username, scopes, access_sealed, refresh_sealed, access_expires_at, refresh_after, generation, lease_owner, lease_until, failures, reason, reason_code, claims, connected_at, refreshed_at, used_at FROM connections ",
            $rest
        )
    };
}
pub(super) use select;

/// Stores a fresh sign-in: a new connection, or new tokens for the existing one of the same person and integration.
///
/// The identifier of an existing row is kept, so `it.id` is only used for a new one; the row's identifier is returned.
/// Tokens were sealed for the row `it.id`, so the caller must look for an existing row first.
pub async fn save_connected(db: &Db, it: &Connection) -> Result<ConnectionId> {
    Ok(on!(db, pool => sqlx::query_scalar(
        "INSERT INTO connections (id, environment_id, integration_id, person_id, state, tenant_id, object_id, account_name, account_username, scopes,
                access_sealed, refresh_sealed, access_expires_at, refresh_after, generation, lease_until, failures, connected_at, refreshed_at)
         VALUES ($1, $2, $3, $4, 'connected', $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, 0, 0, $14, $14)
         ON CONFLICT (integration_id, person_id) DO UPDATE SET
                state = 'connected', tenant_id = excluded.tenant_id, object_id = excluded.object_id, account_name = excluded.account_name,
                account_username = excluded.account_username, scopes = excluded.scopes, access_sealed = excluded.access_sealed,
                refresh_sealed = excluded.refresh_sealed, access_expires_at = excluded.access_expires_at, refresh_after = excluded.refresh_after,
                generation = connections.generation + 1, lease_until = 0, lease_owner = NULL, failures = 0, reason = NULL, reason_code = NULL, claims = NULL,
                connected_at = excluded.connected_at, refreshed_at = excluded.refreshed_at
         RETURNING id")
        .bind(&it.id).bind(&it.environment_id).bind(&it.integration_id).bind(&it.person_id).bind(&it.tenant_id).bind(&it.object_id)
        .bind(&it.account_name).bind(&it.account_username).bind(&it.scopes).bind(&it.access_sealed).bind(&it.refresh_sealed)
        .bind(it.access_expires_at).bind(it.refresh_after).bind(it.connected_at)
        .fetch_one(pool).await)?)
}

/// Finds by identifier.
pub async fn find(db: &Db, id: &ConnectionId) -> Result<Option<Connection>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?)
}

/// A person's connections, the one of the oldest integration first; one for each integration, at most a hundred.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<Connection>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE person_id = $1 ORDER BY connected_at, id LIMIT 100")).bind(person).fetch_all(pool).await)?,
    )
}

/// The reason code of connections that ended because their integration became another registration.
pub const MOVED: &str = "moved";

/// Who has this Microsoft account connected, through whichever integration.
pub async fn person_of_account(
    db: &Db,
    environment: &EnvironmentId,
    tenant: &str,
    object: &str,
) -> Result<Option<PersonId>> {
    Ok(on!(db, pool => sqlx::query_scalar(
        "SELECT person_id FROM connections WHERE environment_id = $1 AND object_id = $3 AND tenant_id = $2 AND state <> 'revoked' ORDER BY connected_at LIMIT 1")
        .bind(environment).bind(tenant).bind(object).fetch_optional(pool).await)?)
}

/// A person's connection through one integration.
pub async fn find_of(db: &Db, person: &PersonId, integration: &IntegrationId) -> Result<Option<Connection>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE person_id = $1 AND integration_id = $2")).bind(person).bind(integration).fetch_optional(pool).await)?,
    )
}

row! {
    /// A connection as lists show it: without its tokens.
    #[derive(Clone, Debug)]
    pub struct Listed {
        pub id: ConnectionId,
        pub integration_id: IntegrationId,
        pub person_id: PersonId,
        pub person_name: String,
        pub state: String,
        pub account_name: String,
        pub account_username: String,
        pub scopes: String,
        pub reason: Option<String>,
        pub used_at: Option<Timestamp>,
    }
}

/// How connections are listed.
pub static LIST: List = List {
    columns: "c.id, c.integration_id, c.person_id, p.name AS person_name, c.state, c.account_name, c.account_username, c.scopes, c.reason, c.used_at",
    table: "connections c",
    joined: "JOIN people p ON p.id = c.person_id",
    searched: &["p.name", "p.email", "c.account_name", "c.account_username", "c.id"],
    filters: &[
        Choice {
            word: "living",
            title: "Not disconnected",
            sql: "c.state <> 'revoked'",
        },
        Choice {
            word: "needs_reconnect",
            title: "Needs reconnect",
            sql: "c.state = 'needs_reconnect'",
        },
        Choice {
            word: "degraded",
            title: "Degraded",
            sql: "c.state = 'degraded'",
        },
        Choice {
            word: "revoked",
            title: "Disconnected",
            sql: "c.state = 'revoked'",
        },
    ],
    orders: &[
        Choice {
            word: "newest",
            title: "Newest",
            sql: "c.connected_at DESC, c.id DESC",
        },
        Choice {
            word: "name",
            title: "By person",
            sql: "p.name, c.id",
        },
        Choice {
            word: "used",
            title: "Last used",
            sql: "COALESCE(c.used_at, 0) DESC, c.id",
        },
    ],
};

/// A page of an environment's connections, without those of one person.
pub async fn page(db: &Db, environment: &EnvironmentId, except: &PersonId, wanted: &Wanted) -> Result<Page<Listed>> {
    let conditions = [
        ("c.environment_id = {}", environment.0.as_str().into()),
        ("c.person_id <> {}", except.0.as_str().into()),
    ];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// How many connections of an environment there are in the state of a filter.
pub async fn count(db: &Db, environment: &EnvironmentId, filter: &str, now: Timestamp) -> Result<i64> {
    let conditions = [("c.environment_id = {}", environment.0.as_str().into())];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.count(db, of, filter, now).await
}

/// How many connections of an integration hold tokens, or wait to hold them again.
pub async fn count_of_integration(db: &Db, integration: &IntegrationId) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM connections WHERE integration_id = $1 AND state <> 'revoked'")
        .bind(integration).fetch_one(pool).await)?,
    )
}

/// Disconnects: shreds the tokens and keeps who and when.
pub async fn save_revoked(db: &Db, id: &ConnectionId, reason: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE connections SET state = 'revoked', access_sealed = NULL, refresh_sealed = NULL, generation = generation + 1, lease_until = 0, lease_owner = NULL, reason = $2, reason_code = NULL
         WHERE id = $1 AND state <> 'revoked'")
        .bind(id).bind(reason).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Notes that the connection was used, at most once a minute; `last` is when that was noted before.
pub async fn touch(db: &Db, id: &ConnectionId, last: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if noted_lately(last, now) {
        return Ok(());
    }
    on!(db, pool => sqlx::query("UPDATE connections SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2 - 60000 OR $2 < used_at)")
        .bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}
