//! The SQLite that is linked must not be one that may corrupt its write-ahead log.

use super::Db;

/// The first version that resets its write-ahead log safely while another connection writes (<https://sqlite.org/wal.html>).
const LEAST: [u32; 3] = [3, 51, 3];

/// Why this SQLite cannot be used; nothing of PostgreSQL.
pub(super) async fn fault(db: &Db) -> super::Result<Option<String>> {
    let Db::Sqlite(pool) = db else { return Ok(None) };
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(pool).await?;
    Ok(fault_of(&version))
}

fn fault_of(version: &str) -> Option<String> {
    let numbers: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
    let is_known_good = numbers.is_some_and(|it| LEAST.as_slice() <= it.as_slice());
    let least = LEAST.map(|it| it.to_string()).join(".");
    (!is_known_good).then(|| {
        format!("SQLite {version} may corrupt its write-ahead log; build gatepost with SQLite {least} or later")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SUP-10 (half): the version that is asked for at every start.
    #[test]
    fn an_sqlite_that_may_corrupt_its_log_is_refused() {
        for good in ["3.51.3", "3.51.10", "3.52.0", "3.100.0", "4.0.0", "3.51.3.1"] {
            assert_eq!(fault_of(good), None, "{good}");
        }
        for bad in ["3.51.2", "3.46.0", "3.7.17", "3.51", "2.8.17", "", "3.x.9"] {
            assert!(fault_of(bad).is_some_and(|it| it.contains("3.51.3")), "{bad}");
        }
    }

    /// SUP-10 (half): no other SQLite than the one in the lock file is linked.
    #[tokio::test]
    async fn the_linked_sqlite_is_new_enough() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(&folder.path().join("x.db")).await.expect("a new database");
        assert_eq!(fault(&db).await.expect("SQLite tells its version"), None);
        assert!(matches!(
            super::super::migrate::standing(&db).await,
            Ok(super::super::migrate::Standing::Empty)
        ));
    }
}
