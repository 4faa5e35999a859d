//! Faults on demand.

/// The faults that are armed.
#[derive(Debug, Default)]
pub struct Faults {}
