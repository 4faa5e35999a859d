//! One upstream call: a bounded, streamed request to the Power BI API of a cloud, and what its refusals mean.

mod address;
mod body;
mod budget;
mod challenge;
mod failure;
mod headers;
mod send;
#[cfg(test)]
mod tests;
mod until;
mod upload;

pub use body::{AnswerBody, Body, BoxError};
pub use budget::{Budget, Budgets, Identity, Turn};
pub use failure::{Kind, PowerBiFailure, parse_error};
pub use headers::request_id;
pub use send::{Limits, PowerBi, Refusal, SendError, Upstream, UpstreamAnswer};
pub use until::Ended;
