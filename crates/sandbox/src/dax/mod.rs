//! A query engine for the part of DAX that agents and demos use; what it cannot do right, it refuses.

mod ast;
mod bind;
pub(crate) mod convert;
mod error;
mod eval;
mod filter;
mod functions;
mod lexer;
mod node;
mod operators;
mod parser;
mod query;
mod result;
mod security;
mod select;
mod storage;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod value;

pub use crate::dax::error::DaxError;
pub use crate::dax::result::Cell;
pub use crate::dax::result::Identity;
pub use crate::dax::result::Limits;
pub use crate::dax::result::ResultSet;
pub(crate) use crate::dax::storage::Compiled;
pub use crate::dax::value::Value;

use crate::clock::Clock;
use crate::data::Model;

/// Answers a query as of now by the system clock.
pub fn run(model: &Model, query: &str, who: &Identity, limits: &Limits) -> Result<ResultSet, DaxError> {
    run_at(model, query, who, limits, Clock::real().now_ms())
}

/// Answers a query as of a given time (milliseconds since 1970-01-01), which `TODAY` and `NOW` give.
pub fn run_at(model: &Model, query: &str, who: &Identity, limits: &Limits, now_ms: i64) -> Result<ResultSet, DaxError> {
    query::answer(model, query, who, limits, now_ms)
}

/// Answers every EVALUATE of a query in turn, and gives the error that stopped it, if one did.
pub(crate) fn run_all_at(
    model: &Model,
    query: &str,
    who: &Identity,
    limits: &Limits,
    now_ms: i64,
) -> (Vec<ResultSet>, Option<DaxError>) {
    query::answers(model, query, who, limits, now_ms)
}

/// The names of the functions the engine knows, in no order.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    functions::names()
}

/// A number in a format of the language; `None` where the format is not known.
pub(crate) fn formatted(number: f64, pattern: &str) -> Option<String> {
    functions::formatted(&Value::Number(number), pattern).ok()
}
