//! The SQLite file inside one process.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::pool::Pool;
use super::waits;

/// A write-ahead log that a long reader let grow is cut back to this when it is folded in.
const LARGEST_RESTING_LOG: &str = "67108864";

/// Makes the file for its owner alone, whatever the umask; SQLite gives its log and its shared memory the same rights.
///
/// What cannot be made here is said by SQLite itself, which opens the file next.
pub(super) fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// Opens (and creates) the file at `path`.
///
/// WAL with full synchronisation: a committed audit entry survives a power cut.
pub(super) fn pool(path: &Path) -> Pool<Sqlite> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(waits::SQLITE_BUSY)
        // A damaged or foreign file runs no functions of its own, and a read error is an error, not a crash.
        .pragma("trusted_schema", "OFF")
        .pragma("mmap_size", "0")
        // What is deleted or replaced is written over.
        .pragma("secure_delete", "ON")
        .pragma("journal_size_limit", LARGEST_RESTING_LOG);
    of(options)
}

/// Opens the file to read it. In use, the newest is in the log beside it; at rest the file is all of it, and reading makes no log.
pub(super) fn pool_to_read(path: &Path) -> Pool<Sqlite> {
    let is_in_use = path.with_extension("db-wal").exists();
    of(SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(true)
        .immutable(!is_in_use)
        .busy_timeout(waits::SQLITE_BUSY))
}

fn of(options: SqliteConnectOptions) -> Pool<Sqlite> {
    let open = move |_| -> futures_util::future::BoxFuture<'static, _> {
        let options = options.clone();
        Box::pin(async move { waits::bounded(options.connect()).await })
    };
    // A file does not hang up: asking first would double the cost of every small read.
    Pool::new(Box::new(open), None)
}
