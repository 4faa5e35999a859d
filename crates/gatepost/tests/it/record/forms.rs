//! Entries name the version of their form, and a log of every version there ever was is read.

use std::sync::Arc;

use gatepost::audit::{Audit, Entry, Signer, verify};
use gatepost::clock::Clock;
use serde_json::json;

use super::log::{CHECKPOINTS, database, keep_older_log, older_key, tamper};
use crate::world::World;

#[tokio::test]
async fn every_entry_names_the_version_of_its_form() {
    let world = World::new().await;
    let entries = world.entries().await;
    assert!(!entries.is_empty());
    for entry in entries {
        assert_eq!(entry["form"], 3, "{entry}");
    }
}

/// A log that was written before entries named their form verifies for ever, with its own key and its own checkpoints.
#[tokio::test]
async fn a_log_of_the_first_form_verifies_for_ever() {
    let (_folder, db) = database().await;
    let entries = keep_older_log(&db).await;
    let report = verify(&db, &older_key(), Some(&CHECKPOINTS.into())).await.unwrap();
    assert_eq!(
        (report.entries, report.faults),
        (i64::try_from(entries).unwrap(), vec![])
    );
    tamper(
        &db,
        "UPDATE audit_entries SET entry = replace(entry, 'fixture-secret', 'another') WHERE seq = 30",
    )
    .await;
    let report = verify(&db, &older_key(), Some(&CHECKPOINTS.into())).await.unwrap();
    assert_eq!(report.faults[0].seq, 30);
}

/// Entries of this version go on behind those of an older one.
#[tokio::test]
async fn a_log_of_several_forms_is_one_chain() {
    let (_folder, db) = database().await;
    let older = i64::try_from(keep_older_log(&db).await).unwrap();
    let signer = Arc::new(Signer::new(&[7; 32]));
    let audit = Audit::start(db.clone(), Clock::real(), signer.clone(), None);
    let entry = Entry {
        kind: "test",
        environment: None,
        person: None,
        trace: "t".into(),
        details: json!({}),
    };
    assert_eq!(audit.append(entry).await.unwrap(), older + 1);
    // The older checkpoint is of another key here.
    tamper(&db, "DELETE FROM audit_checkpoints WHERE seq = 1").await;
    let report = verify(&db, &signer.public_key(), None).await.unwrap();
    assert_eq!((report.entries, report.faults), (older + 1, vec![]));
}

#[tokio::test]
async fn a_form_that_is_not_known_is_told_and_never_taken_for_whole() {
    let (_folder, db) = database().await;
    keep_older_log(&db).await;
    tamper(
        &db,
        "UPDATE audit_entries SET entry = replace(entry, '\"kind\":', '\"form\":9,\"kind\":') WHERE seq = 5",
    )
    .await;
    let report = verify(&db, &older_key(), None).await.unwrap();
    assert!(
        report.faults.iter().any(|it| it.seq == 5 && it.what.contains("form 9")),
        "{report:?}"
    );
}
