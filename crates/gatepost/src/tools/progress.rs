//! How a tool that takes long tells how far it is.

use std::time::Duration;

const PATIENT: Duration = Duration::from_secs(12 * 60);

/// How far a tool is.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Grows from step to step.
    pub done: f64,
    pub total: Option<f64>,
    pub message: String,
}

/// Where steps are told; a face passes them on to the client.
#[derive(Default)]
pub struct Progress {
    tell: Option<Box<dyn Fn(Step) + Send + Sync>>,
    is_patient: bool,
}

impl Progress {
    /// Nobody wants to know.
    pub fn none() -> Self {
        Self::default()
    }

    /// Calls `tell` with every step; it must not block.
    pub fn to(tell: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self {
            tell: Some(Box::new(tell)),
            is_patient: false,
        }
    }

    /// Whoever listens does not wait for the answer, so that a tool may take its time.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.is_patient = true;
        self
    }

    /// How long a tool may wait for work that goes on elsewhere, when it would otherwise wait for `usual`.
    pub(super) fn longest_wait(&self, usual: Duration) -> Duration {
        if self.is_patient { PATIENT } else { usual }
    }

    /// Tells a step.
    pub fn say(&self, done: f64, total: Option<f64>, message: impl Into<String>) {
        if let Some(tell) = &self.tell {
            tell(Step {
                done,
                total,
                message: message.into(),
            });
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Progress").field(&self.tell.is_some()).finish()
    }
}
