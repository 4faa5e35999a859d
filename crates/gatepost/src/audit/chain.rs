//! The hash chain: each entry's hash covers its text and the hash before it.

use aws_lc_rs::digest::{SHA256, digest};

use super::{Entry, form};
use crate::clock::Timestamp;
use crate::store::audit::{Head, Row};

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
            let entry = form::write(it, seq, now);
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
