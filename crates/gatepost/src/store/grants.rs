//! Grants: a person's consent for a client.

use super::db::{on, within};
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result, Tx, noted_lately};
use crate::caller::{ClientId, EnvironmentId, GrantId, IntegrationId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One consent. All codes and tokens that came of it die with it.
    #[derive(Clone, Debug)]
    pub struct Grant {
        pub id: GrantId,
        pub environment_id: EnvironmentId,
        pub person_id: PersonId,
        pub client_id: ClientId,
        pub integration_id: IntegrationId,
        pub scopes: String,
        /// The audience (RFC 8707): the address of one environment's `/mcp` or proxy.
        pub resource: String,
        pub authenticated_at: Timestamp,
        pub created_at: Timestamp,
        pub used_at: Option<Timestamp>,
        pub revoked_at: Option<Timestamp>,
        pub revoked_reason: Option<String>,
    }
}

row! {
    /// A grant with the client's name, for lists.
    #[derive(Clone, Debug)]
    pub struct Named with grant: Grant {
        pub client_name: String,
        pub person_name: String,
    }
}

/// Adds a grant.
pub async fn create(tx: &mut Tx, it: &Grant) -> Result<()> {
    within!(tx, connection => sqlx::query(
        "INSERT INTO grants (id, environment_id, person_id, client_id, integration_id, scopes, resource, authenticated_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.person_id).bind(&it.client_id).bind(&it.integration_id).bind(&it.scopes).bind(&it.resource)
        .bind(it.authenticated_at).bind(it.created_at).execute(connection).await.map(drop))?;
    Ok(())
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.environment_id, g.person_id, g.client_id, g.integration_id, g.scopes, g.resource, g.authenticated_at, g.created_at, g.used_at, g.revoked_at, g.revoked_reason, c.name AS client_name, p.name AS person_name FROM grants g JOIN clients c ON c.id = g.client_id JOIN people p ON p.id = g.person_id ",
            $rest
        )
    };
}

/// Finds by identifier.
pub async fn find(db: &Db, id: &GrantId) -> Result<Option<Named>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE g.id = $1")).bind(id).fetch_optional(pool).await)?)
}

/// How grants are listed.
pub static LIST: List = List {
    columns: "g.id, g.environment_id, g.person_id, g.client_id, g.integration_id, g.scopes, g.resource, g.authenticated_at, g.created_at, g.used_at, g.revoked_at, g.revoked_reason, c.name AS client_name, p.name AS person_name",
    table: "grants g",
    joined: "JOIN clients c ON c.id = g.client_id JOIN people p ON p.id = g.person_id",
    searched: &["p.name", "p.email", "c.name", "c.id", "g.id"],
    filters: &[Choice {
        word: "unused",
        title: "Never used",
        sql: "g.used_at IS NULL",
    }],
    orders: &[
        Choice {
            word: "newest",
            title: "Newest",
            sql: "g.created_at DESC, g.id DESC",
        },
        Choice {
            word: "person",
            title: "By person",
            sql: "p.name, g.id",
        },
        Choice {
            word: "client",
            title: "By client",
            sql: "c.name, g.id",
        },
        Choice {
            word: "used",
            title: "Last used",
            sql: "COALESCE(g.used_at, 0) DESC, g.id",
        },
    ],
};

/// Whose grants are listed.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    Person(&'a PersonId),
    EverybodyBut(&'a PersonId),
    OfClient(&'a ClientId),
}

/// A page of an environment's living grants.
pub async fn page(db: &Db, environment: &EnvironmentId, whose: Whose<'_>, wanted: &Wanted) -> Result<Page<Named>> {
    let whose = match whose {
        Whose::Person(id) => ("g.person_id = {}", id.0.as_str().into()),
        Whose::EverybodyBut(id) => ("g.person_id <> {}", id.0.as_str().into()),
        Whose::OfClient(id) => ("g.client_id = {}", id.0.as_str().into()),
    };
    let conditions = [
        (
            "g.revoked_at IS NULL AND g.environment_id = {}",
            environment.0.as_str().into(),
        ),
        whose,
    ];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// How many clients a person lets act for them.
pub async fn count_of_person(db: &Db, person: &PersonId) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM grants WHERE person_id = $1 AND revoked_at IS NULL").bind(person).fetch_one(pool).await)?,
    )
}

/// Revokes a grant with everything that came of it; false when it was revoked before.
pub async fn revoke(db: &Db, id: &GrantId, now: Timestamp, reason: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE grants SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id).bind(now).bind(reason).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Revokes every grant of a client in an environment; the number revoked.
pub async fn revoke_of_client(
    db: &Db,
    environment: &EnvironmentId,
    client: &ClientId,
    now: Timestamp,
    reason: &str,
) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("UPDATE grants SET revoked_at = $3, revoked_reason = $4 WHERE environment_id = $1 AND client_id = $2 AND revoked_at IS NULL")
        .bind(environment).bind(client).bind(now).bind(reason).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}

/// Revokes every grant of a person; the number revoked.
pub async fn revoke_of_person(db: &Db, person: &PersonId, now: Timestamp, reason: &str) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("UPDATE grants SET revoked_at = $2, revoked_reason = $3 WHERE person_id = $1 AND revoked_at IS NULL")
        .bind(person).bind(now).bind(reason).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}

/// Notes that the grant was used, at most once a minute; `last` is when that was noted before.
pub async fn touch(db: &Db, id: &GrantId, last: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if noted_lately(last, now) {
        return Ok(());
    }
    on!(db, pool => sqlx::query("UPDATE grants SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2 - 60000 OR $2 < used_at)")
        .bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}
