//! How long anything waits for the database, and what an error says of the connection it came from.

use std::io;
use std::time::Duration;

/// Nobody waits longer for a connection while not one of them finishes anything.
pub(super) const STALLED: Duration = Duration::from_secs(2);
/// Longest wait for a connection while others get their answers.
pub(super) const QUEUED: Duration = Duration::from_secs(10);
/// Longest wait while one host is connected to.
pub(super) const CONNECT: Duration = Duration::from_secs(2);
/// A server that starts, restarts or hands over is asked again for so long.
pub(super) const CONNECT_AGAIN: Duration = Duration::from_secs(3);
/// Longest wait for the answer to one statement. The database's own limits are shorter, so that it says why.
pub(super) const STATEMENT: Duration = Duration::from_secs(8);
/// Longest wait for a sign of life of a connection that rested.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How long a writer waits for another one on SQLite.
pub(super) const SQLITE_BUSY: Duration = Duration::from_secs(6);

/// The error of a wait that was long enough.
pub(super) fn late(what: String) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, what))
}

/// The outcome of one statement, or the error that it took too long.
pub(in crate::store) async fn bounded<T>(statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let outcome = tokio::time::timeout(STATEMENT, statement).await;
    outcome.unwrap_or_else(|_| Err(late(format!("it did not answer within {} s", STATEMENT.as_secs()))))
}

/// What an error says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The statement failed; the connection is as good as before.
    Sound,
    /// Nobody knows what state it is in.
    Broken,
    /// The server went away, or is no longer the one that writes: every other connection is in doubt too.
    AllInDoubt,
}

/// Judges a failed statement's connection; `is_sqlite` says whose codes they are.
pub(super) fn fate_after(error: &sqlx::Error, is_sqlite: bool) -> Fate {
    match error {
        sqlx::Error::Database(it) => {
            let code = it.code().unwrap_or_default();
            if is_sqlite {
                of_sqlite(&code)
            } else {
                of_postgres(&code)
            }
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            Fate::Broken
        }
        _ => Fate::Sound,
    }
}

/// SQLite rolls back by itself when the disk is full, a read or write fails, or memory ends
/// (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction").
fn of_sqlite(code: &str) -> Fate {
    const ERROR: u32 = 1;
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const SCHEMA: u32 = 17;
    const TOO_BIG: u32 = 18;
    const CONSTRAINT: u32 = 19;
    const MISMATCH: u32 = 20;
    // The low byte of an extended code is the primary one.
    match code.parse::<u32>().map(|it| it & 0xff) {
        Ok(ERROR | BUSY | LOCKED | SCHEMA | TOO_BIG | CONSTRAINT | MISMATCH) => Fate::Sound,
        _ => Fate::Broken,
    }
}

/// PostgreSQL's classes of errors (its documentation, appendix A).
fn of_postgres(code: &str) -> Fate {
    match code {
        // read_only_sql_transaction: the address leads to a standby now, or writing was turned off.
        "25006" => Fate::AllInDoubt,
        // admin_shutdown, crash_shutdown, cannot_connect_now.
        "57P01" | "57P02" | "57P03" => Fate::AllInDoubt,
        // idle_in_transaction_session_timeout.
        "25P03" => Fate::Broken,
        _ => match code.get(..2) {
            // Connection exceptions, system errors and internal errors.
            Some("08" | "58" | "XX") | None => Fate::Broken,
            Some(_) => Fate::Sound,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_only_where_its_state_is_known() {
        // full, input/output error, corrupt, no memory, read-only, cannot open; with extended codes.
        for code in ["13", "10", "778", "11", "26", "7", "8", "14", "", "x"] {
            assert_eq!(of_sqlite(code), Fate::Broken, "{code}");
        }
        for code in ["1", "5", "517", "6", "19", "2067", "1555"] {
            assert_eq!(of_sqlite(code), Fate::Sound, "{code}");
        }
        for (code, fate) in [
            ("23505", Fate::Sound),
            ("55P03", Fate::Sound),
            ("57014", Fate::Sound),
            ("53100", Fate::Sound),
            ("40001", Fate::Sound),
            ("25006", Fate::AllInDoubt),
            ("57P01", Fate::AllInDoubt),
            ("25P03", Fate::Broken),
            ("08006", Fate::Broken),
            ("XX000", Fate::Broken),
            ("", Fate::Broken),
        ] {
            assert_eq!(of_postgres(code), fate, "{code}");
        }
    }
}
