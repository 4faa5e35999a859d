//! Our own codes and tokens, known by their SHA-256 only.

use super::db::{on, within};
use super::row::row;
use super::{Db, Result, Tx};
use crate::caller::{ClientId, EnvironmentId, GrantId, PersonId, Role, ScopeSet};
use crate::clock::Timestamp;

/// One code or token to store.
#[derive(Clone, Debug)]
pub struct Token {
    pub hash: [u8; 32],
    /// `code`, `access` or `refresh`.
    pub kind: &'static str,
    pub grant_id: GrantId,
    pub scopes: String,
    pub redirect_uri: Option<String>,
    pub code_challenge: Option<String>,
    /// The code or refresh token this one was issued for.
    pub parent_hash: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

row! {
    /// A stored code or token with its grant, client and person.
    #[derive(Clone, Debug)]
    pub struct Found {
        pub kind: String,
        pub grant_id: GrantId,
        pub scopes: String,
        pub redirect_uri: Option<String>,
        pub code_challenge: Option<String>,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
        pub used_at: Option<Timestamp>,
        pub client_id: ClientId,
        pub client_name: String,
        /// The environment's administrators have locked the client.
        pub client_locked_at: Option<Timestamp>,
        pub resource: String,
        pub grant_scopes: String,
        pub authenticated_at: Timestamp,
        pub revoked_at: Option<Timestamp>,
        pub environment_id: EnvironmentId,
        pub person_id: PersonId,
        pub person_name: String,
        pub person_role: String,
        pub person_locked_at: Option<Timestamp>,
        /// Identifiers of the person's groups, with spaces between.
        pub person_groups: Option<String>,
        /// When the grant was last noted to be in use, and the person to be here.
        pub grant_used_at: Option<Timestamp>,
        pub person_seen_at: Option<Timestamp>,
    }
}

impl Found {
    /// The scopes it holds now: those it was issued with that its person's present role may hold.
    pub fn holds(&self) -> ScopeSet {
        ScopeSet::held(&self.scopes, Role::from_stored(&self.person_role))
    }
}

/// Stores a code or token.
pub async fn create(tx: &mut Tx, it: &Token) -> Result<()> {
    within!(tx, connection => sqlx::query(
        "INSERT INTO tokens (hash, kind, grant_id, scopes, redirect_uri, code_challenge, parent_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (hash) DO NOTHING")
        .bind(&it.hash[..]).bind(it.kind).bind(&it.grant_id).bind(&it.scopes).bind(&it.redirect_uri).bind(&it.code_challenge).bind(&it.parent_hash)
        .bind(it.created_at).bind(it.expires_at).execute(connection).await.map(drop))?;
    Ok(())
}

const FIND: &str = "SELECT t.kind, t.grant_id, t.scopes, t.redirect_uri, t.code_challenge, t.created_at, t.expires_at, t.used_at,
            g.client_id, c.name AS client_name, l.locked_at AS client_locked_at, g.resource, g.scopes AS grant_scopes, g.authenticated_at, g.revoked_at,
            g.environment_id, g.person_id, p.name AS person_name, p.role AS person_role, p.locked_at AS person_locked_at,
            (SELECT string_agg(m.group_id, ' ') FROM group_members m WHERE m.person_id = p.id) AS person_groups,
            g.used_at AS grant_used_at, p.last_seen_at AS person_seen_at
     FROM tokens t JOIN grants g ON g.id = t.grant_id JOIN clients c ON c.id = g.client_id JOIN people p ON p.id = g.person_id
          LEFT JOIN client_locks l ON l.client_id = g.client_id AND l.environment_id = g.environment_id
     WHERE t.hash = $1 AND t.kind = $2";

/// Finds a code or token of one kind.
pub async fn find(db: &Db, hash: &[u8], kind: &str) -> Result<Option<Found>> {
    Ok(on!(db, pool => sqlx::query_as(FIND).bind(hash).bind(kind).fetch_optional(pool).await)?)
}

/// Marks as used; false when it was used before. Of several callers only one gets true.
pub async fn mark_used(tx: &mut Tx, hash: &[u8], now: Timestamp) -> Result<bool> {
    let done = within!(tx, connection => sqlx::query("UPDATE tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL")
        .bind(hash).bind(now).execute(connection).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Marks an access token as used the first time it is seen.
pub async fn mark_seen(db: &Db, hash: &[u8], now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL").bind(hash).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// Locks the row of a token until the transaction ends, so that rotations of one token queue up. Gives whether it was used.
pub async fn lock(tx: &mut Tx, hash: &[u8]) -> Result<Option<bool>> {
    // An update that changes nothing is a row lock on PostgreSQL; SQLite already holds its write lock.
    let used: Option<Option<i64>> = within!(tx, connection => sqlx::query_scalar("UPDATE tokens SET kind = kind WHERE hash = $1 RETURNING used_at")
        .bind(hash).fetch_optional(connection).await)?;
    Ok(used.map(|it| it.is_some()))
}

/// The hashes of the tokens issued for `parent`, and whether any of them was used.
pub async fn successors(tx: &mut Tx, parent: &[u8]) -> Result<(Vec<Vec<u8>>, bool)> {
    let rows: Vec<(Vec<u8>, Option<i64>)> = within!(tx, connection => sqlx::query_as("SELECT hash, used_at FROM tokens WHERE parent_hash = $1")
        .bind(parent).fetch_all(connection).await)?;
    let used = rows.iter().any(|(_, used_at)| used_at.is_some());
    Ok((rows.into_iter().map(|(hash, _)| hash).collect(), used))
}

/// Deletes one code or token.
pub async fn delete(tx: &mut Tx, hash: &[u8]) -> Result<()> {
    within!(tx, connection => sqlx::query("DELETE FROM tokens WHERE hash = $1").bind(hash).execute(connection).await.map(drop))?;
    Ok(())
}

/// Removes codes and tokens that are over.
pub async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("DELETE FROM tokens WHERE expires_at < $1").bind(now).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}
