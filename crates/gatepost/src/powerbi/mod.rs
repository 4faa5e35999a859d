//! One upstream call: a bounded, streamed request to the Power BI API of a cloud, and what its refusals mean.

mod address;
mod body;
mod challenge;
mod failure;
mod headers;
mod send;
#[cfg(test)]
mod tests;

pub use body::{AnswerBody, Body, BoxError};
pub use failure::{Kind, PowerBiFailure, parse_error};
pub use send::{Limits, PowerBi, Refusal, SendError, Upstream, UpstreamAnswer};
