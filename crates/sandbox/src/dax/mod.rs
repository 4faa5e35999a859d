//! A query engine for the part of DAX that agents and demos use; what it cannot do right, it refuses.

pub(crate) mod convert;
mod error;
mod result;
mod storage;
pub(crate) mod value;

pub use crate::dax::error::DaxError;
pub use crate::dax::result::Cell;
pub use crate::dax::result::Identity;
pub use crate::dax::result::Limits;
pub use crate::dax::result::ResultSet;
pub(crate) use crate::dax::storage::Compiled;
pub use crate::dax::value::Value;

use crate::data::Model;

/// Answers a query as of now by the system clock.
pub fn run(model: &Model, query: &str, who: &Identity, limits: &Limits) -> Result<ResultSet, DaxError> {
    run_at(model, query, who, limits, jiff::Timestamp::now().as_millisecond())
}

/// Answers a query as of a given time (milliseconds since 1970-01-01), which TODAY() and NOW() give.
pub fn run_at(_model: &Model, _query: &str, _who: &Identity, _limits: &Limits, _now_ms: i64) -> Result<ResultSet, DaxError> {
    Err(DaxError::unsupported("the query engine is being built"))
}
