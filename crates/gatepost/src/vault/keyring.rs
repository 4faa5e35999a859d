//! The key-encryption keys: read from a file or from the environment, named by id, the newest one active.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::clock::Clock;

/// How a key file begins that a gateway wrote.
pub const BEGINS: &str = "# Gatepost vault keys.";

/// Names a key-encryption key, such as `k20261123-1a2b3c4d`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub String);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why the keys could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("cannot read or write the key file {path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("the key file {0} may be read by others; run `chmod 600 {0}`")]
    Readable(String),
    #[error("the key file {0} is a link; name the file itself in vault_keys_file")]
    Link(String),
    #[error(
        "the key file {0} has another owner than the user who runs the gateway; run `chown` so that it belongs to that user, or pass the keys as vault_keys in the environment"
    )]
    Owner(String),
    #[error("line {0} of the vault keys is not `id:base64 of 32 bytes`")]
    Line(usize),
    #[error("the vault keys name `{0}` twice")]
    Twice(KeyId),
    #[error(
        "vault key `{0}`, which would seal, is not random; add a line with another id and the output of `head -c 32 /dev/urandom | base64` behind it, start, and run `gatepost keys rewrap`"
    )]
    Weak(KeyId),
    #[error("the vault keys `{0}` and `{1}` are the same key")]
    Same(KeyId, KeyId),
    #[error("there is no vault key; expected lines of `id:base64 of 32 bytes`")]
    Empty,
}

/// Keys in the order they were added. All of them open; the last one that is in use seals. A key that is only known, written
/// with [`KNOWN`] before it, opens what others seal with it and seals nothing here yet.
pub struct Keyring(Vec<Held>);

struct Held {
    id: KeyId,
    key: Zeroizing<[u8; 32]>,
    is_in_use: bool,
}

