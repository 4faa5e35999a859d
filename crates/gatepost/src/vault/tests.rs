//! Sealing and opening, wrong places, changed bytes, rotation.

use proptest::prelude::*;

use super::{Binding, Keyring, OpenError, Place, Vault};
use crate::clock::{Clock, Timestamp};

const HERE: Place<'_> = Place {
    table: "connections",
    column: "refresh_sealed",
    row: "1",
    environment: "e",
};

fn clock() -> Clock {
    Clock::set(Timestamp(1_790_000_000_000), 7)
}

fn vault() -> Vault {
    Vault::new(Keyring::fresh(&clock()), clock().random().clone())
}

proptest! {
    #[test]
    fn what_is_sealed_opens_at_the_same_place(secret: Vec<u8>) {
        let vault = vault();
        prop_assert_eq!(vault.open(HERE, &vault.seal(HERE, &secret)).unwrap().to_vec(), secret);
    }
}

#[test]
fn a_value_moved_to_another_row_column_table_or_environment_does_not_open() {
    let vault = vault();
    let sealed = vault.seal(HERE, b"secret");
    for elsewhere in [
        Place { row: "2", ..HERE },
        Place {
            column: "access_sealed",
            ..HERE
        },
        Place {
            table: "integrations",
            ..HERE
        },
        Place {
            environment: "f",
            ..HERE
        },
        Place {
            table: "connectionsr",
            column: "efresh_sealed",
            ..HERE
        },
    ] {
        assert_eq!(vault.open(elsewhere, &sealed).unwrap_err(), OpenError::Refused);
    }
}

#[test]
fn a_bound_value_opens_for_nothing_else_and_an_unbound_one_for_no_binding() {
    let vault = vault();
    let here = Binding::of(&["https://login.example", "https://api.example", "contoso"]);
    let sealed = vault.seal_bound(HERE, here, "secret");
    let opens = |binding, sealed: &[u8]| vault.open_bound(HERE, binding, sealed).is_ok();
    assert!(opens(here, &sealed));
    for elsewhere in [
        Binding::of(&["https://login.example", "https://api.evil", "contoso"]),
        Binding::of(&["https://login.example", "https://api.examplecontoso", ""]),
        Binding::of(&[]),
    ] {
        assert!(!opens(elsewhere, &sealed));
    }
    assert!(vault.open(HERE, &sealed).is_err() && vault.open_text(HERE, &sealed).is_err());
    let unbound = vault.seal_text(HERE, "secret");
    assert!(!opens(here, &unbound));
    // Saying that it is the other kind makes it none.
    let relabelled = |sealed: &[u8]| [&[3 - sealed[0]], &sealed[1..]].concat();
    assert!(!opens(here, &relabelled(&unbound)));
    assert!(vault.open(HERE, &relabelled(&sealed)).is_err());
}

/// VLT-03, and VLT-13 as far as a changed key id or version goes.
#[test]
fn every_flipped_byte_is_refused() {
    let vault = vault();
    let binding = Binding::of(&["here"]);
    for sealed in [vault.seal(HERE, b"secret"), vault.seal_bound(HERE, binding, "secret")] {
        let opens = |it: &[u8]| vault.open(HERE, it).is_ok() || vault.open_bound(HERE, binding, it).is_ok();
        assert!(opens(&sealed));
        for at in 0..sealed.len() {
            for bit in [1, 2, 3, 0x80] {
                let mut changed = sealed.clone();
                changed[at] ^= bit;
                assert!(!opens(&changed), "byte {at} changed and it still opened");
            }
            assert!(!opens(&sealed[..at]), "cut at {at} and it still opened");
        }
    }
}

