//! A database of its own for a log, and the log that an older gatepost wrote.

use std::sync::Arc;

use gatepost::audit::{Audit, Entry, Outside, PublicKey, Report, Signer, verify};
use gatepost::caller::{EnvironmentId, PersonId};
use gatepost::clock::{Clock, Timestamp};
use gatepost::store::audit::{self, Checkpoint, Head, Row};
use gatepost::store::{Db, migrate};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::world::fresh_schema;

/// Written by a gatepost whose entries did not name their form yet: a demo's set-up, calls, refusals and approvals.
pub(super) const ENTRIES: &str = include_str!("../../fixtures/log-of-form-1/entries.jsonl");
pub(super) const CHECKPOINTS: &str = include_str!("../../fixtures/log-of-form-1/checkpoints.txt");
const PUBLIC_KEY: &str = include_str!("../../fixtures/log-of-form-1/public-key.txt");

/// An empty database with tables: SQLite, or PostgreSQL when `TEST_POSTGRES_URL` is set.
#[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
pub(super) async fn database() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let db = match std::env::var("TEST_POSTGRES_URL") {
        Ok(server) => Db::postgres(&server, Some(&fresh_schema(&server).await)).await,
        Err(_) => Db::sqlite(&folder.path().join("gatepost.db")).await,
    };
    let db = db.unwrap();
    migrate::run(&db).await.unwrap();
    (folder, db)
}

/// A log with its writer, its key and its files outside the database.
pub(super) struct Log {
    pub(super) db: Db,
    pub(super) audit: Audit,
    pub(super) signer: Arc<Signer>,
    pub(super) outside: Outside,
    pub(super) folder: tempfile::TempDir,
}

impl Log {
    /// A log of `entries` entries.
    pub(super) async fn of(entries: usize) -> Self {
        let (folder, db) = database().await;
        let signer = Arc::new(Signer::new(&[7; 32]));
        let outside = Outside::at(folder.path().join("checkpoints.txt"));
        let audit = Audit::start(db.clone(), Clock::real(), signer.clone(), Some(outside.clone()));
        let log = Self {
            db,
            audit,
            signer,
            outside,
            folder,
        };
        log.write(entries).await;
        log
    }

    /// Writes further entries, and the head to its file.
    pub(super) async fn write(&self, entries: usize) {
        for at in 0..entries {
            self.audit.append(entry(at)).await.unwrap();
        }
        self.audit.flush().await;
    }

    /// What a check against the files outside finds.
    pub(super) async fn verify(&self) -> Report {
        let outside = self.outside.read().unwrap();
        let key = self.signer.public_key();
        verify(&self.db, &key, outside.as_ref()).await.unwrap()
    }

    /// What a check of the database alone finds.
    pub(super) async fn verify_alone(&self) -> Report {
        verify(&self.db, &self.signer.public_key(), None).await.unwrap()
    }
}

/// An entry of the test's own.
pub(super) fn entry(at: usize) -> Entry {
    Entry {
        kind: "test",
        environment: Some(EnvironmentId("e".into())),
        person: Some(PersonId("p".into())),
        trace: format!("t{at}"),
        details: serde_json::json!({ "b": 1, "a": at }),
    }
}

/// Runs a statement as somebody would who has the database alone.
pub(super) async fn tamper(db: &Db, statement: &'static str) {
    match db {
        Db::Sqlite(pool) => sqlx::query(statement).execute(pool).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop).unwrap(),
    }
}

/// The texts that a query gives.
pub(crate) async fn texts(db: &Db, query: &'static str) -> Vec<String> {
    match db {
        Db::Sqlite(pool) => sqlx::query_scalar(query).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(query).fetch_all(pool).await.unwrap(),
    }
}

/// The key whose other half signed [`CHECKPOINTS`].
pub(super) fn older_key() -> PublicKey {
    PUBLIC_KEY.parse().unwrap()
}

/// Puts the older log into a database, as the older gatepost left it there.
pub(super) async fn keep_older_log(db: &Db) -> usize {
    let rows: Vec<Row> = ENTRIES.lines().map(row).collect();
    let last = rows.last().unwrap();
    let mut tx = db.begin().await.unwrap();
    audit::lock_head(&mut tx).await.unwrap();
    // Older gateways did not sign the head.
    audit::append(&mut tx, &rows, &Head::of(last)).await.unwrap();
    tx.commit().await.unwrap();
    audit::add_checkpoint(db, &checkpoint(CHECKPOINTS)).await.unwrap();
    let head = audit::head(db).await.unwrap().unwrap();
    assert_eq!((head.seq, &head.hash), (last.seq, &last.hash));
    rows.len()
}

fn row(line: &str) -> Row {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        entry: &'a RawValue,
        hash: String,
    }
    let line: Line<'_> = serde_json::from_str(line).unwrap();
    let entry: Value = serde_json::from_str(line.entry.get()).unwrap();
    let text = |name: &str| entry[name].as_str().map(str::to_owned);
    Row {
        seq: entry["seq"].as_i64().unwrap(),
        time: Timestamp(entry["time"].as_i64().unwrap()),
        environment_id: text("environment"),
        person_id: text("person"),
        kind: text("kind").unwrap(),
        trace: text("trace").unwrap(),
        entry: line.entry.get().to_owned(),
        hash: (0..32)
            .map(|at| u8::from_str_radix(&line.hash[2 * at..2 * at + 2], 16).unwrap())
            .collect(),
    }
}

fn checkpoint(line: &str) -> Checkpoint {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let words: Vec<&str> = line.split_whitespace().collect();
    Checkpoint {
        seq: words[0].parse().unwrap(),
        time: Timestamp(words[1].parse().unwrap()),
        hash: STANDARD.decode(words[2]).unwrap(),
        signature: STANDARD.decode(words[3]).unwrap(),
    }
}