/// Before the id of a key that every process shall know before one uses it.
const KNOWN: char = '+';

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl Keyring {
    /// A ring of one fresh key.
    pub fn fresh(clock: &Clock) -> Self {
        let mut ring = Self(Vec::new());
        let id = ring.add(clock);
        ring.begin_to_use(&id);
        ring
    }

    /// Reads lines of `id:base64`; blank lines and lines that begin with `#` are passed over.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<Held> = Vec::new();
        for (at, line) in text.split(['\n', ',']).map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let held = parse_line(line).ok_or(KeyringError::Line(at + 1))?;
            if keys.iter().any(|it| it.id == held.id) {
                return Err(KeyringError::Twice(held.id));
            }
            if let Some(same) = keys.iter().find(|it| bool::from(it.key.ct_eq(&*held.key))) {
                return Err(KeyringError::Same(same.id.clone(), held.id));
            }
            keys.push(held);
        }
        match keys.iter().rfind(|it| it.is_in_use) {
            None => Err(KeyringError::Empty),
            // Older ones still open what they sealed, so that a better one can take over.
            Some(active) if is_weak(&active.key) => Err(KeyringError::Weak(active.id.clone())),
            Some(_) => Ok(Self(keys)),
        }
    }

    /// Reads the key file, which only its owner may read.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let fail = |source| KeyringError::File {
            path: path.display().to_string(),
            source,
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let shown = || path.display().to_string();
            // Whoever may change a link, or owns the file, could put other keys there.
            let it = fs::symlink_metadata(path).map_err(fail)?;
            if it.is_symlink() {
                return Err(KeyringError::Link(shown()));
            }
            if our_user().is_some_and(|ours| ours != it.uid()) {
                return Err(KeyringError::Owner(shown()));
            }
            if it.mode() & 0o077 != 0 {
                return Err(KeyringError::Readable(shown()));
            }
        }
        Self::parse(&Zeroizing::new(fs::read_to_string(path).map_err(fail)?))
    }

    /// Writes the key file for its owner only. `replace` is needed to write over an existing one.
    pub fn write(&self, path: &Path, replace: bool) -> Result<(), KeyringError> {
        let fail = |source| KeyringError::File {
            path: path.display().to_string(),
            source,
        };
        let target = if replace {
            path.with_extension("new")
        } else {
            path.to_owned()
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(!replace).create(true).truncate(replace);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&target).map_err(fail)?;
        file.write_all(self.text().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        if replace {
            fs::rename(&target, path).map_err(fail)
        } else {
            Ok(())
        }
    }

    /// Adds a fresh key, known and not in use yet.
    pub fn add(&mut self, clock: &Clock) -> KeyId {
        let day: String = clock
            .now()
            .rfc3339()
            .chars()
            .take(10)
            .filter(char::is_ascii_digit)
            .collect();
        let id = KeyId(format!("k{day}-{:08x}", u32::from_le_bytes(clock.random().bytes())));
        self.0.push(Held {
            id: id.clone(),
            key: Zeroizing::new(clock.random().bytes()),
            is_in_use: false,
        });
        id
    }

    /// Lets a known key seal from now on, if it is the newest; false when there is no such key.
    pub fn begin_to_use(&mut self, id: &KeyId) -> bool {
        let found = self.0.iter_mut().find(|it| it.id == *id);
        found.map(|it| it.is_in_use = true).is_some()
    }

    /// Whether the key is known and not in use yet.
    pub fn is_only_known(&self, id: &KeyId) -> bool {
        self.0.iter().any(|it| it.id == *id && !it.is_in_use)
    }

    /// The key that seals.
    pub fn active(&self) -> &KeyId {
        &self.newest().id
    }

    fn newest(&self) -> &Held {
        let in_use = self.0.iter().rfind(|it| it.is_in_use);
        in_use.expect("a ring has at least one key in use")
    }

    /// The ids, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.0.iter().map(|it| &it.id)
    }

    /// A value that proves possession of key `id` without telling the key; kept beside the data to notice a wrong key.
    pub fn check_value(&self, id: &KeyId) -> Option<[u8; 32]> {
        self.secret(id).map(|key| super::derive(key, "key check"))
    }

    /// Whether every key of `other` is here under the same id.
    pub(super) fn holds_all_of(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|held| self.secret(&held.id).is_some_and(|it| it.ct_eq(&*held.key).into()))
    }

    pub(super) fn active_secret(&self) -> &[u8; 32] {
        &self.newest().key
    }

    pub(super) fn secret(&self, id: &KeyId) -> Option<&[u8; 32]> {
        self.0.iter().find(|it| it.id == *id).map(|it| &*it.key)
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.0.iter().map(|it| &*it.key)
    }

    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = format!(
            "{BEGINS} Keep this file apart from the database and back it up: without it every connection is lost.\n",
        );
        for held in &self.0 {
            let mark = if held.is_in_use {
                String::new()
            } else {
                KNOWN.to_string()
            };
            text.push_str(&format!("{mark}{}:{}\n", held.id, STANDARD.encode(*held.key)));
        }
        Zeroizing::new(text)
    }
}

/// The user this process runs as, where the system tells it in a file.
#[cfg(unix)]
fn our_user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").ok().map(|it| it.uid())
}

/// Whether a person made this up: of 32 random bytes some 30 differ, fewer than 16 hardly ever, and all are hardly ever letters.
fn is_weak(key: &[u8; 32]) -> bool {
    let different: std::collections::BTreeSet<u8> = key.iter().copied().collect();
    let is_text = key.iter().all(|byte| (b' '..=b'~').contains(byte));
    different.len() < 16 || is_text
}

fn parse_line(line: &str) -> Option<Held> {
    let (is_in_use, line) = line.strip_prefix(KNOWN).map_or((true, line), |rest| (false, rest));
    let (id, key) = line.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if id.is_empty() || 32 < id.len() || !id.chars().all(plain) {
        return None;
    }
    let bytes = Zeroizing::new(STANDARD.decode(key.trim()).ok()?);
    Some(Held {
        id: KeyId(id.to_owned()),
        key: Zeroizing::new(bytes.as_slice().try_into().ok()?),
        is_in_use,
    })
}
