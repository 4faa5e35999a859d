//! Canonical entries, the hash chain and the signed checkpoints.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Map, Value};

use super::Entry;
use crate::clock::Timestamp;
use crate::store::audit::{Checkpoint, Head, Row};

/// The text that is hashed: one JSON object with sorted keys.
pub(super) fn canonical(entry: &Entry, seq: i64, time: Timestamp) -> String {
    let mut object = Map::new();
    object.insert("details".into(), sorted(&entry.details));
    object.insert(
        "environment".into(),
        entry
            .environment
            .as_ref()
            .map_or(Value::Null, |it| Value::from(it.0.clone())),
    );
    object.insert("kind".into(), Value::from(entry.kind));
    object.insert(
        "person".into(),
        entry
            .person
            .as_ref()
            .map_or(Value::Null, |it| Value::from(it.0.clone())),
    );
    object.insert("seq".into(), Value::from(seq));
    object.insert("time".into(), Value::from(time.0));
    object.insert("trace".into(), Value::from(entry.trace.clone()));
    Value::Object(object).to_string()
}

/// The same value with every object's keys in order, whatever map `serde_json` was built with.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            Value::Object(
                keys.into_iter()
                    .map(|key| (key.clone(), sorted(&object[key])))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}

/// `SHA-256(previous hash ‖ entry)`.
pub(super) fn link(previous: &[u8], entry: &str) -> Vec<u8> {
    digest(&SHA256, &[previous, entry.as_bytes()].concat())
        .as_ref()
        .to_vec()
}

/// Puts entries behind `head`, in order.
pub(super) fn chain(head: &Head, entries: &[Entry], now: Timestamp) -> Vec<Row> {
    let mut previous = head.hash.clone();
    (head.seq + 1..)
        .zip(entries)
        .map(|(seq, it)| {
            let entry = canonical(it, seq, now);
            let hash = link(&previous, &entry);
            previous.clone_from(&hash);
            Row {
                seq,
                time: now,
                environment_id: it.environment.as_ref().map(|it| it.0.clone()),
                person_id: it.person.as_ref().map(|it| it.0.clone()),
                kind: it.kind.to_owned(),
                trace: it.trace.clone(),
                entry,
                hash,
            }
        })
        .collect()
}

/// Signs checkpoints with Ed25519 (RFC 8032), so that nobody with the database alone can make the chain anew.
pub struct Signer(Ed25519KeyPair);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// A signer of this seed.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("every 32 bytes are an Ed25519 seed"))
    }

    /// The public half, which may be written down elsewhere.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    pub(super) fn checkpoint(&self, head: &Head, time: Timestamp) -> Checkpoint {
        let signature = self.0.sign(&message(head.seq, time, &head.hash)).as_ref().to_vec();
        Checkpoint {
            seq: head.seq,
            time,
            hash: head.hash.clone(),
            signature,
        }
    }

    pub(super) fn accepts(&self, it: &Checkpoint) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0.public_key().as_ref())
            .verify(&message(it.seq, it.time, &it.hash), &it.signature)
            .is_ok()
    }
}

fn message(seq: i64, time: Timestamp, hash: &[u8]) -> Vec<u8> {
    [
        b"gatepost audit checkpoint 1",
        &seq.to_be_bytes()[..],
        &time.0.to_be_bytes(),
        hash,
    ]
    .concat()
}
