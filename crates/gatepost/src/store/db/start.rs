//! One gateway at a time makes or changes the tables and registers the first keys.

use std::time::Duration;

use sqlx::postgres::Postgres;
use tokio::time::Instant;

use super::Db;
use super::pool::{Held, Pool};
use super::waits::bounded;

/// Longest wait for another gateway that is starting: a migration of a large database takes its time.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The turn to set a database up; the next one's begins when it is dropped.
///
/// A lock of a transaction, not of a session, so that it also holds behind a pooler; the server gives it back when its
/// holder is killed. SQLite has one gateway only.
pub struct Turn {
    /// A connection with an open transaction is never given back: dropping it closes it, which ends the turn.
    _held: Option<Held<Postgres>>,
}

impl Db {
    /// Waits until no other gateway sets this database up.
    pub async fn turn_to_start(&self) -> super::super::Result<Turn> {
        match self {
            Self::Sqlite(_) => Ok(Turn { _held: None }),
            Self::Postgres(pool) => Ok(Turn {
                _held: Some(wait(pool).await?),
            }),
        }
    }
}

async fn wait(pool: &Pool<Postgres>) -> sqlx::Result<Held<Postgres>> {
    let begun = Instant::now();
    let mut is_told = false;
    let mut held = pool.acquire().await?;
    held.set_in_transaction(true);
    loop {
        if try_to_take(&mut held).await? {
            return Ok(held);
        }
        if PATIENCE < begun.elapsed() {
            return Err(super::waits::late(
                "another gateway has been setting this database up for a quarter of an hour; stop it, then start again"
                    .into(),
            ));
        }
        if !is_told {
            is_told = true;
            tracing::info!("another gateway is setting this database up; waiting for it");
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Holds the lock in an open transaction, or ends the transaction.
async fn try_to_take(held: &mut Held<Postgres>) -> sqlx::Result<bool> {
    bounded(async {
        // Whoever freezes here holds everybody up, but not for ever.
        sqlx::raw_sql("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '15min'")
            .execute(&mut **held)
            .await?;
        let is_mine: bool = sqlx::query_scalar(
            "SELECT pg_try_advisory_xact_lock(hashtext('gatepost start'), hashtext(COALESCE(current_schema(), '')))",
        )
        .fetch_one(&mut **held)
        .await?;
        if !is_mine {
            sqlx::raw_sql("ROLLBACK").execute(&mut **held).await?;
        }
        Ok(is_mine)
    })
    .await
}
