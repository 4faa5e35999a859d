//! Whoever has the database, and not the key, changes nothing in the log without being found.

use aws_lc_rs::digest::{SHA256, digest};
use gatepost::audit::{Report, Signer, verify};
use gatepost::store::Db;
use gatepost::store::audit::{self, Head, Row};

use super::log::{Log, tamper};

fn first(report: &Report) -> Option<i64> {
    report.faults.first().map(|it| it.seq)
}

#[tokio::test]
async fn a_whole_log_verifies() {
    let log = Log::of(50).await;
    let report = log.verify().await;
    assert_eq!((report.entries, report.faults), (50, vec![]));
    assert!(1 <= report.checkpoints);
}

/// AUD-04
#[tokio::test]
async fn every_kind_of_tampering_is_found_at_its_place() {
    for (statements, seq) in [
        // Each field.
        (vec!["UPDATE audit_entries SET seq = 1007 WHERE seq = 7"], 8),
        (vec!["UPDATE audit_entries SET time = 5 WHERE seq = 7"], 7),
        (vec!["UPDATE audit_entries SET environment_id = 'x' WHERE seq = 7"], 7),
        (vec!["UPDATE audit_entries SET environment_id = NULL WHERE seq = 7"], 7),
        (vec!["UPDATE audit_entries SET person_id = 'x' WHERE seq = 7"], 7),
        (vec!["UPDATE audit_entries SET kind = 'x' WHERE seq = 7"], 7),
        (vec!["UPDATE audit_entries SET trace = 'x' WHERE seq = 7"], 7),
        (
            vec!["UPDATE audit_entries SET entry = replace(entry, '\"a\":6', '\"a\":9') WHERE seq = 7"],
            7,
        ),
        (
            vec!["UPDATE audit_entries SET entry = replace(entry, '\"form\":3,', '') WHERE seq = 7"],
            7,
        ),
        (
            vec!["UPDATE audit_entries SET hash = (SELECT hash FROM audit_entries WHERE seq = 3) WHERE seq = 7"],
            7,
        ),
        // Removed: one, several, the first, the last.
        (vec!["DELETE FROM audit_entries WHERE seq = 7"], 8),
        (vec!["DELETE FROM audit_entries WHERE seq IN (4, 5, 6)"], 7),
        (vec!["DELETE FROM audit_entries WHERE seq = 1"], 2),
        (vec!["DELETE FROM audit_entries WHERE 8 < seq"], 9),
        // Put in: behind the end, with and without the head; doubled in the middle.
        (
            vec![
                "INSERT INTO audit_entries SELECT 11, time, environment_id, person_id, kind, trace, entry, hash FROM audit_entries WHERE seq = 10",
            ],
            11,
        ),
        (
            vec![
                "INSERT INTO audit_entries SELECT 11, time, environment_id, person_id, kind, trace, entry, hash FROM audit_entries WHERE seq = 10",
                "UPDATE audit_head SET seq = 11",
            ],
            11,
        ),
        (
            vec![
                "UPDATE audit_entries SET seq = seq + 1000 WHERE 7 < seq",
                "INSERT INTO audit_entries SELECT 8, time, environment_id, person_id, kind, trace, entry, hash FROM audit_entries WHERE seq = 7",
                "UPDATE audit_entries SET seq = seq - 999 WHERE 1000 < seq",
                "UPDATE audit_head SET seq = 11",
            ],
            8,
        ),
        // Two of them exchanged.
        (
            vec![
                "UPDATE audit_entries SET seq = 1006 WHERE seq = 6",
                "UPDATE audit_entries SET seq = 6 WHERE seq = 7",
                "UPDATE audit_entries SET seq = 7 WHERE seq = 1006",
            ],
            6,
        ),
        // The head: gone, moved, unsigned.
        (vec!["DELETE FROM audit_head"], 1),
        (vec!["UPDATE audit_head SET seq = 12"], 11),
        (vec!["UPDATE audit_head SET signature = NULL"], 10),
        (vec!["UPDATE audit_head SET signed_at = 5"], 10),
        // A checkpoint made up.
        (vec!["UPDATE audit_checkpoints SET seq = 2"], 2),
    ] {
        let log = Log::of(10).await;
        for statement in &statements {
            tamper(&log.db, statement).await;
        }
        let report = log.verify_alone().await;
        assert_eq!(first(&report), Some(seq), "after {statements:?}: {:?}", report.faults);
    }
}

