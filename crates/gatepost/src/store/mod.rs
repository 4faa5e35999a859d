//! The tables. The only module that speaks SQL; every function here works on both databases.

pub mod activity;
pub mod api_keys;
pub mod approvals;
pub mod audit;
pub mod audit_hours;
pub mod audit_indexes;
pub mod backup;
pub mod clients;
mod columns;
pub mod connections;
mod db;
pub mod ending;
pub mod environments;
pub mod flows;
pub mod grants;
pub mod groups;
pub mod integrations;
pub mod invitations;
pub mod jobs;
pub mod list;
pub mod mcp_tasks;
pub mod migrate;
pub mod names;
pub mod openid;
pub mod people;
pub mod plans;
pub mod policies;
pub mod rates;
pub mod ready;
pub mod refresh;
pub mod replicas;
mod row;
pub mod sealed;
pub mod second_factors;
pub mod sessions;
pub mod settings;
pub mod sign_in_failures;
mod sqlite_version;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod unbound;
pub mod waiting_forms;

pub use db::{AddressProblem, Db, Held, Pool, Turn, Tx, check_address};

use crate::clock::Timestamp;

/// Why the database did not do what was asked. The text never holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the same name or identity is already there")]
    Taken,
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(it) if it.is_unique_violation() => Self::Taken,
            _ => Self::Database(error),
        }
    }
}

const MINUTE_MS: i64 = 60_000;

/// Whether a time that is kept by the minute need not be written again. A write that changes nothing takes SQLite's lock too.
fn noted_lately(last: Option<Timestamp>, now: Timestamp) -> bool {
    // What lies ahead was noted by a clock that was wrong.
    last.is_some_and(|last| (0..=MINUTE_MS).contains(&now.since_ms(last)))
}

/// What a store function gives.
pub type Result<T> = std::result::Result<T, Error>;
