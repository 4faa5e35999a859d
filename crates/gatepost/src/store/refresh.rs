//! The refresh lease of a connection: one provider call at a time, fenced by the row's generation.

use super::connections::{Connection, select};
use super::db::on;
use super::{Db, Result};
use crate::caller::{ConnectionId, IntegrationId};
use crate::clock::Timestamp;

/// Takes the right to refresh this generation until `until`; false when another holds it or the tokens have changed.
///
/// No lease and no wait reaches `horizon`: what stands beyond it was written before a clock was set back, and counts for nothing.
pub async fn take(
    db: &Db,
    id: &ConnectionId,
    generation: i64,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
    horizon: Timestamp,
) -> Result<bool> {
    let row: Option<String> = on!(db, pool => sqlx::query_scalar(
        "UPDATE connections SET lease_until = $5, lease_owner = $3
         WHERE id = $1 AND generation = $2 AND (lease_until < $4 OR $6 < lease_until) AND state IN ('connected', 'degraded') RETURNING id")
        .bind(id).bind(generation).bind(owner).bind(now).bind(until).bind(horizon).fetch_optional(pool).await)?;
    Ok(row.is_some())
}

/// Holds the lease on for whoever has it still; false when it was taken over or given back.
pub async fn renew(db: &Db, id: &ConnectionId, generation: i64, owner: &str, until: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE connections SET lease_until = $4 WHERE id = $1 AND generation = $2 AND lease_owner = $3")
        .bind(id).bind(generation).bind(owner).bind(until).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Forgets every lease; how many there were. For the start of the only process on a database: whoever held one is gone.
pub async fn forget_leases(db: &Db) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("UPDATE connections SET lease_until = 0, lease_owner = NULL WHERE lease_owner IS NOT NULL")
        .execute(pool).await.map(|it| it.rows_affected()))?,
    )
}

/// Queues one refresh of an integration, `gap_ms` after the one before; its place in time, or `None` when that is after `latest`.
///
/// No queue reaches `horizon`: what stands beyond it was written before a clock was set back, and counts for nothing.
pub async fn reserve(
    db: &Db,
    integration: &IntegrationId,
    now: Timestamp,
    gap_ms: i64,
    latest: Timestamp,
    horizon: Timestamp,
) -> Result<Option<Timestamp>> {
    let end: Option<Timestamp> = on!(db, pool => sqlx::query_scalar(
        "UPDATE integrations SET refresh_slot = CASE WHEN refresh_slot < $2 OR $5 < refresh_slot THEN $2 ELSE refresh_slot END + $3
         WHERE id = $1 AND (refresh_slot <= $4 OR $5 < refresh_slot) RETURNING refresh_slot")
        .bind(integration).bind(now).bind(gap_ms).bind(latest).bind(horizon).fetch_optional(pool).await)?;
    Ok(end.map(|it| it.plus_ms(-gap_ms)))
}

/// The place in time that the next refresh of an integration would get.
pub async fn slot(db: &Db, integration: &IntegrationId) -> Result<Timestamp> {
    let slot: Option<Timestamp> = on!(db, pool => sqlx::query_scalar("SELECT refresh_slot FROM integrations WHERE id = $1")
        .bind(integration).fetch_optional(pool).await)?;
    Ok(slot.unwrap_or(Timestamp(0)))
}

/// Lets no refresh of an integration be queued before `until`.
pub async fn pause(db: &Db, integration: &IntegrationId, until: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE integrations SET refresh_slot = $2 WHERE id = $1 AND refresh_slot < $2")
        .bind(integration).bind(until).execute(pool).await.map(drop))?;
    Ok(())
}

/// What a successful refresh brings.
#[derive(Debug)]
pub struct Refreshed<'a> {
    pub access_sealed: &'a [u8],
    /// Absent when Microsoft sent no new refresh token: the old one is kept.
    pub refresh_sealed: Option<&'a [u8]>,
    pub access_expires_at: Timestamp,
    pub refresh_after: Timestamp,
    pub scopes: &'a str,
    pub now: Timestamp,
}

