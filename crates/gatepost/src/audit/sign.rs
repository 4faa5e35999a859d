//! Signed checkpoints: what the last entry was at some moment, so that nobody with the database alone can make the chain anew.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::store::audit::{Checkpoint, Head};

/// Signs checkpoints with Ed25519 (RFC 8032).
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
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref();
        PublicKey(bytes.try_into().expect("an Ed25519 public key has 32 bytes"))
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
}

/// What checkpoints are checked with. Its text is base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Whether this is a checkpoint that the other half of the key signed.
    pub(super) fn accepts(&self, it: &Checkpoint) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(&message(it.seq, it.time, &it.hash), &it.signature)
            .is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
        let bytes = bytes.try_into();
        bytes
            .map(Self)
            .map_err(|_| "expected an Ed25519 public key: base64 of 32 bytes")
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
