//! The database: SQLite inside one process, or PostgreSQL shared by many replicas.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// The open database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction that will write.
pub enum Tx {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
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
                let $connection = &mut **tx;
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let $connection = &mut **tx;
                $body
            }
        }
    };
}
pub(super) use within;

const POOL: u32 = 16;
/// Long enough for a thousand calls at once on a slow machine; a database that is gone is noticed by its own errors.
const WAIT_FOR_A_CONNECTION: Duration = Duration::from_secs(30);

/// A connection that was in use a moment ago is not asked again: that would double the round trips of a busy gateway.
const FRESH: Duration = Duration::from_secs(1);

async fn still_answers(connection: &mut PgConnection, idle: Duration) -> sqlx::Result<bool> {
    if FRESH < idle {
        connection.ping().await?;
    }
    Ok(true)
}

impl Db {
    /// Opens (and creates) the SQLite file at `path`.
    ///
    /// WAL with full synchronisation: a committed audit entry survives a power cut.
    pub async fn sqlite(path: &Path) -> super::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(15));
        let pool = SqlitePoolOptions::new()
            .max_connections(POOL)
            // A file does not hang up: asking first would double the cost of every small read.
            .test_before_acquire(false)
            .acquire_timeout(WAIT_FOR_A_CONNECTION)
            .connect_with(options)
            .await?;
        Ok(Self::Sqlite(pool))
    }

    /// Opens the SQLite file at `path` to read it: nothing is created or changed, also in a folder that cannot be written.
    pub async fn sqlite_to_read(path: &Path) -> super::Result<Self> {
        // In use, the newest is in the log beside it. At rest the file is all of it, and reading makes no log.
        let is_in_use = path.with_extension("db-wal").exists();
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .read_only(true)
            .immutable(!is_in_use)
            .busy_timeout(Duration::from_secs(15));
        Ok(Self::Sqlite(
            SqlitePoolOptions::new()
                .max_connections(2)
                .connect_with(options)
                .await?,
        ))
    }

    /// Opens PostgreSQL at `url`; `schema` puts every table into one schema (tests use one each).
    pub async fn postgres(url: &str, schema: Option<&str>) -> super::Result<Self> {
        let mut options = PgConnectOptions::from_str(url)?.application_name("gatepost");
        if let Some(schema) = schema {
            options = options.options([("search_path", schema)]);
        }
        let pool = PgPoolOptions::new()
            .max_connections(POOL)
            .acquire_timeout(WAIT_FOR_A_CONNECTION)
            .test_before_acquire(false)
            .before_acquire(|connection, it| Box::pin(still_answers(connection, it.idle_for)))
            .connect_with(options)
            .await?;
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
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> super::Result<()> {
        on!(self, pool => sqlx::query("SELECT 1").execute(pool).await.map(drop))?;
        Ok(())
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
