//! A transaction on a connection of its own. One that does not end as it should takes its connection with it.

use sqlx::{Database, Executor};

use super::pool::{Held, Pool};
use super::waits::bounded;

/// An open transaction; dropping it undoes everything.
pub struct Open<DB: Database>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    held: Option<Held<DB>>,
    has_failed: bool,
}

impl<DB: Database> Open<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    pub(super) async fn begin(pool: &Pool<DB>, statement: &'static str) -> sqlx::Result<Self> {
        let mut held = pool.acquire().await?;
        held.set_in_transaction(true);
        let begun = bounded((*held).execute(statement)).await;
        held.note(&begun);
        if begun.is_err() {
            // A lock that was not to be had begins nothing.
            held.set_in_transaction(!held.is_sound());
        }
        begun?;
        Ok(Self {
            held: Some(held),
            has_failed: false,
        })
    }

    pub(in crate::store) fn connection(&mut self) -> &mut DB::Connection {
        self.held.as_mut().expect("it is there until the end")
    }

    /// Notes how a statement ended. After a failure nothing of the transaction may be kept: PostgreSQL would answer the
    /// commit with a rollback, and SQLite may have rolled back already.
    pub(in crate::store) fn note<T>(&mut self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        if let Some(held) = &mut self.held {
            held.note(&outcome);
        }
        self.has_failed |= outcome.is_err();
        outcome
    }

    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        let Some(mut held) = self.held.take() else {
            return Err(sqlx::Error::PoolClosed);
        };
        if self.has_failed {
            return Err(sqlx::Error::Protocol(
                "a statement of this transaction had failed, so nothing of it was stored".into(),
            ));
        }
        let done = bounded((*held).execute("COMMIT")).await;
        held.note(&done);
        // After a commit that failed nobody knows whether it happened, or whether the transaction is open still.
        held.set_in_transaction(done.is_err());
        done.map(drop)
    }
}

impl<DB: Database> Drop for Open<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if held.is_sound() || !self.has_failed => {
                runtime.spawn(async move {
                    let undone = bounded((*held).execute("ROLLBACK")).await;
                    held.note(&undone);
                    held.set_in_transaction(undone.is_err());
                });
            }
            // It is closed, which undoes the transaction.
            _ => drop(held),
        }
    }
}
