//! The record: append-only, hash-chained, durable before anything leaves the gateway.

mod bound;
mod chain;
mod export;
mod form;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gap;
pub mod kinds;
mod log_line;
mod mask;
mod old_secrets;
mod open;
mod outside;
mod repeats;
mod sign;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use bound::arguments;
pub use export::{CSV_HEADER, csv_line, json_line};
pub use gap::acknowledge;
pub use mask::mask;
pub use old_secrets::{OldSecrets, old_secrets};
pub use open::{OpenCalls, Standing};
pub use outside::{Kept, Outside};
pub use sign::{PublicKey, Signer};
pub use verify::{Fault, GAP_ACKNOWLEDGED, Gap, Report, lost_tail, verify};
pub use writer::Audit;

use serde_json::Value;

use crate::caller::{Caller, EnvironmentId, PersonId, Through};

/// The entry could not be stored, so nothing may be sent and no answer given.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct Unavailable(pub String);

/// One thing that happened, before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct Entry {
    /// A dotted word such as `call.opened` or `connection.revoked`.
    pub kind: &'static str,
    pub environment: Option<EnvironmentId>,
    pub person: Option<PersonId>,
    /// The same for every entry of one request.
    pub trace: String,
    /// A JSON object; secrets already masked.
    pub details: Value,
}

impl Entry {
    /// An entry about what `caller` does, naming client, session and address.
    pub fn of(kind: &'static str, caller: &Caller, mut details: Value) -> Self {
        if let Some(object) = details.as_object_mut() {
            object.insert("person_name".into(), Value::from(caller.person_name.clone()));
            object.insert("through".into(), through(&caller.through));
            object.insert(
                "address".into(),
                caller.address.map_or(Value::Null, |it| Value::from(it.to_string())),
            );
        }
        Self {
            kind,
            environment: Some(caller.environment.clone()),
            person: Some(caller.person.clone()),
            trace: caller.trace.clone(),
            details,
        }
    }
}

/// Through what somebody calls, for the record.
pub(crate) fn through(through: &Through) -> Value {
    serde_json::to_value(through).unwrap_or(Value::Null)
}
