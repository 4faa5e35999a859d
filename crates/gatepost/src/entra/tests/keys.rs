//! Tests of the key cache: how often it asks, and what it keeps.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::clock::{Clock, Timestamp};
use crate::entra::identity::IdentityProblem;
use crate::entra::keys::Keys;

const HOUR_MS: i64 = 3_600_000;

struct World {
    clock: Clock,
    keys: Keys,
    asked: AtomicUsize,
}

impl World {
    fn new() -> Self {
        let clock = Clock::set(Timestamp(0), 1);
        Self {
            keys: Keys::new(clock.clone()),
            clock,
            asked: AtomicUsize::new(0),
        }
    }

    async fn find(&self, kid: &str, published: Option<&[&str]>) -> Result<(), IdentityProblem> {
        let fetch = || async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            published.map(set)
        };
        self.keys.find("address", kid, fetch).await.map(|_| ())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn set(kids: &[&str]) -> Vec<u8> {
    let modulus = URL_SAFE_NO_PAD.encode([0xab; 256]);
    let keys: Vec<_> = kids
        .iter()
        .map(|kid| json!({"kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": "AQAB"}))
        .collect();
    json!({ "keys": keys }).to_string().into_bytes()
}

/// DOS-10
#[tokio::test]
async fn ten_thousand_unknown_keys_ask_once_in_five_minutes() {
    let world = World::new();
    for n in 0..10_000 {
        assert_eq!(
            world.find(&format!("k{n}"), Some(&["a"])).await,
            Err(IdentityProblem::UnknownKey)
        );
    }
    assert_eq!(world.asked(), 1);
    world.clock.advance_ms(HOUR_MS / 12);
    assert_eq!(world.find("b", Some(&["a", "b"])).await, Ok(()));
    assert_eq!(world.asked(), 2);
}

/// DOS-10
#[tokio::test]
async fn while_no_set_was_ever_had_it_is_asked_for_once_in_five_seconds() {
    let world = World::new();
    for n in 0..10_000 {
        assert_eq!(
            world.find(&format!("k{n}"), None).await,
            Err(IdentityProblem::KeysUnavailable)
        );
    }
    assert_eq!(world.asked(), 1);
    world.clock.advance_ms(5_000);
    assert_eq!(world.find("a", Some(&["a"])).await, Ok(()));
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_goes_and_the_last_good_set_survives_an_outage() {
    let world = World::new();
    assert_eq!(world.find("a", Some(&["a"])).await, Ok(()));
    world.clock.advance_ms(2 * HOUR_MS);
    assert_eq!(world.find("a", None).await, Ok(()), "Microsoft does not answer");
    world.clock.advance_ms(2 * HOUR_MS);
    assert_eq!(world.find("a", Some(&[])).await, Ok(()), "an empty set is not believed");
    world.clock.advance_ms(2 * HOUR_MS);
    assert_eq!(
        world.find("a", Some(&["b"])).await,
        Err(IdentityProblem::UnknownKey),
        "the key was withdrawn"
    );
    world.clock.advance_ms(25 * HOUR_MS);
    assert_eq!(
        world.find("b", None).await,
        Err(IdentityProblem::KeysUnavailable),
        "a day without an answer"
    );
}

#[tokio::test]
async fn an_outage_at_the_start_heals_with_the_first_answer() {
    let world = World::new();
    assert_eq!(world.find("a", None).await, Err(IdentityProblem::KeysUnavailable));
    world.clock.advance_ms(5_000);
    assert_eq!(world.find("a", Some(&["a"])).await, Ok(()));
}
