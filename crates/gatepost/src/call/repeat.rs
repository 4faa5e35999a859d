//! What to do after a call that brought no answer worth passing on: which repeats are safe, and how long to wait first.

use catalogue::{Method, Operation};

use super::LONGEST_WAIT_MS;
use crate::app::App;
use crate::powerbi::{Kind, PowerBiFailure, SendError};
use crate::store::connections::Connection;

/// A read that failed by chance is repeated this often.
const MOST_REPEATS: u32 = 2;
const FIRST_PAUSE_MS: u64 = 200;
/// A 403 that says nothing is worth a refresh when the token is this close to its end.
const NEAR_THE_END_MS: i64 = 10 * 60 * 1000;

/// What was tried for one call so far.
pub(super) struct Tries<'a> {
    app: &'a App,
    /// A body that is gone cannot be sent again.
    may_repeat: bool,
    /// A repeat of it changes nothing that the first try may have done.
    is_read: bool,
    is_token_old: bool,
    refreshed: bool,
    waited_ms: i64,
    repeats: u32,
}

/// The next step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Refresh,
    /// The service refused before it began, and said for how long.
    Wait {
        ms: u64,
    },
    /// Something failed by chance.
    Repeat {
        ms: u64,
    },
    Done,
}

impl<'a> Tries<'a> {
    pub(super) fn new(app: &'a App, connection: &Connection, operation: &Operation, may_repeat: bool) -> Self {
        Self {
            app,
            may_repeat,
            is_read: operation.method == Method::Get,
            is_token_old: connection.access_expires_at.since_ms(app.clock.now()) < NEAR_THE_END_MS,
            refreshed: false,
            waited_ms: 0,
            repeats: 0,
        }
    }

    /// Whether the service was waited for as it asked.
    pub(super) fn has_waited(&self) -> bool {
        0 < self.waited_ms
    }

    /// A stale token is refreshed once (403 at Power BI; 401 is a matter of rights). What was refused before it began may
    /// be sent again after a short pause, a write too; a fault in the middle is repeated for reads alone.
    pub(super) fn after_refusal(&mut self, failure: &PowerBiFailure) -> Next {
        if !self.may_repeat {
            return Next::Done;
        }
        let is_stale = failure.kind == Kind::TokenExpired || (failure.may_be_a_stale_token() && self.is_token_old);
        if is_stale && !self.refreshed {
            self.refreshed = true;
            return Next::Refresh;
        }
        match (failure.status, failure.retry_after_s) {
            (429 | 503, Some(seconds)) => self.wait(seconds),
            (500 | 502 | 503 | 504, _) => self.repeat(self.is_read),
            _ => Next::Done,
        }
    }

    /// Nothing was sent when nobody was there; what broke in the middle may have been done.
    pub(super) fn after_failure(&mut self, error: SendError) -> Next {
        match error {
            SendError::Unreachable => self.repeat(self.may_repeat),
            SendError::Broken | SendError::Truncated => self.repeat(self.is_read && self.may_repeat),
            _ => Next::Done,
        }
    }

    fn wait(&mut self, seconds: u64) -> Next {
        let ms = i64::try_from(seconds.max(1).saturating_mul(1000)).unwrap_or(i64::MAX);
        let jitter = i64::try_from(self.app.clock.random().below(250)).unwrap_or(0);
        let waited_ms = self.waited_ms.saturating_add(ms);
        if LONGEST_WAIT_MS < waited_ms {
            return Next::Done;
        }
        self.waited_ms = waited_ms;
        Next::Wait {
            ms: u64::try_from(ms + jitter).unwrap_or(0),
        }
    }

    fn repeat(&mut self, is_safe: bool) -> Next {
        if !is_safe || MOST_REPEATS <= self.repeats || !self.app.budgets.may_repeat() {
            return Next::Done;
        }
        self.repeats += 1;
        let pause_ms = FIRST_PAUSE_MS << (2 * (self.repeats - 1));
        Next::Repeat {
            ms: pause_ms + self.app.clock.random().below(pause_ms),
        }
    }
}
