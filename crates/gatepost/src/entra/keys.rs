//! Microsoft's public signing keys, cached so that a stranger's token cannot make us ask for them again and again.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use serde_json::Value;
use tokio::sync::Mutex;

use super::identity::IdentityProblem;
use crate::clock::{Clock, Timestamp};

const MINUTE_MS: i64 = 60_000;
/// Looked for anew after this long, on the next use.
const STALE_AFTER_MS: i64 = 60 * MINUTE_MS;
/// The last good set still counts for this long when no newer one can be had.
const GONE_AFTER_MS: i64 = 24 * 60 * MINUTE_MS;
/// At most one request per this long, whatever key ids are asked for.
const BETWEEN_REQUESTS_MS: i64 = 5 * MINUTE_MS;
/// The same while no set was ever had: somebody waits for it to sign in.
const BETWEEN_FIRST_REQUESTS_MS: i64 = 5_000;
const MOST_KEYS: usize = 100;
const SMALLEST_MODULUS_BYTES: usize = 256;

/// One published key.
#[derive(Clone)]
pub struct Key {
    pub verifying: DecodingKey,
    /// Whose tokens the key signs, if the set says so; may hold `{tenantid}`.
    pub issuer: Option<String>,
}

/// The cache, by the address of the set.
pub struct Keys {
    clock: Clock,
    sets: Mutex<HashMap<String, Arc<Mutex<KeySet>>>>,
}

#[derive(Default)]
struct KeySet {
    keys: HashMap<String, Key>,
    fetched_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

impl Keys {
    /// Nothing fetched yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            sets: Mutex::default(),
        }
    }

    /// The key named `kid` of the set at `address`; `fetch` is called only when the rules of the cache allow.
    pub async fn find<F>(&self, address: &str, kid: &str, fetch: impl FnOnce() -> F) -> Result<Key, IdentityProblem>
    where
        F: Future<Output = Option<Vec<u8>>>,
    {
        let set = Arc::clone(self.sets.lock().await.entry(address.to_owned()).or_default());
        let mut set = set.lock().await;
        let now = self.clock.now();
        if set.wants_asking(kid, now) {
            set.asked_at = Some(now);
            if let Some(keys) = fetch().await.as_deref().and_then(parse) {
                set.keys = keys;
                set.fetched_at = Some(now);
                set.asked_at = Some(now);
            }
        }
        match set.age_ms(now) {
            Some(age) if age < GONE_AFTER_MS => set.keys.get(kid).cloned().ok_or(IdentityProblem::UnknownKey),
            _ => Err(IdentityProblem::KeysUnavailable),
        }
    }
}

impl KeySet {
    fn age_ms(&self, now: Timestamp) -> Option<i64> {
        self.fetched_at.map(|it| now.since_ms(it))
    }

    fn wants_asking(&self, kid: &str, now: Timestamp) -> bool {
        let asked_within = |ms| self.asked_at.is_some_and(|it| now.since_ms(it) < ms);
        let Some(age) = self.age_ms(now) else {
            return !asked_within(BETWEEN_FIRST_REQUESTS_MS);
        };
        !asked_within(BETWEEN_REQUESTS_MS) && (STALE_AFTER_MS <= age || !self.keys.contains_key(kid))
    }
}

/// The usable keys of a published set; `None` if there is none, so that a broken answer does not replace a good set.
fn parse(body: &[u8]) -> Option<HashMap<String, Key>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let published = value.get("keys")?.as_array()?;
    let keys: HashMap<_, _> = published.iter().take(MOST_KEYS).filter_map(key).collect();
    (!keys.is_empty()).then_some(keys)
}

fn key(value: &Value) -> Option<(String, Key)> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let signs = text("use").is_none_or(|it| it == "sig") && text("alg").is_none_or(|it| it == "RS256");
    let (kid, modulus, exponent) = (text("kid")?, text("n")?, text("e")?);
    // Four characters of base64 are three bytes.
    let is_long = SMALLEST_MODULUS_BYTES <= modulus.len() * 3 / 4;
    if text("kty")? != "RSA" || !signs || kid.is_empty() || !is_long {
        return None;
    }
    let verifying = DecodingKey::from_rsa_components(modulus, exponent).ok()?;
    Some((
        kid.to_owned(),
        Key {
            verifying,
            issuer: text("issuer").map(str::to_owned),
        },
    ))
}
