//! Envelope encryption: each sealed value has a fresh data key, wrapped by a key-encryption key with an id.

mod held;
mod keyring;
#[cfg(test)]
mod tests;
mod unsaid;

pub use keyring::{BEGINS as KEY_FILE_BEGINS, KeyId, Keyring, KeyringError};
pub use unsaid::{longest_spelling, without};

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use secrecy::SecretString;
use zeroize::Zeroizing;

use self::held::Held;
use crate::clock::Random;

/// A value sealed for its place alone.
const PLACED: u8 = 1;
/// A value sealed for its place and for what it was given for.
const BOUND: u8 = 2;
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;

/// Where a sealed value lives. It is bound into the seal, so a value moved to another row or column does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
    pub environment: &'a str,
}

/// What a value was given for besides its place, such as the addresses a token may be sent to: it opens for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding([u8; 32]);

impl Binding {
    /// The binding to these facts, in this order.
    pub fn of(facts: &[&str]) -> Self {
        let facts = facts.iter().flat_map(|it| prefixed(it.as_bytes()));
        let digest = digest(&SHA256, &facts.collect::<Vec<u8>>());
        Self(digest.as_ref().try_into().expect("SHA-256 gives 32 bytes"))
    }
}

/// Why a value did not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    #[error("the sealed value names key `{0}`, which is not in the key file")]
    UnknownKey(KeyId),
    #[error("the sealed value does not belong here or was changed")]
    Refused,
}

/// Seals and opens values.
#[derive(Clone)]
pub struct Vault {
    held: Arc<Held>,
    random: Random,
}

impl Vault {
    /// A vault over these keys; the newest one seals.
    pub fn new(keyring: Keyring, random: Random) -> Self {
        Self {
            held: Arc::new(Held::new(keyring, None)),
            random,
        }
    }

    /// The same over keys that were read from `file`, to which a rotation may add while this vault is in use.
    pub fn of_file(keyring: Keyring, file: PathBuf, random: Random) -> Self {
        Self {
            held: Arc::new(Held::new(keyring, Some(file))),
            random,
        }
    }

    /// The keys, by id.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.held.ring()
    }

    /// Takes keys that were added to the file since; called now and then, and whenever a value names an unknown key.
    pub fn look_for_keys(&self) {
        self.held.look();
    }

    /// Seals with this key from now on, if it is held here; it is in use elsewhere.
    pub fn begin_to_use(&self, id: &KeyId) {
        self.held.begin_to_use(id);
    }

    /// Encrypts `secret` for `place` under a fresh data key.
    pub fn seal(&self, place: Place<'_>, secret: &[u8]) -> Vec<u8> {
        self.sealed(place, None, secret)
    }

    fn sealed(&self, place: Place<'_>, binding: Option<Binding>, secret: &[u8]) -> Vec<u8> {
        let data_key = Zeroizing::new(self.random.bytes::<KEY_BYTES>());
        let ring = self.keyring();
        let mut out = header(version(binding), ring.active());
        out.extend(self.wrap(&ring, place, &data_key));
        let associated = of_value(place, binding);
        out.extend(encrypt(&data_key, self.random.bytes(), &associated, secret));
        out
    }

    /// Encrypts a text secret.
    pub fn seal_text(&self, place: Place<'_>, secret: &str) -> Vec<u8> {
        self.seal(place, secret.as_bytes())
    }

    /// Encrypts a text secret for `place` and for what it was given for.
    pub fn seal_bound(&self, place: Place<'_>, binding: Binding, secret: &str) -> Vec<u8> {
        self.sealed(place, Some(binding), secret.as_bytes())
    }

    /// Decrypts what [`Vault::seal`] made for the same `place`.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.opened(place, None, sealed)
    }

    fn opened(
        &self,
        place: Place<'_>,
        binding: Option<Binding>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let parts = split(sealed)?;
        let data_key = self.unwrap(&parts.key, place, parts.wrapped)?;
        if parts.version != version(binding) {
            return Err(OpenError::Refused);
        }
        decrypt(&data_key, &of_value(place, binding), parts.value)
    }

    /// Decrypts a text secret.
    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<SecretString, OpenError> {
        text(&self.open(place, sealed)?)
    }

    /// Decrypts what [`Vault::seal_bound`] made for the same `place` and `binding`, and nothing else.
    pub fn open_bound(&self, place: Place<'_>, binding: Binding, sealed: &[u8]) -> Result<SecretString, OpenError> {
        text(&self.opened(place, Some(binding), sealed)?)
    }

    /// The same value wrapped by the active key, without touching the plaintext; `None` when it already is.
    pub fn rewrap(&self, place: Place<'_>, sealed: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
        let parts = split(sealed)?;
        let ring = self.keyring();
        if parts.key == *ring.active() {
            return Ok(None);
        }
        let data_key = self.unwrap(&parts.key, place, parts.wrapped)?;
        let mut out = header(parts.version, ring.active());
        out.extend(self.wrap(&ring, place, &data_key));
        out.extend_from_slice(parts.value);
        Ok(Some(out))
    }

    /// How the cells begin that were sealed for their place alone.
    pub fn unbound_mark() -> [u8; 1] {
        [PLACED]
    }

    /// The id of the key that wraps `sealed`.
    pub fn key_of(sealed: &[u8]) -> Result<KeyId, OpenError> {
        split(sealed).map(|it| it.key)
    }

    /// A message authentication code under a key for `purpose`, made with the active key.
    pub fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        mac_with(self.keyring().active_secret(), purpose, message)
    }

    /// Whether `tag` is the code of `message` under the active key or an older one.
    pub fn verify_mac(&self, purpose: &str, message: &[u8], tag: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        let is_right = |ring: &Keyring| {
            ring.secrets()
                .any(|key| bool::from(mac_with(key, purpose, message).ct_eq(tag)))
        };
        is_right(&self.keyring()) || (self.held.look() && is_right(&self.keyring()))
    }

    /// A 32-byte seed for `purpose`, derived from the oldest key so that a rotation does not change it while it is kept.
    pub fn seed(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let ring = self.keyring();
        let oldest = ring.secrets().next().expect("a ring has at least one key");
        Zeroizing::new(derive(oldest, purpose))
    }

    fn wrap(&self, ring: &Keyring, place: Place<'_>, data_key: &[u8; KEY_BYTES]) -> Vec<u8> {
        encrypt(
            ring.active_secret(),
            self.random.bytes(),
            &associated(b"wrap", place, Some(ring.active())),
            data_key,
        )
    }

    fn unwrap(&self, id: &KeyId, place: Place<'_>, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, OpenError> {
        let ring = self.held.ring_with(id);
        let key = ring.secret(id).ok_or_else(|| {
            self.held.lacks(id);
            OpenError::UnknownKey(id.clone())
        })?;
        let opened = decrypt(key, &associated(b"wrap", place, Some(id)), wrapped)?;
        let bytes: [u8; KEY_BYTES] = opened.as_slice().try_into().map_err(|_| OpenError::Refused)?;
        Ok(Zeroizing::new(bytes))
    }
}

