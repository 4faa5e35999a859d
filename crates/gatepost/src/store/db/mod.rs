//! The database: SQLite inside one process, or PostgreSQL shared by many replicas.

mod address;
mod pool;
mod postgres;
mod run;
mod sqlite;
mod start;
mod transaction;
mod waits;

pub use address::{AddressProblem, check_address};
pub use pool::{Held, Pool};
pub use start::Turn;
pub(super) use waits::bounded;

use std::path::Path;

use sqlx::postgres::{PgPool, Postgres};
use sqlx::sqlite::Sqlite;

use postgres::Need;
use transaction::Open;

/// The open database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(Pool<Sqlite>),
    Postgres(Pool<Postgres>),
}

/// A transaction that will write.
pub enum Tx {
    Sqlite(Open<Sqlite>),
    Postgres(Open<Postgres>),
}

/// Runs one statement on whichever database is open. The body is compiled once for each.
macro_rules! on {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite($pool) => $body,
            $crate::store::Db::Postgres($pool) => $body,
        }
    };
}
pub(super) use on;

/// Runs one statement inside a transaction.
macro_rules! within {
    ($tx:expr, $connection:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $connection = tx.connection();
                let outcome = $crate::store::db::bounded(async { $body }).await;
                tx.note(outcome)
            }
            $crate::store::Tx::Postgres(tx) => {
                let $connection = tx.connection();
                let outcome = $crate::store::db::bounded(async { $body }).await;
                tx.note(outcome)
            }
        }
    };
}
pub(super) use within;

impl Db {
    /// Opens (and creates) the SQLite file at `path`.
    pub async fn sqlite(path: &Path) -> super::Result<Self> {
        sqlite::make_private(path);
        let pool = sqlite::pool(path);
        drop(pool.acquire().await?);
        Ok(Self::Sqlite(pool))
    }

    /// Opens the SQLite file at `path` to read it: nothing is created or changed, also in a folder that cannot be written.
    pub async fn sqlite_to_read(path: &Path) -> super::Result<Self> {
        let pool = sqlite::pool_to_read(path);
        drop(pool.acquire().await?);
        Ok(Self::Sqlite(pool))
    }

    /// Opens PostgreSQL at `url` to read it; a standby is as good as any.
    pub async fn postgres_to_read(url: &str, schema: Option<&str>) -> super::Result<Self> {
        Self::postgres_for(url, schema, Need::Reading).await
    }

    /// Opens PostgreSQL at `url`, which may name several hosts; `schema` puts every table into one schema (tests use one each).
    ///
    /// Fails within seconds, with the host and the cause.
    pub async fn postgres(url: &str, schema: Option<&str>) -> super::Result<Self> {
        Self::postgres_for(url, schema, Need::Writing).await
    }

    async fn postgres_for(url: &str, schema: Option<&str>, need: Need) -> super::Result<Self> {
        let pool = postgres::pool(url, schema, need).map_err(|error| sqlx::Error::Configuration(error.into()))?;
        drop(pool.acquire().await?);
        Ok(Self::Postgres(pool))
    }

    /// Makes an empty PostgreSQL schema; for tests, which use one each.
    pub async fn create_postgres_schema(url: &str, schema: &str) -> super::Result<()> {
        let pool = PgPool::connect(url).await?;
        let statement = format!("CREATE SCHEMA \"{}\"", schema.replace('"', ""));
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await?;
        pool.close().await;
        Ok(())
    }

    /// Begins a transaction that will write. SQLite takes its write lock now, so it cannot fail half way.
    pub async fn begin(&self) -> super::Result<Tx> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(Open::begin(pool, "BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(Open::begin(pool, "BEGIN").await?),
        })
    }

    /// Lets others see on PostgreSQL that a gateway serves from this database: its connections bear another name from now on.
    pub fn serve(&self) {
        on!(self, pool => pool.serve());
    }

    /// Whether a gateway serves from this PostgreSQL database at this moment. False for SQLite, where the data folder is locked.
    pub async fn is_served(&self) -> super::Result<bool> {
        let Self::Postgres(pool) = self else { return Ok(false) };
        let statement = format!(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = {}",
            postgres::SERVING
        );
        let many: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_one(pool)
            .await?;
        Ok(0 < many)
    }

    /// Closes every connection; SQLite folds its log back into the file.
    pub async fn close(&self) {
        on!(self, pool => pool.close().await);
    }

    /// `SQLite 3.51.3` or `PostgreSQL 15.18`.
    pub async fn version(&self) -> super::Result<String> {
        Ok(match self {
            Self::Sqlite(pool) => format!(
                "SQLite {}",
                sqlx::query_scalar::<_, String>("SELECT sqlite_version()")
                    .fetch_one(pool)
                    .await?
            ),
            Self::Postgres(pool) => format!(
                "PostgreSQL {}",
                sqlx::query_scalar::<_, String>("SHOW server_version")
                    .fetch_one(pool)
                    .await?
            ),
        })
    }
}

impl Tx {
    /// Makes everything in this transaction durable.
    pub async fn commit(self) -> super::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