/// Stores new tokens if nobody changed the row since `generation`; false when somebody did.
pub async fn commit(db: &Db, id: &ConnectionId, generation: i64, it: &Refreshed<'_>) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE connections SET access_sealed = $3, refresh_sealed = COALESCE($4, refresh_sealed), access_expires_at = $5, refresh_after = $6, scopes = $7,
                generation = generation + 1, lease_until = 0, lease_owner = NULL, failures = 0, state = 'connected', reason = NULL, reason_code = NULL,
                claims = NULL, refreshed_at = $8
         WHERE id = $1 AND generation = $2 AND state IN ('connected', 'degraded')")
        .bind(id).bind(generation).bind(it.access_sealed).bind(it.refresh_sealed).bind(it.access_expires_at).bind(it.refresh_after).bind(it.scopes)
        .bind(it.now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Gives the lease back after a failure that says nothing about the grant. The next try waits until `again`.
pub async fn release(
    db: &Db,
    id: &ConnectionId,
    generation: i64,
    owner: &str,
    again: Timestamp,
    reason: &str,
    code: &str,
) -> Result<()> {
    on!(db, pool => sqlx::query(
        "UPDATE connections SET lease_until = $4, lease_owner = NULL, failures = failures + 1, state = 'degraded', reason = $5, reason_code = $6
         WHERE id = $1 AND generation = $2 AND lease_owner = $3")
        .bind(id).bind(generation).bind(owner).bind(again).bind(reason).bind(code).execute(pool).await.map(drop))?;
    Ok(())
}

/// Gives the lease back after a fault of the registration, which says nothing about this connection.
pub async fn release_unchanged(db: &Db, id: &ConnectionId, owner: &str) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE connections SET lease_until = 0, lease_owner = NULL WHERE id = $1 AND lease_owner = $2")
        .bind(id).bind(owner).execute(pool).await.map(drop))?;
    Ok(())
}

/// Declares the grant dead, if the tokens are still those of `generation`; the refresh token is kept for an administrator's retry.
pub async fn save_dead(
    db: &Db,
    id: &ConnectionId,
    generation: i64,
    reason: &str,
    code: &str,
    claims: Option<&str>,
) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE connections SET state = 'needs_reconnect', lease_until = 0, lease_owner = NULL, reason = $3, reason_code = $4, claims = $5
         WHERE id = $1 AND generation = $2 AND state IN ('connected', 'degraded')")
        .bind(id).bind(generation).bind(reason).bind(code).bind(claims).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Makes the access token of `generation` due, after Power BI said that it is no longer good.
pub async fn expire(db: &Db, id: &ConnectionId, generation: i64, now: Timestamp) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE connections SET access_expires_at = $3, refresh_after = $3 WHERE id = $1 AND generation = $2")
        .bind(id).bind(generation).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// Connections in use since `used_since` whose tokens should be refreshed ahead of their end; at most `limit`.
pub async fn due(db: &Db, now: Timestamp, used_since: Timestamp, limit: i64) -> Result<Vec<Connection>> {
    Ok(on!(db, pool => sqlx::query_as(select!(
        "WHERE refresh_after <= $1 AND $2 < used_at AND lease_until < $1 AND state IN ('connected', 'degraded') ORDER BY refresh_after LIMIT $3"))
        .bind(now).bind(used_since).bind(limit).fetch_all(pool).await)?)
}

/// Connections that were not refreshed since `before`, so that an idle one does not lapse; at most `limit`.
pub async fn idle(db: &Db, before: Timestamp, now: Timestamp, limit: i64) -> Result<Vec<Connection>> {
    Ok(on!(db, pool => sqlx::query_as(select!(
        "WHERE refreshed_at < $1 AND lease_until < $2 AND state IN ('connected', 'degraded') ORDER BY refreshed_at LIMIT $3"))
        .bind(before).bind(now).bind(limit).fetch_all(pool).await)?)
}
