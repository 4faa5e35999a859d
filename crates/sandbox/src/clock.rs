//! The sandbox's clock: real time, or a set one that a test moves, at any speed.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

/// A clock that can be set, moved and sped up. Everything in the sandbox asks it for the time.
#[derive(Debug)]
pub struct Clock(Mutex<State>);

#[derive(Debug)]
struct State {
    base_ms: i64,
    since: Instant,
    speed: f64,
}

impl Clock {
    /// A clock that follows real time.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the sandbox's own clock, the one place that asks the system"
    )]
    pub fn real() -> Clock {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock::new(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX), 1.0)
    }

    /// A clock that stands at `start_ms` until it is moved.
    pub fn set_at(start_ms: i64) -> Clock {
        Clock::new(start_ms, 0.0)
    }

    fn new(base_ms: i64, speed: f64) -> Clock {
        Clock(Mutex::new(State {
            base_ms,
            since: Instant::now(),
            speed,
        }))
    }

    /// Unix milliseconds now.
    pub fn now_ms(&self) -> i64 {
        self.lock().now_ms()
    }

    /// Unix seconds now.
    pub fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Now as a timestamp.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms()).unwrap_or_default()
    }

    /// Moves the clock by `ms` (backwards when negative).
    pub fn advance(&self, ms: i64) {
        let mut state = self.lock();
        state.base_ms = state.base_ms.saturating_add(ms);
    }

    /// Puts the clock at `ms`; it goes on from there at its speed.
    pub fn set(&self, ms: i64) {
        let mut state = self.lock();
        state.base_ms = ms;
        state.since = Instant::now();
    }

    /// How many sandbox seconds pass in a real one; 0 stands still.
    pub fn speed(&self) -> f64 {
        self.lock().speed
    }

    /// Changes the speed from now on.
    pub fn set_speed(&self, speed: f64) {
        let mut state = self.lock();
        state.base_ms = state.now_ms();
        state.since = Instant::now();
        state.speed = speed;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now_ms(&self) -> i64 {
        let passed_ms = self.since.elapsed().as_secs_f64() * 1000.0 * self.speed;
        self.base_ms.saturating_add(passed_ms as i64)
    }
}
