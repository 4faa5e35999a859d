//! Why a query has no answer.

use thiserror::Error;

/// The number the service puts next to most query errors.
const QUERY_FAILED: &str = "3239575574";

/// A query that has no answer.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct DaxError {
    /// What is wrong, naming the function, table or column.
    pub message: String,
    /// True when the real service may know the answer and only the sandbox does not.
    pub unsupported: bool,
    /// The number for `AnalysisServicesErrorCode`.
    pub code: &'static str,
}

/// What every step of the engine gives.
pub(crate) type Result<T> = std::result::Result<T, DaxError>;

impl DaxError {
    /// The query itself is wrong.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            unsupported: false,
            code: QUERY_FAILED,
        }
    }

    /// The query may be right, but the sandbox cannot answer it.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self {
            message: format!(
                "{what}: this is the Gatepost sandbox, which knows a part of DAX; the real service may know it"
            ),
            unsupported: true,
            code: QUERY_FAILED,
        }
    }

    /// A function the sandbox does not have.
    pub(crate) fn unknown_function(name: &str) -> Self {
        Self::unsupported(format!(
            "the sandbox does not know the function {}",
            name.to_uppercase()
        ))
    }
}