#[test]
fn rotation_keeps_old_values_and_rewraps_them() {
    let clock = clock();
    let text = Keyring::fresh(&clock).text().to_string();
    let old = Vault::new(Keyring::parse(&text).unwrap(), clock.random().clone());
    let sealed = old.seal(HERE, b"secret");

    let mut ring = Keyring::parse(&text).unwrap();
    let new_id = ring.add(&clock);
    assert_ne!(*ring.active(), new_id, "it is known before it is used");
    assert!(ring.begin_to_use(&new_id));
    let new = Vault::new(ring, clock.random().clone());
    let rewrapped = new
        .rewrap(HERE, &sealed)
        .unwrap()
        .expect("the value is under the old key");
    assert_eq!(Vault::key_of(&rewrapped).unwrap(), new_id);
    assert_eq!(new.rewrap(HERE, &rewrapped).unwrap(), None);
    assert_eq!(new.open(HERE, &sealed).unwrap().to_vec(), b"secret");
    assert_eq!(new.open(HERE, &rewrapped).unwrap().to_vec(), b"secret");
    let binding = Binding::of(&["here"]);
    let bound = new
        .rewrap(HERE, &old.seal_bound(HERE, binding, "bound"))
        .unwrap()
        .unwrap();
    assert!(new.open_bound(HERE, binding, &bound).is_ok());
    assert!(new.open_bound(HERE, Binding::of(&["there"]), &bound).is_err());
    assert!(matches!(old.open(HERE, &rewrapped).unwrap_err(), OpenError::UnknownKey(id) if id == new_id));
    assert!(new.verify_mac("session", b"m", &old.mac("session", b"m")));
    assert!(!new.verify_mac("other", b"m", &old.mac("session", b"m")));
}

#[test]
fn a_ring_names_the_line_that_is_wrong_and_never_prints_keys() {
    assert_eq!(
        Keyring::parse("# note\nk1:AAAA").unwrap_err().to_string(),
        "line 2 of the vault keys is not `id:base64 of 32 bytes`"
    );
    assert!(Keyring::parse(" \n").is_err());
    let ring = Keyring::fresh(&clock());
    assert!(!format!("{ring:?}").contains(ring.text().split(':').next_back().unwrap().trim()));
}

#[test]
fn a_key_file_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.keys");
    let ring = Keyring::fresh(&clock());
    ring.write(&path, false).unwrap();
    assert_eq!(Keyring::read(&path).unwrap().active(), ring.active());
    assert!(
        ring.write(&path, false).is_err(),
        "an existing key file is never overwritten"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Keyring::read(&path).unwrap_err().to_string().contains("chmod 600"));
    }
}

#[test]
fn a_running_vault_takes_keys_that_were_added_to_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("vault.keys"), clock());
    let ring = Keyring::fresh(&clock);
    ring.write(&path, false).unwrap();
    let running = Vault::of_file(ring, path.clone(), clock.random().clone());
    let before = running.seal(HERE, b"secret");

    let mut longer = Keyring::read(&path).unwrap();
    let added = longer.add(&clock);
    longer.write(&path, true).unwrap();
    running.look_for_keys();
    let sealed = running.seal(HERE, b"still");
    assert_ne!(Vault::key_of(&sealed).unwrap(), added, "known, and not in use");
    let mut longer = Keyring::read(&path).unwrap();
    assert!(longer.is_only_known(&added) && longer.begin_to_use(&added));
    longer.write(&path, true).unwrap();
    let elsewhere = Vault::new(Keyring::read(&path).unwrap(), clock.random().clone());
    let rewrapped = elsewhere.rewrap(HERE, &before).unwrap().unwrap();
    assert_eq!(running.open(HERE, &rewrapped).unwrap().to_vec(), b"secret");
    running.look_for_keys();
    assert_eq!(Vault::key_of(&running.seal(HERE, b"next")).unwrap(), added);
    assert!(running.verify_mac("session", b"m", &elsewhere.mac("session", b"m")));

    // A file that lost a key or holds another under its name is not taken.
    let other = Keyring::fresh(&clock);
    other.write(&path, true).unwrap();
    running.look_for_keys();
    assert_eq!(running.open(HERE, &before).unwrap().to_vec(), b"secret");
}

#[test]
fn a_key_that_was_just_added_is_found_by_all_who_miss_it_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let (path, clock) = (folder.path().join("vault.keys"), clock());
        let ring = Keyring::fresh(&clock);
        ring.write(&path, false).unwrap();
        let running = Vault::of_file(ring, path.clone(), clock.random().clone());
        let mut longer = Keyring::read(&path).unwrap();
        let added = longer.add(&clock);
        assert!(longer.begin_to_use(&added));
        longer.write(&path, true).unwrap();
        let sealed = Vault::new(longer, clock.random().clone()).seal(HERE, b"secret");
        let together = std::sync::Barrier::new(8);
        let open = || {
            together.wait();
            running.open(HERE, &sealed).is_ok()
        };
        let opened: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(opened, [true; 8]);
    }
}
