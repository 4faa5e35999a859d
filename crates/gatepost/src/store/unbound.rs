//! Connections whose tokens an older version sealed for their row alone.

use super::db::{on, within};
use super::row::row;
use super::{Db, Result};
use crate::caller::{ConnectionId, EnvironmentId, IntegrationId};

row! {
    /// The tokens of one connection.
    #[derive(Clone, Debug)]
    pub struct Tokens {
        pub id: ConnectionId,
        pub environment_id: EnvironmentId,
        pub integration_id: IntegrationId,
        pub generation: i64,
        pub access_sealed: Option<Vec<u8>>,
        pub refresh_sealed: Option<Vec<u8>>,
    }
}

/// The same tokens, sealed anew.
#[derive(Debug)]
pub struct Sealed {
    pub access: Option<Vec<u8>>,
    pub refresh: Option<Vec<u8>>,
}

/// Up to 500 connections after `after` with a token whose seal begins with `mark`, by identifier.
pub async fn after(db: &Db, mark: &[u8], after: &str) -> Result<Vec<Tokens>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, integration_id, generation, access_sealed, refresh_sealed FROM connections
         WHERE $2 < id AND (substr(access_sealed, 1, 1) = $1 OR substr(refresh_sealed, 1, 1) = $1) ORDER BY id LIMIT 500")
        .bind(mark).bind(after).fetch_all(pool).await)?)
}

/// Replaces tokens that nobody changed meanwhile, all of them in one transaction; how many connections that were.
pub async fn replace(db: &Db, all: &[(Tokens, Sealed)]) -> Result<usize> {
    let mut replaced = 0;
    if all.is_empty() {
        return Ok(replaced);
    }
    let mut tx = db.begin().await?;
    for (old, new) in all {
        let done = within!(&mut tx, connection => sqlx::query(
            "UPDATE connections SET access_sealed = $3, refresh_sealed = $4
             WHERE id = $1 AND generation = $2 AND (access_sealed IS NULL OR access_sealed = $5) AND (refresh_sealed IS NULL OR refresh_sealed = $6)")
            .bind(&old.id).bind(old.generation).bind(&new.access).bind(&new.refresh).bind(&old.access_sealed).bind(&old.refresh_sealed)
            .execute(connection).await.map(|it| it.rows_affected()))?;
        replaced += usize::from(done == 1);
    }
    tx.commit().await?;
    Ok(replaced)
}
