//! The house's OpenID Connect provider: its entry, its accounts, and browsers under way to it.

use super::db::{on, within};
use super::list::Statement;
use super::row::row;
use super::{Db, Result, Tx};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One environment's provider.
    #[derive(Clone, Debug)]
    pub struct Provider {
        pub id: String,
        pub environment_id: EnvironmentId,
        pub name: String,
        pub issuer: String,
        pub client_id: String,
        pub secret_sealed: Vec<u8>,
        /// JSON of the addresses found when it was entered.
        pub addresses: String,
        pub created_at: Timestamp,
        pub updated_at: Timestamp,
    }
}

row! {
    /// A browser under way.
    #[derive(Clone, Debug)]
    pub struct Flow {
        pub id: String,
        pub environment_id: EnvironmentId,
        pub provider_id: String,
        /// Who proves themselves once more; absent when this sign-in is to tell.
        pub person_id: Option<PersonId>,
        pub invitation_id: Option<String>,
        pub state_hash: Vec<u8>,
        pub browser_hash: Vec<u8>,
        /// The PKCE verifier and the nonce.
        pub secrets_sealed: Vec<u8>,
        pub return_to: String,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
    }
}

macro_rules! select_provider {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, name, issuer, client_id, secret_sealed, addresses, created_at, updated_at FROM openid_providers ",
            $rest
        )
    };
}

/// The provider of an environment.
pub async fn find_of(db: &Db, environment: &EnvironmentId) -> Result<Option<Provider>> {
    Ok(
        on!(db, pool => sqlx::query_as(select_provider!("WHERE environment_id = $1")).bind(environment).fetch_optional(pool).await)?,
    )
}

/// Finds by identifier.
pub async fn find(db: &Db, id: &str) -> Result<Option<Provider>> {
    Ok(on!(db, pool => sqlx::query_as(select_provider!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?)
}

/// Enters a provider, or changes the one there is.
pub async fn save(db: &Db, it: &Provider) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO openid_providers (id, environment_id, name, issuer, client_id, secret_sealed, addresses, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, issuer = excluded.issuer, client_id = excluded.client_id,
             secret_sealed = excluded.secret_sealed, addresses = excluded.addresses, updated_at = excluded.updated_at")
        .bind(&it.id).bind(&it.environment_id).bind(&it.name).bind(&it.issuer).bind(&it.client_id).bind(&it.secret_sealed).bind(&it.addresses)
        .bind(it.created_at).bind(it.updated_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Removes an environment's provider; the people who signed in by it stay.
pub async fn delete(db: &Db, environment: &EnvironmentId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("DELETE FROM openid_providers WHERE environment_id = $1").bind(environment).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// The person an account is, by issuer and subject and nothing else.
pub async fn find_person(
    db: &Db,
    environment: &EnvironmentId,
    issuer: &str,
    subject: &str,
) -> Result<Option<PersonId>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT person_id FROM openid_accounts WHERE environment_id = $1 AND issuer = $2 AND subject = $3")
        .bind(environment).bind(issuer).bind(subject).fetch_optional(pool).await)?,
    )
}

/// Ties an account to a new person; `Taken` when it is somebody's already.
pub async fn create_account(
    tx: &mut Tx,
    environment: &EnvironmentId,
    account: (&str, &str),
    person: &PersonId,
    now: Timestamp,
) -> Result<()> {
    within!(tx, connection => sqlx::query("INSERT INTO openid_accounts (environment_id, issuer, subject, person_id, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(environment).bind(account.0).bind(account.1).bind(person).bind(now).execute(connection).await.map(drop))?;
    Ok(())
}

/// Which of these people, at most a hundred, have an account of the provider.
pub async fn people_of(db: &Db, environment: &EnvironmentId, among: &[PersonId]) -> Result<Vec<PersonId>> {
    let mut statement = Statement::default();
    statement.text("SELECT DISTINCT person_id FROM openid_accounts WHERE environment_id = ");
    statement.value(environment.0.as_str()).text(" AND person_id IN (");
    for (at, person) in among.iter().take(100).enumerate() {
        statement.text(if at == 0 { "" } else { ", " }).value(person.0.as_str());
    }
    if among.is_empty() {
        return Ok(Vec::new());
    }
    statement.text(") LIMIT 100");
    let found: Vec<(PersonId,)> = statement.rows(db).await?;
    Ok(found.into_iter().map(|it| it.0).collect())
}

/// Adds a browser under way.
pub async fn create_flow(db: &Db, it: &Flow) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO openid_flows (id, environment_id, provider_id, person_id, invitation_id, state_hash, browser_hash, secrets_sealed, return_to, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.provider_id).bind(&it.person_id).bind(&it.invitation_id).bind(&it.state_hash)
        .bind(&it.browser_hash).bind(&it.secrets_sealed).bind(&it.return_to).bind(it.created_at).bind(it.expires_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds by the `state` parameter's hash.
pub async fn find_flow(db: &Db, state_hash: &[u8]) -> Result<Option<Flow>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, provider_id, person_id, invitation_id, state_hash, browser_hash, secrets_sealed, return_to, created_at, expires_at
         FROM openid_flows WHERE state_hash = $1")
        .bind(state_hash).fetch_optional(pool).await)?)
}

/// Uses a browser's way up; of several callers only one gets true.
pub async fn take_flow(db: &Db, id: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("DELETE FROM openid_flows WHERE id = $1").bind(id).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Removes browsers that did not come back.
pub async fn delete_expired_flows(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM openid_flows WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
