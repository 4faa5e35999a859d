//! What a tool answers, as every face of agents shows it.

use serde_json::Value;

use super::fault::{Fault, of_problem};
use crate::call::CallError;
use crate::caller::{ApprovalId, Scope};
use crate::clock::Timestamp;

/// A tool's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What the model reads; content of Power BI in it is data.
    pub text: String,
    /// The same for programs, when the tool lists an output schema.
    pub structured: Option<Value>,
    pub is_error: bool,
    /// There is no such tool for this caller.
    pub unknown: bool,
    /// The arguments do not fit the tool's schema; nothing was done.
    pub invalid: bool,
    /// What was asked for does not exist, or is hidden from this person.
    pub not_found: bool,
    /// The client can mend it by asking the person for more.
    pub auth: Option<Challenge>,
    /// A page of ours on which the person, or somebody they send there, can clear the way.
    pub way: Option<Way>,
}

/// What stands in the way of a call, and the page that clears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// No Microsoft account is connected, or the connection must be renewed.
    Connect { link: String },
    /// The connection lacks a permission that a new sign-in may bring; it was made at `since`.
    Extend { link: String, since: Timestamp },
    /// Somebody must approve the plan.
    Approve { id: ApprovalId, link: String },
}

/// What the client must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A token with this scope.
    Scope(Scope),
    /// A sign-in not older than this.
    StepUp { age_s: u32 },
}

/// What a tool says when all is well.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub text: String,
    pub structured: Option<Value>,
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, structured: None }
    }
}

impl Outcome {
    pub(super) fn of(said: Result<Said, Fault>, trace: &str) -> Self {
        match said {
            Ok(said) => Self {
                text: said.text,
                structured: said.structured,
                ..Self::default()
            },
            Err(Fault::Call(error)) => Self::refused(&error, trace),
            Err(fault) => Self {
                not_found: fault.is_not_found(),
                way: fault.again().map(|it| Way::Extend {
                    link: it.link.clone(),
                    since: it.since,
                }),
                ..Self::failed(fault.words(trace))
            },
        }
    }

    pub(super) fn refused(error: &CallError, trace: &str) -> Self {
        let auth = match error {
            CallError::Scope { needed } => Some(Challenge::Scope(*needed)),
            CallError::StepUp { age_s } => Some(Challenge::StepUp { age_s: *age_s }),
            _ => None,
        };
        let way = match error {
            CallError::NotConnected { link, .. } => Some(Way::Connect { link: link.clone() }),
            CallError::ApprovalNeeded { id, link, .. } => Some(Way::Approve {
                id: id.clone(),
                link: link.clone(),
            }),
            _ => None,
        };
        Self {
            auth,
            way,
            ..Self::failed(of_problem(&error.problem(), trace))
        }
    }

    pub(super) fn invalid(text: String) -> Self {
        Self {
            invalid: true,
            ..Self::failed(text)
        }
    }

    pub(super) fn unknown(name: &str) -> Self {
        let name: String = name.chars().take(64).collect();
        Self {
            unknown: true,
            not_found: true,
            ..Self::failed(format!("There is no tool {}.", name.escape_debug()))
        }
    }

    fn failed(text: String) -> Self {
        Self {
            text,
            is_error: true,
            ..Self::default()
        }
    }
}
