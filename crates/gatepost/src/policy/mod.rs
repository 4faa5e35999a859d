//! Decides, by the policies of an environment, whether one call may be made. Pure: no I/O, no clock.

mod decide;
mod form;
mod parse;
mod plan;
mod question;
mod rule;
mod schema;
mod set;
mod target;
#[cfg(test)]
mod tests;

pub use decide::{Decision, Permit, Reason, Refused, Required, decide};
pub use parse::{check, to_cedar};
pub use plan::{CanonicalJson, Plan, Unclear};
pub use question::Question;
pub use rule::{Action, Form, Invalid, Position, Rule, Source};
pub use schema::schema_text;
pub use set::{Policies, may_ever};
