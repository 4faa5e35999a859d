//! What was taken of one rate limit lately, and when there is room again.

use catalogue::Window;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The service asks for pauses of minutes; longer ones are asked for again.
const LONGEST_CLOSED_MS: i64 = 60 * 60 * 1000;

/// Blocks of calls that were taken, oldest first, and a time until which the service wants none.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Log {
    /// The moment until which a block's calls may leave, and how many they are.
    taken: Vec<(Timestamp, u32)>,
    closed_until: Option<Timestamp>,
}

impl Log {
    /// Notes `calls` calls that may leave until `until`.
    ///
    /// Invariant: a block counts as if all of it left at its last moment, so that no window ever holds too many.
    pub(super) fn take(&mut self, until: Timestamp, calls: u32) {
        self.taken.push((until, calls));
    }

    /// Notes that the service wants no call before `until`.
    pub(super) fn close(&mut self, until: Timestamp) {
        self.closed_until = self.closed_until.max(Some(until));
    }

    /// Forgets what no window counts any more.
    pub(super) fn forget(&mut self, windows: &[Window], now: Timestamp) {
        let longest = windows.iter().map(length_ms).max().unwrap_or(0);
        // What lies further ahead than anything may was noted by a clock that was ahead.
        let is_ahead = |until: Timestamp, most_ms| now < until.plus_ms(longest) && until.since_ms(now) <= most_ms;
        self.taken.retain(|(until, _)| is_ahead(*until, longest));
        self.closed_until = self
            .closed_until
            .filter(|until| now < *until && until.since_ms(now) <= LONGEST_CLOSED_MS);
    }

    /// How many calls may leave now.
    pub(super) fn room(&self, windows: &[Window], now: Timestamp) -> u32 {
        if self.closed_until.is_some_and(|until| now < until) {
            return 0;
        }
        let left = |it: &Window| it.calls.saturating_sub(self.counted(it, now));
        windows.iter().map(left).min().unwrap_or(0)
    }

    /// Milliseconds until one call may leave.
    pub(super) fn wait_ms(&self, windows: &[Window], now: Timestamp) -> i64 {
        let closed = self.closed_until.map_or(0, |until| until.since_ms(now));
        let waits = windows.iter().map(|it| self.wait_for(it, now));
        waits.max().unwrap_or(0).max(closed).max(0)
    }

    /// When nothing here counts any more.
    pub(super) fn end(&self, windows: &[Window], now: Timestamp) -> Timestamp {
        let longest = windows.iter().map(length_ms).max().unwrap_or(0);
        let counted = self.taken.iter().map(|(until, _)| until.plus_ms(longest));
        counted.chain(self.closed_until).max().unwrap_or(now)
    }

    fn counted(&self, window: &Window, now: Timestamp) -> u32 {
        let counts = |(until, _): &&(Timestamp, u32)| now < until.plus_ms(length_ms(window));
        self.taken.iter().filter(counts).map(|(_, calls)| calls).sum()
    }

    fn wait_for(&self, window: &Window, now: Timestamp) -> i64 {
        let mut over = (self.counted(window, now) + 1).saturating_sub(window.calls);
        let mut ends: Vec<_> = self
            .taken
            .iter()
            .map(|(until, calls)| (until.plus_ms(length_ms(window)), *calls))
            .collect();
        ends.retain(|(end, _)| now < *end);
        ends.sort_unstable();
        for (end, calls) in ends {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(calls);
            if over == 0 {
                return end.since_ms(now);
            }
        }
        0
    }
}

pub(super) fn length_ms(window: &Window) -> i64 {
    i64::from(window.seconds) * 1000
}
