//! The keys a running vault holds, and the file in which others may have added more.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use super::{KeyId, Keyring};

/// What a file looked like when it was last read.
type Seen = Option<(SystemTime, u64)>;

/// A ring that can be replaced by a longer one.
pub(super) struct Held {
    ring: RwLock<Arc<Keyring>>,
    file: Option<(PathBuf, Mutex<Seen>)>,
    /// Keys that were missed and said to be.
    told: Mutex<HashSet<KeyId>>,
}

const MOST_TOLD: usize = 100;

impl Held {
    pub(super) fn new(ring: Keyring, file: Option<PathBuf>) -> Self {
        Self {
            ring: RwLock::new(Arc::new(ring)),
            file: file.map(|path| (path, Mutex::default())),
            told: Mutex::default(),
        }
    }

    pub(super) fn ring(&self) -> Arc<Keyring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ring that knows `id`, after a look into the file if need be.
    pub(super) fn ring_with(&self, id: &KeyId) -> Arc<Keyring> {
        let ring = self.ring();
        if ring.secret(id).is_some() {
            return ring;
        }
        // Whether by this look or by another's at the same moment: what is held afterwards counts.
        self.look();
        self.ring()
    }

    /// Takes keys that were added to the file; whether there were any. A file that did not change is not read again, so that
    /// made-up key ids cost no more than a question for its time.
    ///
    /// Invariant: a key once held is never dropped or replaced while the process runs.
    pub(super) fn look(&self) -> bool {
        let Some((path, seen)) = &self.file else { return false };
        let now = fs::metadata(path)
            .ok()
            .and_then(|it| Some((it.modified().ok()?, it.len())));
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() || *seen == now {
            return false;
        }
        *seen = now;
        let added = match Keyring::read(path) {
            Ok(ring) => ring,
            Err(error) => {
                tracing::error!(%error, "the vault's keys changed and cannot be read; those known are used on");
                return false;
            }
        };
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let is_longer = ring.ids().count() < added.ids().count();
        let is_moved_on = added.active() != ring.active();
        if !(is_longer || is_moved_on) || !added.holds_all_of(&ring) {
            return false;
        }
        tracing::info!(seals = %added.active(), "the vault's keys have changed; those added since are known now");
        *ring = Arc::new(added);
        true
    }

    /// Begins to seal with a key that is known here and that the database says is in use.
    pub(super) fn begin_to_use(&self, id: &KeyId) {
        if !self.ring().is_only_known(id) {
            return;
        }
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        // The ring has no copy of its own: its keys exist once, so it is read again from its own text.
        if let Ok(mut longer) = Keyring::parse(&ring.text())
            && longer.begin_to_use(id)
        {
            tracing::info!(key = %id, "the vault seals with this key from now on");
            *ring = Arc::new(longer);
        }
    }

    /// Says once that a value names a key that is not here.
    pub(super) fn lacks(&self, id: &KeyId) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST_TOLD && told.insert(id.clone()) {
            tracing::error!("this process does not hold vault key {id}; give it the key");
        }
    }
}