/// AUD-04
#[tokio::test]
async fn a_chain_made_anew_without_the_key_is_found() {
    let log = Log::of(10).await;
    let mut rows = audit::after(&log.db, 0, 100).await.unwrap();
    rows[6].entry = rows[6].entry.replace("\"a\":6", "\"a\":9");
    tamper(&log.db, "DELETE FROM audit_entries").await;
    tamper(&log.db, "DELETE FROM audit_checkpoints").await;
    link_anew(&log.db, rows).await;
    let report = log.verify_alone().await;
    assert!(report.faults[0].what.contains("not signed with this key"), "{report:?}");
    let report = log.verify().await;
    let is_other = |what: &str| what.contains("not the one the checkpoint signed");
    assert!(
        report.faults.iter().any(|it| it.seq == 10 && is_other(&it.what)),
        "the head outside is another one: {report:?}"
    );
}

/// AUD-04: an older form, whose end was not signed, is no way around the signature.
#[tokio::test]
async fn a_chain_made_anew_in_the_first_form_is_found() {
    let log = Log::of(10).await;
    let mut rows = audit::after(&log.db, 0, 100).await.unwrap();
    for row in &mut rows {
        row.entry = row.entry.replace("\"form\":3,", "").replace("\"a\":6", "\"a\":9");
        assert!(!row.entry.contains("form"), "{}", row.entry);
    }
    tamper(&log.db, "DELETE FROM audit_entries").await;
    tamper(&log.db, "DELETE FROM audit_checkpoints").await;
    link_anew(&log.db, rows).await;
    tamper(&log.db, "UPDATE audit_head SET signed_at = NULL, signature = NULL").await;
    let report = log.verify_alone().await;
    assert!(report.faults[0].what.contains("written anew"), "{report:?}");
}

async fn link_anew(db: &Db, mut rows: Vec<Row>) {
    let mut previous = vec![0; 32];
    for row in &mut rows {
        row.hash = digest(&SHA256, &[&previous[..], row.entry.as_bytes()].concat())
            .as_ref()
            .to_vec();
        previous.clone_from(&row.hash);
    }
    let signed = audit::head(db).await.unwrap().unwrap();
    let mut head = Head::of(rows.last().unwrap());
    (head.signed_at, head.signature) = (signed.signed_at, signed.signature);
    let mut tx = db.begin().await.unwrap();
    audit::append(&mut tx, &rows, &head).await.unwrap();
    tx.commit().await.unwrap();
}

/// AUD-05
#[tokio::test]
async fn last_entries_cut_off_and_the_head_set_back_are_found() {
    let log = Log::of(10).await;
    let older = audit::head(&log.db).await.unwrap().unwrap();
    log.write(5).await;
    for statement in [
        "DELETE FROM audit_entries WHERE 10 < seq",
        "DELETE FROM audit_checkpoints WHERE 10 < seq",
        "UPDATE audit_head SET seq = 10, hash = (SELECT hash FROM audit_entries WHERE seq = 10)",
    ] {
        tamper(&log.db, statement).await;
    }
    let report = log.verify_alone().await;
    assert_eq!(first(&report), Some(10), "without a file outside: {report:?}");
    assert!(report.faults[0].what.contains("may be cut off"), "{report:?}");
    // Whoever kept the head that was signed then can put it back; the newer one outside tells.
    let mut tx = log.db.begin().await.unwrap();
    audit::append(&mut tx, &[], &older).await.unwrap();
    tx.commit().await.unwrap();
    let report = log.verify().await;
    assert_eq!(first(&report), Some(11), "{report:?}");
    assert!(report.faults[0].what.contains("signed entry 15"), "{report:?}");
}

/// AUD-05: with the file of the head taken away and the log cut to its last checkpoint, nothing else would tell.
#[tokio::test]
async fn a_head_file_that_is_missing_is_found() {
    let log = Log::of(10).await;
    let checkpoint = audit::checkpoints(&log.db, 0, 1_000).await.unwrap().pop().unwrap();
    std::fs::remove_file(log.folder.path().join("checkpoints.head")).unwrap();
    for statement in [
        "DELETE FROM audit_entries WHERE 1 < seq",
        "DELETE FROM audit_checkpoints WHERE 1 < seq",
    ] {
        tamper(&log.db, statement).await;
    }
    assert_eq!(checkpoint.seq, 1);
    let mut tx = log.db.begin().await.unwrap();
    audit::append(&mut tx, &[], &Head::signed(&checkpoint)).await.unwrap();
    tx.commit().await.unwrap();
    let report = log.verify().await;
    assert_eq!(first(&report), Some(1), "{report:?}");
    assert!(report.faults[0].what.contains("newest head is missing"), "{report:?}");
}

/// Gateways of the first form kept checkpoints and no head; nothing is missing beside these.
#[tokio::test]
async fn a_log_of_the_first_form_lacks_no_head() {
    let (folder, db) = super::log::database().await;
    super::log::keep_older_log(&db).await;
    let file = folder.path().join("checkpoints.txt");
    std::fs::write(&file, super::log::CHECKPOINTS).unwrap();
    let kept = gatepost::audit::Outside::at(file).read().unwrap().unwrap();
    assert!(kept.lacks_head);
    let report = verify(&db, &super::log::older_key(), Some(&kept)).await.unwrap();
    assert_eq!(report.faults, vec![]);
}

