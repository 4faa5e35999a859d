//! The chain notices every kind of tampering; masking hides secrets at any depth.

use std::sync::Arc;

use serde_json::json;

use super::{Audit, Entry, Signer, mask, verify};
use crate::clock::{Clock, Timestamp};
use crate::store::{Db, migrate};

async fn log_of(entries: usize) -> (tempfile::TempDir, Db, Signer) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::sqlite(&folder.path().join("test.db")).await.unwrap();
    migrate::run(&db).await.unwrap();
    let audit = Audit::start(
        db.clone(),
        Clock::set(Timestamp(1), 1),
        Arc::new(Signer::new(&[7; 32])),
        Some(folder.path().join("anchor")),
    );
    let write = |at| {
        audit.append(Entry {
            kind: "test",
            environment: None,
            person: None,
            trace: format!("t{at}"),
            details: json!({ "b": 1, "a": at }),
        })
    };
    let mut seqs: Vec<i64> = futures_util::future::join_all((0..entries - 1).map(write))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    // The first batch's checkpoint is written before the next batch is taken.
    seqs.push(write(entries - 1).await.unwrap());
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=i64::try_from(entries).unwrap()).collect::<Vec<_>>());
    (folder, db, Signer::new(&[7; 32]))
}

async fn run(db: &Db, sql: &'static str) {
    let Db::Sqlite(pool) = db else { unreachable!() };
    sqlx::query(sql).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_whole_log_verifies() {
    let (folder, db, signer) = log_of(50).await;
    let anchor = std::fs::read_to_string(folder.path().join("anchor")).unwrap();
    let report = verify(&db, &signer.public_key(), Some(&anchor)).await.unwrap();
    assert_eq!((report.entries, report.faults), (50, vec![]));
    assert!(report.checkpoints >= 1);
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_at_its_place() {
    for (sql, seq) in [
        (
            "UPDATE audit_entries SET entry = replace(entry, '\"a\":6', '\"a\":9') WHERE seq = 7",
            7,
        ),
        ("UPDATE audit_entries SET trace = 'x' WHERE seq = 7", 7),
        ("UPDATE audit_entries SET time = 5 WHERE seq = 7", 7),
        ("UPDATE audit_entries SET hash = zeroblob(32) WHERE seq = 7", 7),
        ("DELETE FROM audit_entries WHERE seq = 7", 8),
        ("UPDATE audit_entries SET seq = seq + 1000 WHERE seq = 7", 8),
        ("DELETE FROM audit_entries WHERE 8 < seq", 9),
        (
            "INSERT INTO audit_entries SELECT 11, time, environment_id, person_id, kind, trace, entry, hash FROM audit_entries WHERE seq = 10",
            11,
        ),
    ] {
        let (_folder, db, signer) = log_of(10).await;
        run(&db, sql).await;
        let report = verify(&db, &signer.public_key(), None).await.unwrap();
        assert_eq!(
            report.faults.first().map(|it| it.seq),
            Some(seq),
            "after {sql}: {:?}",
            report.faults
        );
    }
}

#[tokio::test]
async fn a_tail_cut_together_with_its_head_is_found_by_the_checkpoint_outside() {
    let (folder, db, signer) = log_of(10).await;
    let anchor = std::fs::read_to_string(folder.path().join("anchor")).unwrap();
    run(&db, "DELETE FROM audit_entries").await;
    run(&db, "DELETE FROM audit_checkpoints").await;
    run(&db, "UPDATE audit_head SET seq = 0, hash = zeroblob(32)").await;
    assert!(
        verify(&db, &signer.public_key(), None).await.unwrap().faults.is_empty(),
        "the database alone cannot tell"
    );
    let report = verify(&db, &signer.public_key(), Some(&anchor)).await.unwrap();
    assert!(report.faults[0].what.contains("the tail is cut"), "{report:?}");
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() {
    let (_folder, db, _) = log_of(3).await;
    let report = verify(&db, &Signer::new(&[8; 32]).public_key(), None).await.unwrap();
    assert!(report.faults.iter().any(|it| it.what.contains("signature is not ours")));
}

#[test]
fn secrets_are_hidden_at_any_depth_and_long_texts_are_cut() {
    let long = "x".repeat(100_000);
    let masked = mask(
        &json!({"a": [{"clientSecret": "s", "credentialDetails": {"x": 1}}], "mine": 4, "q": long}),
        &["Mine".into()],
    );
    assert_eq!(
        masked["a"][0],
        json!({"clientSecret": "***", "credentialDetails": "***"})
    );
    assert_eq!(
        (masked["mine"].clone(), masked["q"]["bytes"].clone()),
        (json!("***"), json!(100_000))
    );
}
