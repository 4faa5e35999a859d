//! Calls of this process whose entry is open: what is still under way, and ends that the log did not take yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Entry;

/// How far an open call is.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Its request may be on its way.
    Sent,
    /// Its answer is being passed on.
    Streaming,
    /// It has ended, and the log refused the entry that says so.
    Ended(Box<Entry>),
}

/// The open calls of a process, by the sequence number of the entry that opened them.
#[derive(Debug, Default)]
pub struct OpenCalls {
    calls: Mutex<BTreeMap<i64, Standing>>,
    closed: Notify,
}

impl OpenCalls {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<i64, Standing>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how far a call is.
    pub fn note(&self, opened: i64, standing: Standing) {
        self.calls().insert(opened, standing);
        self.closed.notify_waiters();
    }

    /// Forgets a call whose end is on record.
    pub fn close(&self, opened: i64) {
        self.calls().remove(&opened);
        self.closed.notify_waiters();
    }

    /// The oldest of them.
    pub fn oldest(&self) -> Option<i64> {
        self.calls().keys().next().copied()
    }

    /// All of them.
    pub fn all(&self) -> Vec<(i64, Standing)> {
        self.calls().iter().map(|(seq, it)| (*seq, it.clone())).collect()
    }

    /// Waits until none is under way, at most for `patience`.
    pub async fn wait(&self, patience: Duration) {
        let done = async {
            loop {
                let closed = self.closed.notified();
                if self.calls().values().all(|it| matches!(it, Standing::Ended(_))) {
                    return;
                }
                closed.await;
            }
        };
        // Those that are left are recorded as such by whoever waits.
        let _ = tokio::time::timeout(patience, done).await;
    }
}
