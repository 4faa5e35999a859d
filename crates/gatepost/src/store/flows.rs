//! Attempts to connect: one row each, walking through its states by conditional updates.

use super::db::on;
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, IntegrationId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One attempt.
    #[derive(Clone, Debug)]
    pub struct Flow {
        pub id: String,
        pub environment_id: EnvironmentId,
        pub integration_id: IntegrationId,
        /// Who began it; absent when the person is not known yet, because this sign-in is to tell.
        pub person_id: Option<PersonId>,
        /// `portal`, `sign_in`, `client` or `proof`.
        pub kind: String,
        pub state: String,
        /// SHA-256 of the `state` parameter sent to Microsoft.
        pub state_hash: Vec<u8>,
        /// SHA-256 of the cookie set when consent was given: the same browser must come back.
        pub browser_hash: Vec<u8>,
        /// The PKCE verifier and the nonce.
        pub secrets_sealed: Vec<u8>,
        /// The tenant path used at Microsoft; the code must be redeemed at the same one.
        pub tenant_path: String,
        /// JSON of a client's authorization request, for kind `client`.
        pub client_request: Option<String>,
        /// A path of the portal to go back to.
        pub return_to: Option<String>,
        /// The invitation by which a newcomer joins.
        pub invitation_id: Option<String>,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
    }
}

/// Adds an attempt.
pub async fn create(db: &Db, it: &Flow) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO flows (id, environment_id, integration_id, person_id, kind, state, state_hash, browser_hash, secrets_sealed, tenant_path, client_request,
                return_to, created_at, expires_at, invitation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.integration_id).bind(&it.person_id).bind(&it.kind).bind(&it.state).bind(&it.state_hash)
        .bind(&it.browser_hash).bind(&it.secrets_sealed).bind(&it.tenant_path).bind(&it.client_request).bind(&it.return_to).bind(it.created_at)
        .bind(it.expires_at).bind(&it.invitation_id).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds by the `state` parameter's hash.
pub async fn find_by_state(db: &Db, state_hash: &[u8]) -> Result<Option<Flow>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, integration_id, person_id, kind, state, state_hash, browser_hash, secrets_sealed, tenant_path, client_request, return_to,
                invitation_id, created_at, expires_at FROM flows WHERE state_hash = $1")
        .bind(state_hash).fetch_optional(pool).await)?)
}

/// Takes one step; false when the attempt is not in state `from` any more. Only one of several callers gets true.
pub async fn advance(db: &Db, id: &str, from: &str, to: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE flows SET state = $3 WHERE id = $1 AND state = $2")
        .bind(id).bind(from).bind(to).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Ends the trip of one attempt, and notes whose it turned out to be; false when it is not in state `Returned` any more.
pub async fn connected(db: &Db, id: &str, person: &PersonId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE flows SET state = 'Connected', person_id = $2 WHERE id = $1 AND state = 'Returned'")
        .bind(id).bind(person).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Removes attempts that are over.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM flows WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
