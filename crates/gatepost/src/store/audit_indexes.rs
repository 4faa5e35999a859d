//! The indexes by which the audit log is looked through, made without stopping whoever writes it.

use sqlx::{AssertSqlSafe, PgConnection};

use super::{Db, Result, audit};

/// Name, and what it is on.
pub(super) const INDEXES: [(&str, &str); 3] = [
    ("audit_by_kind", "audit_entries (environment_id, kind, seq)"),
    ("audit_by_person", "audit_entries (environment_id, person_id, seq)"),
    (
        "audit_by_person_and_kind",
        "audit_entries (environment_id, person_id, kind, seq)",
    ),
];
/// A log this short is indexed within a second.
const SHORT: i64 = 100_000;
/// Says to PostgreSQL which of our tasks holds the lock.
const LOCK: i64 = 0x6761_7465_0061;

/// Makes those that are missing where nobody has to wait for it: on SQLite, whose one process is only starting, and on
/// PostgreSQL while the log is short. A long one is indexed by [`build`], beside the replicas that write.
pub(super) async fn at_start(db: &Db) -> Result<()> {
    let head = audit::head(db).await?.map_or(0, |it| it.seq);
    if matches!(db, Db::Postgres(_)) && SHORT < head {
        return Ok(());
    }
    for (name, on) in INDEXES {
        let text = AssertSqlSafe(format!("CREATE INDEX IF NOT EXISTS {name} ON {on}"));
        match db {
            Db::Sqlite(pool) => sqlx::query(text).execute(pool).await.map(drop)?,
            Db::Postgres(pool) => match sqlx::query(text).execute(pool).await.map_err(super::Error::from) {
                // Another replica made it in the same moment.
                Ok(_) | Err(super::Error::Taken) => {}
                Err(error) => return Err(error),
            },
        }
    }
    Ok(())
}

/// Makes those that are missing on PostgreSQL, while others go on reading and writing. Gives how many it made.
///
/// `CREATE INDEX CONCURRENTLY` runs in no transaction and leaves an invalid index when it is ended half way, which is made
/// anew; a lock lets one replica at a time do this.
pub async fn build(db: &Db) -> Result<usize> {
    let Db::Postgres(pool) = db else { return Ok(0) };
    let mut missing = Vec::new();
    for (name, on) in INDEXES {
        if !is_valid(&mut *pool.acquire().await?, name).await? {
            missing.push((name, on));
        }
    }
    if missing.is_empty() {
        return Ok(0);
    }
    // A connection of its own: no bound on a statement's time is meant for this one, and its end frees the lock.
    let mut held = pool.acquire().await?;
    sqlx::query("SET statement_timeout = 0").execute(&mut *held).await?;
    sqlx::query("SET lock_timeout = 0").execute(&mut *held).await?;
    let made = build_all(&mut held, &missing).await;
    held.give_up();
    made
}

async fn build_all(connection: &mut PgConnection, missing: &[(&str, &str)]) -> Result<usize> {
    let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut *connection)
        .await?;
    if !is_ours {
        return Ok(0);
    }
    let mut made = 0;
    for (name, on) in missing {
        if is_valid(connection, name).await? {
            continue;
        }
        let drop = AssertSqlSafe(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"));
        sqlx::query(drop).execute(&mut *connection).await?;
        let create = AssertSqlSafe(format!("CREATE INDEX CONCURRENTLY {name} ON {on}"));
        sqlx::query(create).execute(&mut *connection).await?;
        made += 1;
    }
    Ok(made)
}

async fn is_valid(connection: &mut PgConnection, name: &str) -> Result<bool> {
    let found: Option<bool> = sqlx::query_scalar(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = $1 AND n.nspname = current_schema()",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(found == Some(true))
}