fn version(binding: Option<Binding>) -> u8 {
    binding.map_or(PLACED, |_| BOUND)
}

fn header(version: u8, id: &KeyId) -> Vec<u8> {
    let length = u8::try_from(id.0.len()).expect("a key id is at most 32 bytes");
    [&[version, length], id.0.as_bytes()].concat()
}

struct Parts<'a> {
    version: u8,
    key: KeyId,
    wrapped: &'a [u8],
    value: &'a [u8],
}

fn split(sealed: &[u8]) -> Result<Parts<'_>, OpenError> {
    let [version @ (PLACED | BOUND), length, rest @ ..] = sealed else {
        return Err(OpenError::Refused);
    };
    let (id, rest) = rest.split_at_checked(usize::from(*length)).ok_or(OpenError::Refused)?;
    let (wrapped, value) = rest
        .split_at_checked(NONCE_BYTES + WRAPPED_BYTES)
        .ok_or(OpenError::Refused)?;
    let id = std::str::from_utf8(id).map_err(|_| OpenError::Refused)?;
    Ok(Parts {
        version: *version,
        key: KeyId(id.to_owned()),
        wrapped,
        value,
    })
}

fn text(bytes: &[u8]) -> Result<SecretString, OpenError> {
    let text = std::str::from_utf8(bytes).map_err(|_| OpenError::Refused)?;
    Ok(SecretString::from(text.to_owned()))
}

fn of_value(place: Place<'_>, binding: Option<Binding>) -> Vec<u8> {
    match binding {
        None => associated(b"value", place, None),
        Some(binding) => [associated(b"bound value", place, None), prefixed(&binding.0)].concat(),
    }
}

fn prefixed(part: &[u8]) -> Vec<u8> {
    [&(part.len() as u64).to_be_bytes(), part].concat()
}

/// Length-prefixed parts, so that no two places give the same bytes.
fn associated(purpose: &[u8], place: Place<'_>, key: Option<&KeyId>) -> Vec<u8> {
    let key = key.map_or("", |it| it.0.as_str());
    let parts = [
        b"gatepost-1",
        purpose,
        place.table.as_bytes(),
        place.column.as_bytes(),
        place.row.as_bytes(),
        place.environment.as_bytes(),
        key.as_bytes(),
    ];
    parts.iter().flat_map(|part| prefixed(part)).collect()
}

fn encrypt(key: &[u8; KEY_BYTES], nonce: [u8; NONCE_BYTES], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes"));
    let mut text = plain.to_vec();
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut text)
        .expect("the value is far below the cipher's limit");
    [&nonce[..], &text].concat()
}

fn decrypt(key: &[u8; KEY_BYTES], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(OpenError::Refused)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Refused)?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| OpenError::Refused)?);
    let mut buffer = Zeroizing::new(text.to_vec());
    let length = cipher
        .open_in_place(nonce, Aad::from(aad), &mut buffer)
        .map_err(|_| OpenError::Refused)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF-SHA256 (RFC 5869) with the purpose as info.
fn derive(key: &[u8; KEY_BYTES], purpose: &str) -> [u8; 32] {
    let mut out = [0; 32];
    Salt::new(HKDF_SHA256, b"gatepost")
        .extract(key)
        .expand(&[purpose.as_bytes()], Bytes32)
        .and_then(|okm| okm.fill(&mut out))
        .expect("32 bytes is a length HKDF gives");
    out
}

fn mac_with(key: &[u8; KEY_BYTES], purpose: &str, message: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &derive(key, purpose));
    hmac::sign(&key, message)
        .as_ref()
        .try_into()
        .expect("HMAC-SHA256 gives 32 bytes")
}
