//! Random bytes: from the operating system, or from a seed in tests.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

/// A source of random bytes. Clones share their state.
#[derive(Clone)]
pub struct Random(Option<Arc<Mutex<StdRng>>>);

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Random(seeded)"
        } else {
            "Random(system)"
        })
    }
}

impl Random {
    pub(super) fn system() -> Self {
        Self(None)
    }

    pub(super) fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// `N` fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.0 {
            Some(rng) => rng
                .lock()
                .expect("no code panics while holding the dice")
                .fill_bytes(&mut out),
            None => aws_lc_rs::rand::fill(&mut out).expect("the operating system gives random bytes"),
        }
        out
    }

    /// 256 random bits as 43 URL-safe characters.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// A whole number below `limit` (which must be above 0); good enough for jitter, not for secrets.
    pub fn below(&self, limit: u64) -> u64 {
        u64::from_le_bytes(self.bytes()) % limit.max(1)
    }
}
