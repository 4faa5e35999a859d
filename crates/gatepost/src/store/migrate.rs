//! Bringing the tables to the version this binary needs.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::db::on;
use super::{Db, audit_indexes, sqlite_version};

/// The migrations, in order, compiled into the binary. Entries never change once released.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "init", include_str!("../../migrations/0001_init.sql")),
    (10, "clients", include_str!("../../migrations/0010_clients.sql")),
    (11, "step_up", include_str!("../../migrations/0011_step_up.sql")),
    (12, "invitations", include_str!("../../migrations/0012_invitations.sql")),
    (13, "openid", include_str!("../../migrations/0013_openid.sql")),
    (
        14,
        "second_factor",
        include_str!("../../migrations/0014_second_factor.sql"),
    ),
    (20, "mcp_tasks", include_str!("../../migrations/0020_mcp_tasks.sql")),
    (30, "rates", include_str!("../../migrations/0030_rates.sql")),
    (
        31,
        "refresh_slots",
        include_str!("../../migrations/0031_refresh_slots.sql"),
    ),
    (
        40,
        "sign_in_accounts",
        include_str!("../../migrations/0040_sign_in_accounts.sql"),
    ),
    (50, "signed_head", include_str!("../../migrations/0050_signed_head.sql")),
    (
        51,
        "plans_sealed",
        include_str!("../../migrations/0051_plans_sealed.sql"),
    ),
    (52, "replicas", include_str!("../../migrations/0052_replicas.sql")),
    (60, "lists", include_str!("../../migrations/0060_lists.sql")),
    (61, "audit_hours", include_str!("../../migrations/0061_audit_hours.sql")),
    (65, "makers", include_str!("../../migrations/0065_makers.sql")),
    (70, "ended", include_str!("../../migrations/0070_ended.sql")),
];

/// Where the database stands against this binary.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// No table yet.
    Empty,
    /// What this binary needs.
    Current,
    /// Older; these migrations are missing.
    Behind(Vec<i64>),
    /// Made by a newer binary, or by other text under the same number, or of an SQLite that cannot be trusted.
    Foreign(String),
}

/// Creates or updates the tables. The caller has the turn ([`super::Turn`]).
pub async fn run(db: &Db) -> Result<(), sqlx::migrate::MigrateError> {
    let mut migrator = migrator();
    // Ours holds behind a pooler too, and is given back when its holder is killed.
    migrator.set_locking(false);
    match db {
        Db::Sqlite(pool) => migrator.run(&mut *pool.acquire().await?).await?,
        Db::Postgres(pool) => {
            let mut held = pool.acquire().await?;
            // A change to a large table takes its time; waiting for others' locks would hold up everybody behind it.
            let patient =
                "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '30s'";
            sqlx::raw_sql(patient).execute(&mut *held).await?;
            let done = migrator.run(&mut *held).await;
            held.give_up();
            done?;
        }
    }
    // Not in a migration: an index on a long log must not keep other replicas from writing it.
    audit_indexes::at_start(db).await.map_err(|error| match error {
        super::Error::Database(error) => error.into(),
        super::Error::Taken => sqlx::migrate::MigrateError::Source(error.into()),
    })
}

/// Whether anybody has used these tables: a first start that was killed leaves none.
pub async fn is_in_use(db: &Db, standing: &Standing) -> super::Result<bool> {
    match standing {
        Standing::Empty => Ok(false),
        // Without the first migration there is no table to look into.
        Standing::Behind(missing) if missing.contains(&1) => Ok(false),
        _ => Ok(!super::settings::vault_keys(db).await?.is_empty()),
    }
}

/// Compares the database with what this binary needs, without changing it.
pub async fn standing(db: &Db) -> super::Result<Standing> {
    if let Some(fault) = sqlite_version::fault(db).await? {
        return Ok(Standing::Foreign(fault));
    }
    let exists = match db {
        Db::Sqlite(pool) => sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'").fetch_one(pool).await?,
        Db::Postgres(pool) => {
            sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = '_sqlx_migrations' AND table_schema = current_schema()")
                .fetch_one(pool)
                .await?
        }
    };
    if exists == 0 {
        return Ok(Standing::Empty);
    }
    let applied: Vec<(i64, Vec<u8>)> = on!(db, pool => sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version").fetch_all(pool).await)?;
    Ok(compare(&applied))
}

fn compare(applied: &[(i64, Vec<u8>)]) -> Standing {
    let known = migrator();
    for (version, checksum) in applied {
        match known.iter().find(|it| it.version == *version) {
            None => {
                return Standing::Foreign(format!(
                    "it holds migration {version}, which this version of gatepost does not know"
                ));
            }
            Some(it) if it.checksum[..] != checksum[..] => {
                return Standing::Foreign(format!("its migration {version} is not the one of this version"));
            }
            Some(_) => {}
        }
    }
    let missing: Vec<i64> = known
        .iter()
        .map(|it| it.version)
        .filter(|version| applied.iter().all(|(it, _)| it != version))
        .collect();
    if missing.is_empty() {
        Standing::Current
    } else {
        Standing::Behind(missing)
    }
}

fn migrator() -> Migrator {
    Migrator::with_migrations(
        MIGRATIONS
            .iter()
            .map(|&(version, name, sql)| {
                Migration::new(
                    version,
                    Cow::Borrowed(name),
                    MigrationType::Simple,
                    sql.into_sql_str(),
                    false,
                )
            })
            .collect(),
    )
}