/// AUD-05
#[tokio::test]
async fn an_emptied_log_is_found() {
    let log = Log::of(10).await;
    let empty = [
        "DELETE FROM audit_entries",
        "DELETE FROM audit_checkpoints",
        "DELETE FROM audit_head",
    ];
    for statement in empty {
        tamper(&log.db, statement).await;
    }
    let report = log.verify().await;
    assert!(report.faults[0].what.contains("signed entry 10"), "{report:?}");
    // Without any file outside, people without a log are what remains to be seen.
    let world = crate::world::World::new().await;
    for statement in empty {
        tamper(&world.app.db, statement).await;
    }
    let report = verify(&world.app.db, &world.app.signer.public_key(), None)
        .await
        .unwrap();
    assert!(report.faults[0].what.contains("there are people"), "{report:?}");
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() {
    let log = Log::of(3).await;
    let other = Signer::new(&[8; 32]).public_key();
    let report = verify(&log.db, &other, log.outside.read().unwrap().as_ref())
        .await
        .unwrap();
    assert!(report.faults.iter().any(|it| it.what.contains("signature is not ours")));
    assert!(
        report
            .faults
            .iter()
            .any(|it| it.what.contains("line 1 of the checkpoint file"))
    );
}

/// AUD-03 (half): no way of ours changes or removes what is on record.
#[test]
fn no_statement_of_ours_changes_or_removes_an_entry() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let mut seen = 0;
    let all = [sources.to_owned(), format!("{sources}/db")];
    let all = all.iter().flat_map(|it| std::fs::read_dir(it).unwrap());
    for path in all.map(|it| it.unwrap().path()).filter(|it| it.is_file()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        seen += flat.matches("insert into audit_entries").count();
        for table in ["audit_entries", "audit_checkpoints"] {
            for verb in [
                "update",
                "delete from",
                "truncate",
                "truncate table",
                "drop table",
                "alter table",
                "replace into",
                "merge into",
            ] {
                assert!(
                    !flat.contains(&format!("{verb} {table}")),
                    "{}: {verb} {table}",
                    path.display()
                );
            }
        }
        for verb in ["delete from audit_head", "truncate audit_head", "drop table audit_head"] {
            assert!(!flat.contains(verb), "{}: {verb}", path.display());
        }
    }
    assert_eq!(seen, 1, "one statement adds entries");
}

/// AUD-03 (half): with the rights that docs/audit.md gives, PostgreSQL itself refuses to change or remove an entry.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
async fn the_databases_own_rights_keep_entries_as_they_are() {
    let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
        return;
    };
    let schema = crate::world::fresh_schema(&server).await;
    let owner = Db::postgres(&server, Some(&schema)).await.unwrap();
    gatepost::store::migrate::run(&owner).await.unwrap();
    let role = format!("serving_{schema}");
    for statement in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}"),
        format!("REVOKE UPDATE, DELETE ON audit_entries, audit_checkpoints FROM {role}"),
    ] {
        run(&owner, statement).await.unwrap();
    }
    let mut url = url::Url::parse(&server).unwrap();
    url.set_username(&role).unwrap();
    let serving = Db::postgres(url.as_str(), Some(&schema)).await.unwrap();
    let signer = std::sync::Arc::new(Signer::new(&[7; 32]));
    let audit = gatepost::audit::Audit::start(serving.clone(), gatepost::clock::Clock::real(), signer.clone(), None);
    for at in 0..3 {
        audit.append(super::log::entry(at)).await.unwrap();
    }
    for statement in [
        "UPDATE audit_entries SET trace = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DROP TABLE audit_entries",
        "UPDATE audit_checkpoints SET time = 1",
        "DELETE FROM audit_checkpoints",
    ] {
        let error = run(&serving, statement.to_owned()).await.unwrap_err().to_string();
        assert!(
            error.contains("permission denied") || error.contains("must be owner"),
            "{statement}: {error}"
        );
    }
    let report = verify(&serving, &signer.public_key(), None).await.unwrap();
    assert_eq!((report.entries, report.checkpoints, report.faults), (3, 1, vec![]));
    serving.close().await;
    for statement in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
        run(&owner, statement).await.unwrap();
    }
}

async fn run(db: &Db, statement: String) -> sqlx::Result<()> {
    let statement = sqlx::AssertSqlSafe(statement);
    match db {
        Db::Sqlite(pool) => sqlx::query(statement).execute(pool).await.map(drop),
        Db::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop),
    }
}
