//! Refreshes of semantic models, as a function of time.

use uuid::Uuid;

/// One refresh. What it is at a moment follows from the clock alone.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Id.
    pub id: Uuid,
    /// The number the history shows beside it.
    pub number: u64,
    /// How it was asked for.
    pub via: Via,
    /// When.
    pub started_ms: i64,
    /// One attempt after the other.
    pub attempts: Vec<Attempt>,
    /// When it was cancelled.
    pub cancelled_ms: Option<i64>,
    /// What an enhanced request asked for.
    pub enhanced: Option<Enhanced>,
}

/// One attempt at a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ends.
    pub ends_ms: i64,
    /// How it ends.
    pub end: AttemptEnd,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The rows are in.
    Completed,
    /// Code and words of the failure.
    Failed { code: &'static str, words: &'static str },
    /// The time asked for was over.
    TimedOut,
}

/// How a refresh was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By the plan.
    Scheduled,
    /// In the portal.
    OnDemand,
    /// Over the API with no more than `notifyOption`.
    Api,
    /// Over the API with more than that.
    EnhancedApi,
}

/// What an enhanced refresh asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enhanced {
    /// `Full`, `Calculate` …
    pub kind: &'static str,
    /// `Transactional` or `PartialBatch`.
    pub commit_mode: &'static str,
    /// Tables and partitions; empty means all.
    pub objects: Vec<Object>,
}

/// A table, or one partition of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Table name.
    pub table: String,
    /// Partition name.
    pub partition: Option<String>,
}

/// What a refresh is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Accepted.
    NotStarted,
    /// Under way, in that attempt (from 0).
    InProgress { attempt: usize },
    /// Ended well.
    Completed { at_ms: i64 },
    /// Ended badly.
    Failed {
        at_ms: i64,
        code: &'static str,
        words: &'static str,
    },
    /// Ran out of time.
    TimedOut { at_ms: i64 },
    /// Stopped by somebody.
    Cancelled { at_ms: i64 },
}

impl Via {
    /// The word of the refresh history.
    pub fn name(self) -> &'static str {
        match self {
            Via::Scheduled => "Scheduled",
            Via::OnDemand => "OnDemand",
            Via::Api => "ViaApi",
            Via::EnhancedApi => "ViaEnhancedApi",
        }
    }
}

impl Refresh {
    const QUEUED_MS: i64 = 500;

    /// What it is at `now_ms`.
    pub fn phase(&self, now_ms: i64) -> Phase {
        if let Some(at_ms) = self.cancelled_ms {
            return Phase::Cancelled { at_ms };
        }
        if now_ms < self.started_ms + Self::QUEUED_MS {
            return Phase::NotStarted;
        }
        if let Some(attempt) = self.attempts.iter().position(|attempt| now_ms < attempt.ends_ms) {
            return Phase::InProgress { attempt };
        }
        match self.attempts.last() {
            Some(Attempt {
                ends_ms,
                end: AttemptEnd::Failed { code, words },
            }) => Phase::Failed {
                at_ms: *ends_ms,
                code,
                words,
            },
            Some(Attempt {
                ends_ms,
                end: AttemptEnd::TimedOut,
            }) => Phase::TimedOut { at_ms: *ends_ms },
            Some(Attempt {
                ends_ms,
                end: AttemptEnd::Completed,
            }) => Phase::Completed { at_ms: *ends_ms },
            None => Phase::Completed { at_ms: self.started_ms },
        }
    }

    /// Not ended at `now_ms`.
    pub fn is_running(&self, now_ms: i64) -> bool {
        matches!(self.phase(now_ms), Phase::NotStarted | Phase::InProgress { .. })
    }
}

impl Phase {
    /// The word of the refresh history, where running is `Unknown`.
    pub fn status(self) -> &'static str {
        match self {
            Phase::NotStarted | Phase::InProgress { .. } => "Unknown",
            Phase::Completed { .. } => "Completed",
            Phase::Failed { .. } | Phase::TimedOut { .. } => "Failed",
            Phase::Cancelled { .. } => "Cancelled",
        }
    }

    /// The finer word of the refresh detail.
    pub fn extended_status(self) -> &'static str {
        match self {
            Phase::NotStarted => "NotStarted",
            Phase::InProgress { .. } => "InProgress",
            Phase::Completed { .. } => "Completed",
            Phase::Failed { .. } => "Failed",
            Phase::TimedOut { .. } => "TimedOut",
            Phase::Cancelled { .. } => "Cancelled",
        }
    }

    /// When it ended.
    pub fn ended_ms(self) -> Option<i64> {
        match self {
            Phase::NotStarted | Phase::InProgress { .. } => None,
            Phase::Completed { at_ms }
            | Phase::Failed { at_ms, .. }
            | Phase::TimedOut { at_ms }
            | Phase::Cancelled { at_ms } => Some(at_ms),
        }
    }
}
