//! Second factors of local accounts, and the codes for a lost device.

use super::db::{on, within};
use super::row::row;
use super::{Db, Result, Tx};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One person's second factor.
    #[derive(Clone, Debug)]
    pub struct SecondFactor {
        /// The person's.
        pub id: PersonId,
        pub environment_id: EnvironmentId,
        pub secret_sealed: Vec<u8>,
        /// Absent until the first code was right; until then nothing asks for it.
        pub confirmed_at: Option<Timestamp>,
        /// The newest time step a code was taken for.
        pub last_step: i64,
        pub created_at: Timestamp,
    }
}

/// Finds a person's second factor, confirmed or not.
pub async fn find(db: &Db, person: &PersonId) -> Result<Option<SecondFactor>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, secret_sealed, confirmed_at, last_step, created_at FROM second_factors WHERE id = $1")
        .bind(person).fetch_optional(pool).await)?)
}

/// Begins anew with a secret that is not confirmed yet; false when a confirmed one is there.
pub async fn begin(db: &Db, it: &SecondFactor) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "INSERT INTO second_factors (id, environment_id, secret_sealed, confirmed_at, last_step, created_at) VALUES ($1, $2, $3, NULL, 0, $4)
         ON CONFLICT (id) DO UPDATE SET secret_sealed = excluded.secret_sealed, last_step = 0, created_at = excluded.created_at
         WHERE second_factors.confirmed_at IS NULL")
        .bind(&it.id).bind(&it.environment_id).bind(&it.secret_sealed).bind(it.created_at).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Takes a code of a time step; false when one of this step or a later one was taken before, so that no code counts twice.
pub async fn take_step(db: &Db, person: &PersonId, step: i64) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE second_factors SET last_step = $2 WHERE id = $1 AND last_step < $2")
        .bind(person).bind(step).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Confirms the factor and stores its recovery codes in place of earlier ones; false when it was confirmed before.
pub async fn confirm(tx: &mut Tx, person: &PersonId, codes: &[Vec<u8>], now: Timestamp) -> Result<bool> {
    let done = within!(tx, connection => sqlx::query("UPDATE second_factors SET confirmed_at = $2 WHERE id = $1 AND confirmed_at IS NULL")
        .bind(person).bind(now).execute(connection).await.map(|it| it.rows_affected()))?;
    if done != 1 {
        return Ok(false);
    }
    within!(tx, connection => sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1").bind(person).execute(connection).await.map(drop))?;
    for code in codes {
        within!(tx, connection => sqlx::query("INSERT INTO recovery_codes (person_id, hash) VALUES ($1, $2)")
            .bind(person).bind(code).execute(connection).await.map(drop))?;
    }
    Ok(true)
}

/// Uses a recovery code up; of several callers only one gets true.
pub async fn take_recovery(db: &Db, person: &PersonId, hash: &[u8], now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE recovery_codes SET used_at = $3 WHERE person_id = $1 AND hash = $2 AND used_at IS NULL")
        .bind(person).bind(hash).bind(now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// How many recovery codes a person has left.
pub async fn recovery_left(db: &Db, person: &PersonId) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE person_id = $1 AND used_at IS NULL").bind(person).fetch_one(pool).await)?,
    )
}

/// Removes a person's second factor with its recovery codes; false when there was none.
pub async fn delete(tx: &mut Tx, person: &PersonId) -> Result<bool> {
    within!(tx, connection => sqlx::query("DELETE FROM recovery_codes WHERE person_id = $1").bind(person).execute(connection).await.map(drop))?;
    let done = within!(tx, connection => sqlx::query("DELETE FROM second_factors WHERE id = $1").bind(person).execute(connection).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}
