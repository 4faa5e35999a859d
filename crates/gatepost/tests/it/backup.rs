//! Copies of the database: whole, without secrets, useless without keys, and nothing dead lives again (security rows BAK).

use std::process::{Command, Stdio};

use gatepost::store::{Db, connections};
use gatepost::vault::{Keyring, Place, Vault};
use serde_json::Value;

use crate::oauth::{signed, text};
use crate::processes::{Process, gatepost, gatepost_in};
use crate::world::{SECRET, World};

/// The exit code of a command, and what it said.
fn said(mut command: Command) -> (Option<i32>, String) {
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

fn is_sqlite(world: &World) -> bool {
    matches!(world.app.db, Db::Sqlite(_))
}

/// BAK-01, BAK-03, BAK-04, BAK-05
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_put_back_keeps_connections_and_revives_nothing() {
    let mut it = signed().await;
    let code = it.code().await;
    let tokens = it.redeem(&code).await.1;
    let person = gatepost::store::people::find_by_account(
        &it.world.app.db,
        &it.world.environment,
        sandbox::people::CONTOSO,
        sandbox::people::ADA,
    );
    let person = person.await.unwrap().unwrap().id;
    let key = it.world.key(&person).await;
    if !is_sqlite(&it.world) {
        let (code, told) = said(gatepost(&it.world, &["backup", "copy.db"]));
        assert!(code == Some(1) && told.contains("pg_dump"), "{told}");
        let (code, told) = said(gatepost(&it.world, &["restore"]));
        assert_eq!(code, Some(0), "{told}");
        assert!(!it.works(&text(&tokens, "access_token")).await);
        assert_eq!(it.world.get(&key, "/groups").await.status(), 401);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let load = (0..20).map(|_| it.world.get(&key, "/groups"));
    let (answers, backed_up) = tokio::join!(futures_util::future::join_all(load), async {
        said(gatepost(&it.world, &["backup", copy.to_str().unwrap()]))
    });
    assert!(answers.iter().all(|it| it.status() == 200));
    assert_eq!(backed_up.0, Some(0), "{}", backed_up.1);
    let bytes = std::fs::read(&copy).unwrap();
    for secret in [SECRET, &key, &text(&tokens, "access_token"), "eyJ"] {
        assert!(
            !bytes.windows(secret.len()).any(|it| it == secret.as_bytes()),
            "{secret}"
        );
    }
    let (code, told) = said(gatepost(&it.world, &["backup", copy.to_str().unwrap()]));
    assert!(code == Some(1) && told.contains("already"), "{told}");

    let elsewhere = folder.path().join("elsewhere");
    let (code, told) = said(gatepost_in(&it.world, &elsewhere, &["restore", copy.to_str().unwrap()]));
    assert!(code == Some(1) && told.contains("key file"), "without the keys: {told}");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::copy(it.world.app.settings.keys_path(), elsewhere.join("vault.keys")).unwrap();
    let (code, told) = said(gatepost_in(&it.world, &elsewhere, &["restore", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = said(gatepost_in(&it.world, &elsewhere, &["restore", copy.to_str().unwrap()]));
    assert!(code == Some(1) && told.contains("--replace"), "{told}");

    let process = Process::of(gatepost_in(
        &it.world,
        &elsewhere,
        &["serve", "--listen", "127.0.0.1:0"],
    ));
    for dead in [&key, &text(&tokens, "access_token")] {
        let answer = process.get(&it.world, dead, "/powerbi/v1.0/myorg/groups").await;
        assert_eq!(answer.status(), 401);
    }
    drop(process);
    let db = Db::sqlite(&elsewhere.join("gatepost.db")).await.unwrap();
    let vault = Vault::new(
        Keyring::read(&elsewhere.join("vault.keys")).unwrap(),
        it.world.clock.random().clone(),
    );
    let connection = connections::of_person(&db, &person).await.unwrap().remove(0);
    let place = Place {
        table: "connections",
        column: "refresh_sealed",
        row: &connection.id.0,
        environment: &connection.environment_id.0,
    };
    let binding = it.world.binding().await;
    assert!(
        vault
            .open_bound(place, binding, connection.refresh_sealed.as_ref().unwrap())
            .is_ok()
    );
    let entries = gatepost::store::audit::after(&db, 0, 100_000).await.unwrap();
    let last: Value = serde_json::from_str(&entries.last().unwrap().entry).unwrap();
    assert_eq!(last["kind"], "installation.restored");
}

/// BAK-08
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_not_put_back() {
    let world = World::new().await;
    if !is_sqlite(&world) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let (code, told) = said(gatepost(&world, &["backup", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{told}");
    let whole = std::fs::read(&copy).unwrap();
    let mut flipped = whole.clone();
    for at in (4096..flipped.len()).step_by(512) {
        flipped[at] ^= 0xff;
    }
    let half = whole[..whole.len() / 2].to_vec();
    for (what, bytes) in [("cut", half), ("flipped", flipped), ("text", b"no database".to_vec())] {
        std::fs::write(&copy, bytes).unwrap();
        let elsewhere = folder.path().join(what);
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::copy(world.app.settings.keys_path(), elsewhere.join("vault.keys")).unwrap();
        let (code, told) = said(gatepost_in(&world, &elsewhere, &["restore", copy.to_str().unwrap()]));
        assert!(
            code == Some(1) && told.contains("nothing was changed"),
            "{what}: {told}"
        );
        assert!(!elsewhere.join("gatepost.db").exists(), "{what}");
    }
}

/// A folder behind a mistyped name is not made for a file that is no copy, or whose keys are not there; the file stays as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_makes_no_folder_before_its_copy_opens() {
    let world = World::new().await;
    if !is_sqlite(&world) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (copy, typo) = (folder.path().join("copy.db"), folder.path().join("typo"));
    let (code, told) = said(gatepost(&world, &["backup", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{told}");
    let whole = std::fs::read(&copy).unwrap();
    for (bytes, why) in [
        (b"no database".to_vec(), "is damaged"),
        (whole[..whole.len() / 2].to_vec(), "is damaged"),
        (whole.clone(), "there is no key file"),
    ] {
        std::fs::write(&copy, &bytes).unwrap();
        let (code, told) = said(gatepost_in(&world, &typo, &["restore", copy.to_str().unwrap()]));
        assert!(
            code == Some(1) && told.contains(why) && told.contains("nothing was changed"),
            "{told}"
        );
        assert!(!typo.exists(), "{told}");
        assert_eq!(std::fs::read(&copy).unwrap(), bytes);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }
    for arguments in [&["restore"][..], &["restore", "/none"]] {
        assert_eq!(said(gatepost_in(&world, &typo, arguments)).0, Some(1));
        assert!(!typo.exists(), "{arguments:?}");
    }
    // With its keys elsewhere it is put back into a folder that is made.
    let mut command = gatepost_in(&world, &typo, &["restore", copy.to_str().unwrap()]);
    let keys = std::fs::read_to_string(world.app.settings.keys_path()).unwrap();
    let (code, told) = said({
        command.env("GATEPOST_VAULT_KEYS", keys);
        command
    });
    assert!(code == Some(0) && typo.join("gatepost.db").exists(), "{told}");
}
