//! Tests of sealed sessions.

use crate::caller::Caller;
use crate::caller::Role;
use crate::caller::ScopeSet;
use crate::caller::Through;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::mcp::session::Session;
use crate::vault::Keyring;
use crate::vault::Vault;

fn caller(person: &str, client: &str) -> Caller {
    Caller {
        environment: "production".into(),
        person: person.into(),
        person_name: person.to_owned(),
        role: Role::Person,
        groups: vec![],
        through: Through::Client {
            client: client.into(),
            name: client.to_owned(),
            grant: "g".into(),
        },
        scopes: ScopeSet::all(),
        authenticated_at: Timestamp(0),
        address: None,
        trace: "t".to_owned(),
    }
}

fn vault() -> (Vault, Clock) {
    let clock = Clock::set(Timestamp(1_790_000_000_000), 1);
    (Vault::new(Keyring::fresh(&clock), clock.random().clone()), clock)
}

#[test]
fn a_session_is_known_to_its_own_caller_only() {
    let (vault, _) = vault();
    let alice = caller("alice", "claude");
    let sealed = Session::new(&alice, "2025-11-25", true).seal(&vault);
    // 2025-11-25, transports: a session id is visible ASCII.
    assert!(sealed.bytes().all(|it| (0x21..=0x7e).contains(&it)), "{sealed}");
    assert!(Session::of(&vault, &alice, &sealed).is_some_and(|it| it.takes_urls));
    assert!(Session::of(&vault, &caller("bob", "claude"), &sealed).is_none());
    assert!(Session::of(&vault, &caller("alice", "cursor"), &sealed).is_none());
    let elsewhere = Caller {
        environment: "test".into(),
        ..caller("alice", "claude")
    };
    assert!(Session::of(&vault, &elsewhere, &sealed).is_none());
}

#[test]
fn a_session_that_was_changed_or_made_up_is_unknown() {
    let (vault, clock) = vault();
    let alice = caller("alice", "claude");
    let sealed = Session::new(&alice, "2025-11-25", true).seal(&vault);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        // The last character of unpadded base64 may hold bits that are no part of the value.
        let is_same = changed == sealed || Session::of(&vault, &alice, &changed).is_none();
        assert!(is_same, "{changed}");
    }
    for made_up in [
        "",
        ".",
        "a",
        "a.b",
        &sealed.repeat(20),
        &format!("{sealed}.x"),
        sealed.split('.').next().unwrap(),
    ] {
        assert!(Session::of(&vault, &alice, made_up).is_none(), "{made_up}");
    }
    let other = Vault::new(Keyring::fresh(&clock), clock.random().clone());
    assert!(Session::of(&other, &alice, &sealed).is_none(), "another gateway's");
}
