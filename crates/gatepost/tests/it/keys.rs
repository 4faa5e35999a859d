//! The vault's keys: known to every process before one uses them, and one value that does not open holds up nobody.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use gatepost::caller::PersonId;
use gatepost::store::connections::{self, Connection};
use gatepost::store::sealed::{self, Column};
use gatepost::vault::{Keyring, Vault};

use crate::processes::{Process, gatepost};
use crate::world::{ADA, BO, World};

const GROUPS: &str = "/powerbi/v1.0/myorg/groups";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn run(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = gatepost(world, arguments);
    let output = command.stdout(std::process::Stdio::piped()).output().unwrap();
    (output.status.code(), said(&output))
}

/// Gives the key file to a replica that has its own.
fn give(world: &World, to: &Path) {
    std::fs::copy(world.app.settings.keys_path(), to).unwrap();
    std::fs::set_permissions(to, Permissions::from_mode(0o600)).unwrap();
}

async fn connection(world: &World, person: &PersonId) -> Connection {
    connections::of_person(&world.app.db, person).await.unwrap().remove(0)
}

/// The id of a fresh key that is known and not used.
fn add(world: &World) -> String {
    let (code, told) = run(world, &["keys", "add"]);
    assert_eq!(code, Some(0), "{told}");
    let id = told.split_whitespace().nth(1).unwrap().to_owned();
    let file = std::fs::read_to_string(world.app.settings.keys_path()).unwrap();
    assert!(file.contains(&format!("+{id}:")), "{told}");
    id
}

async fn keys_in_use(world: &World) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for column in Column::ALL {
        for cell in sealed::cells(&world.app.db, column, "").await.unwrap() {
            named.insert(Vault::key_of(&cell.sealed).unwrap().0);
        }
    }
    named
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_known_to_all_before_one_uses_it_and_whoever_lacks_it_says_so() {
    let world = World::in_real_time().await;
    let ada = world.connect(ADA).await.person;
    let key = world.key(&ada).await;
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.keys");
    give(&world, &own);
    let replica = || {
        let mut command = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
        command.env("GATEPOST_VAULT_KEYS_FILE", &own);
        command
    };
    let process = Process::of(replica());

    let first = add(&world);
    assert!(!keys_in_use(&world).await.contains(&first));
    give(&world, &own);
    let (code, told) = run(&world, &["keys", "use", &first]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(keys_in_use(&world).await, BTreeSet::from([first.clone()]));
    assert_eq!(process.get(&world, &key, GROUPS).await.status(), 200, "it knew the key");

    // Forgotten: this replica was not given the next key.
    let second = add(&world);
    let (code, told) = run(&world, &["keys", "use", &second]);
    assert_eq!(code, Some(0), "{told}");
    let answer = process.get(&world, &key, GROUPS).await;
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(status, 503, "{text}");
    assert!(text.contains(&second) && text.contains("give it the key"), "{text}");
    assert!(
        !text.contains("connects again") && !text.contains("not_connected"),
        "{text}"
    );
    assert_eq!(connection(&world, &ada).await.state, "connected");
    let without_it = std::fs::read(&own).unwrap();

    give(&world, &own);
    assert_eq!(
        process.get(&world, &key, GROUPS).await.status(),
        200,
        "nobody had to connect again"
    );
    drop(process);

    std::fs::write(&own, without_it).unwrap();
    let refused = replica().stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains(&second), "{}", said(&refused));
    give(&world, &own);
    drop(Process::of(replica()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_key_that_nothing_is_sealed_with_stops_no_start() {
    let world = World::in_real_time().await;
    let key = gatepost::store::settings::add_vault_key(&world.app.db, "never-used", &[7; 32], world.clock.now());
    key.await.unwrap();
    drop(Process::start(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_value_that_does_not_open_stops_the_rotation_of_none() {
    let world = World::in_real_time().await;
    let (ada, bo) = (world.connect(ADA).await.person, world.connect(BO).await.person);
    let key = world.key(&ada).await;
    let row = connection(&world, &bo).await;
    let old = row.refresh_sealed.unwrap();
    let mut damaged = old.clone();
    // Behind version, length and the key's id: the wrapped key itself.
    let at = 2 + usize::from(old[1]) + 20;
    damaged[at] ^= 1;
    assert!(
        sealed::replace(&world.app.db, Column::RefreshToken, &row.id.0, &old, &damaged)
            .await
            .unwrap()
    );
    for command in [&["keys", "rotate", "--shared-file"][..], &["keys", "rewrap"]] {
        let (code, told) = run(&world, command);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("1 value did not open"), "{told}");
        assert!(
            told.contains(&format!("connections.refresh_sealed of {}", row.id)),
            "{told}"
        );
    }
    let ring = Keyring::read(&world.app.settings.keys_path()).unwrap();
    let mut left = 0;
    for column in Column::ALL {
        for cell in sealed::cells(&world.app.db, column, "").await.unwrap() {
            left += usize::from(Vault::key_of(&cell.sealed).unwrap() != *ring.active());
        }
    }
    assert_eq!(left, 1, "everything else is under the new key");
    world.app.vault.look_for_keys();
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    drop(Process::start(&world));
}

/// Every column of the migrations that holds something sealed is in the list that a rotation walks over.
#[test]
fn every_sealed_column_of_the_migrations_is_in_the_list_of_the_rotation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut table = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["CREATE" | "ALTER", "TABLE", name, ..] = words.as_slice() {
                (*name).clone_into(&mut table);
            }
            let columns = words
                .iter()
                .filter(|it| it.ends_with("_sealed") && !line.trim_start().starts_with("--"));
            found.extend(columns.map(|it| (table.clone(), (*it).to_owned())));
        }
    }
    let listed = Column::ALL.map(|it| (it.place().0.to_owned(), it.place().1.to_owned()));
    assert!(9 <= found.len(), "{found:?}");
    assert_eq!(found, BTreeSet::from(listed));
}
