//! Commands that look at the log: they create nothing, need no key of the vault, and know a gap that is on record.

use std::path::Path;
use std::process::{Command, Stdio};

use gatepost::store::Db;
use gatepost::store::audit;

use super::log::tamper;
use crate::processes::{gatepost, gatepost_in};
use crate::world::{World, fresh_schema};

/// The exit code of a command, and all it said.
fn said(mut command: Command) -> (Option<i32>, String) {
    let ended = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let text = [ended.stdout, ended.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    (ended.status.code(), text.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_reads_creates_nothing_and_fails_on_what_is_not_there() {
    let world = World::in_real_time().await;
    let folder = tempfile::tempdir().unwrap();
    let (typo, empty) = (folder.path().join("typo"), folder.path().join("empty"));
    std::fs::create_dir(&empty).unwrap();
    for arguments in [
        &["audit", "verify"][..],
        &["audit", "export"],
        &["audit", "acknowledge", "--reason", "x"],
        &["keys", "rotate"],
        &["keys", "rewrap"],
        &["backup", "copy.db"],
        &["check"],
        &["user", "add", "--email", "a@example.com", "--name", "A"],
        &["api-key", "add", "--name", "x", "--application"],
    ] {
        for data in [&typo, &empty] {
            let mut command = gatepost_in(&world, data, arguments);
            if matches!(world.app.db, Db::Postgres(_)) {
                let schema = fresh_schema(&world.app.settings.database_url).await;
                command.env("GATEPOST_DATABASE_SCHEMA", schema);
            }
            let (code, told) = said(command);
            assert_eq!(code, Some(1), "{arguments:?}: {told}");
            assert!(!told.contains("whole"), "{arguments:?}: {told}");
        }
        assert!(!typo.exists(), "{arguments:?} made a folder");
        let made = std::fs::read_dir(&empty).unwrap().count();
        assert_eq!(made, 0, "{arguments:?} made a file");
    }
}

/// The command as a user who may read the files and write nowhere there, if this test may choose users.
fn as_nobody(command: Command) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    if !is_root {
        return command;
    }
    let mut other = Command::new("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    other
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir("/");
    for (name, value) in command.get_envs() {
        other.env(name, value.unwrap_or_default());
    }
    other
}

fn readable(folder: &Path) {
    for file in std::fs::read_dir(folder).unwrap() {
        std::fs::set_permissions(
            file.unwrap().path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o444),
        )
        .unwrap();
    }
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o555)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_checked_without_the_vaults_keys_where_nothing_can_be_written() {
    let world = World::in_real_time().await;
    world.app.audit.flush().await;
    let key = world.app.signer.public_key().to_string();
    // Under a folder that others may enter.
    let folder = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
    let data = folder.path().join("copy");
    std::fs::create_dir(&data).unwrap();
    if matches!(world.app.db, Db::Sqlite(_)) {
        let (code, told) = said(gatepost(
            &world,
            &["backup", data.join("gatepost.db").to_str().unwrap()],
        ));
        assert_eq!(code, Some(0), "{told}");
    }
    for file in ["audit-checkpoints.txt", "audit-checkpoints.head"] {
        std::fs::copy(world.app.settings.data.join(file), data.join(file)).unwrap();
    }
    readable(&data);
    readable_from_above(folder.path());
    let (code, told) = said(as_nobody(gatepost_in(
        &world,
        &data,
        &["audit", "verify", "--public-key", &key],
    )));
    assert!(code == Some(0) && told.contains("The log is whole."), "{told}");
    let (code, told) = said(as_nobody(gatepost_in(&world, &data, &["audit", "export"])));
    assert!(code == Some(0) && told.contains("\"form\":3"), "{told}");
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let (code, told) = said(gatepost_in(&world, &data, &["audit", "verify", "--public-key", other]));
    assert!(code == Some(1) && told.contains("not ours"), "{told}");
    assert_eq!(
        std::fs::read_dir(&data).unwrap().count(),
        if matches!(world.app.db, Db::Sqlite(_)) { 3 } else { 2 }
    );
}

fn readable_from_above(folder: &Path) {
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// BAK-06
#[tokio::test(flavor = "multi_thread")]
async fn entries_that_a_standby_lost_are_told_until_somebody_says_so_on_record() {
    let world = World::in_real_time().await;
    world.app.audit.flush().await;
    let older = audit::head(&world.app.db).await.unwrap().unwrap();
    for name in ["One", "Two", "Three"] {
        gatepost::admin::create_group(&world.app, &world.owner_caller(), name)
            .await
            .unwrap();
    }
    world.app.audit.flush().await;
    let until = audit::head(&world.app.db).await.unwrap().unwrap().seq;
    // As a standby that was three entries behind has it.
    tamper(&world.app.db, "DELETE FROM audit_entries WHERE kind = 'group.created'").await;
    let mut tx = world.app.db.begin().await.unwrap();
    audit::append(&mut tx, &[], &older).await.unwrap();
    tx.commit().await.unwrap();
    let verify = || said(gatepost(&world, &["audit", "verify"]));
    let (code, told) = verify();
    assert!(code == Some(1) && told.contains("audit acknowledge"), "{told}");
    // Gateways go on meanwhile.
    gatepost::admin::create_group(&world.app, &world.owner_caller(), "Four")
        .await
        .unwrap();
    world.app.audit.flush().await;
    let (code, told) = verify();
    assert!(code == Some(1) && told.contains(&format!("up to {until}")), "{told}");
    let (code, told) = said(gatepost(
        &world,
        &["audit", "acknowledge", "--reason", "the standby was behind"],
    ));
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = verify();
    assert!(
        code == Some(0) && told.contains("whole, with an acknowledged gap after entry"),
        "{told}"
    );
    let known = world.entries_of("audit.gap_acknowledged").await;
    assert_eq!(known.len(), 1, "one in each environment's view");
    assert_eq!(known[0]["environment"], world.environment.0);
    assert_eq!(known[0]["details"]["until"], until);
    let (code, told) = said(gatepost(&world, &["audit", "acknowledge", "--reason", "again"]));
    assert!(code == Some(1) && told.contains("nothing to acknowledge"), "{told}");
    // What is changed later is no part of that gap.
    tamper(
        &world.app.db,
        "UPDATE audit_entries SET trace = 'x' WHERE kind = 'group.created'",
    )
    .await;
    assert_eq!(verify().0, Some(1));
}

/// BAK-06
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_put_back_says_on_record_which_entries_came_after_it() {
    let world = World::in_real_time().await;
    if !matches!(world.app.db, Db::Sqlite(_)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let (code, told) = said(gatepost(&world, &["backup", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{told}");
    let after = audit::head(&world.app.db).await.unwrap().unwrap().seq;
    gatepost::admin::create_group(&world.app, &world.owner_caller(), "Lost")
        .await
        .unwrap();
    world.app.audit.flush().await;
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for file in ["audit-checkpoints.txt", "audit-checkpoints.head", "vault.keys"] {
        std::fs::copy(world.app.settings.data.join(file), elsewhere.join(file)).unwrap();
    }
    let (code, told) = said(gatepost_in(&world, &elsewhere, &["restore", copy.to_str().unwrap()]));
    assert!(
        code == Some(0) && told.contains(&format!("after {after}, up to {}", after + 1)),
        "{told}"
    );
    let (code, told) = said(gatepost_in(&world, &elsewhere, &["audit", "verify"]));
    assert!(
        code == Some(0) && told.contains(&format!("acknowledged gap after entry {after}")),
        "{told}"
    );
    let db = Db::sqlite(&elsewhere.join("gatepost.db")).await.unwrap();
    let rows = audit::after(&db, after, 10).await.unwrap();
    let kinds: Vec<&str> = rows.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["audit.gap_acknowledged", "installation.restored"]);
    assert!(
        rows.iter()
            .all(|it| it.environment_id.as_deref() == Some(&world.environment.0))
    );
}

/// A copy put back where only the checkpoints were kept is no log with a missing end.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_without_the_file_of_the_head_is_no_false_alarm() {
    let world = World::in_real_time().await;
    if !matches!(world.app.db, Db::Sqlite(_)) {
        return;
    }
    world.app.audit.flush().await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    assert_eq!(said(gatepost(&world, &["backup", copy.to_str().unwrap()])).0, Some(0));
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for file in ["audit-checkpoints.txt", "vault.keys"] {
        std::fs::copy(world.app.settings.data.join(file), elsewhere.join(file)).unwrap();
    }
    let (code, told) = said(gatepost_in(&world, &elsewhere, &["restore", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = said(gatepost_in(&world, &elsewhere, &["audit", "verify"]));
    assert!(code == Some(0) && told.contains("The log is whole."), "{told}");
    // Taken away after that, it is missed.
    std::fs::remove_file(elsewhere.join("audit-checkpoints.head")).unwrap();
    for command in [&["audit", "verify"][..], &["check"]] {
        let (code, told) = said(gatepost_in(&world, &elsewhere, command));
        assert!(code == Some(1) && told.contains("newest head is missing"), "{told}");
    }
}

/// What older gateways put into the log in clear is counted and named, by the catalogue's places.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_counts_older_entries_that_hold_a_secret() {
    let (folder, db) = super::log::database().await;
    super::log::keep_older_log(&db).await;
    let found = gatepost::audit::old_secrets(&db, catalogue::Catalogue::builtin())
        .await
        .unwrap();
    assert_eq!((found.entries, found.first), (2, Some(21)), "{found:?}");
    assert_eq!(found.operations, ["datasets.update_parameters"]);
    drop(folder);
}
