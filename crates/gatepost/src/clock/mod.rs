//! The only source of time and randomness, so that tests can set both.

mod random;

pub use random::Random;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment moved by `ms` milliseconds, which may be negative.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This moment moved by `seconds`.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_ms(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this moment.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 text in UTC with milliseconds, such as `2026-11-23T08:00:00.000Z`.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| self.0.to_string(), |it| format!("{it:.3}"))
    }

    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// Tells the time and rolls the dice. Cheap to clone; clones share their state.
#[derive(Clone, Debug)]
pub struct Clock {
    set: Option<Arc<AtomicI64>>,
    random: Random,
}

impl Clock {
    /// The machine's time and the operating system's randomness.
    pub fn real() -> Self {
        Self {
            set: None,
            random: Random::system(),
        }
    }

    /// A clock that stands still at `now` until it is moved, with randomness from `seed`.
    pub fn set(now: Timestamp, seed: u64) -> Self {
        Self {
            set: Some(Arc::new(AtomicI64::new(now.0))),
            random: Random::seeded(seed),
        }
    }

    /// The present moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.set {
            Some(at) => Timestamp(at.load(Ordering::SeqCst)),
            None => Timestamp(jiff::Timestamp::now().as_millisecond()),
        }
    }

    /// Moves a set clock forward; a real clock is not moved.
    pub fn advance_ms(&self, ms: i64) {
        if let Some(at) = &self.set {
            at.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// Waits. A set clock's wait is also over once the clock has been moved past it.
    pub async fn pause(&self, ms: u64) {
        let over = tokio::time::sleep(Duration::from_millis(ms));
        if self.set.is_none() {
            return over.await;
        }
        let end = self.now().plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        let moved = async {
            while self.now() < end {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = over => {}
            () = moved => {}
        }
    }

    /// The dice.
    pub fn random(&self) -> &Random {
        &self.random
    }

    /// A new time-ordered identifier, lower-case, hyphenated.
    pub fn new_id(&self) -> String {
        let ms = u64::try_from(self.now().0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &self.random.bytes::<10>())
            .into_uuid()
            .to_string()
    }
}
