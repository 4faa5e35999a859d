//! The record of every request the sandbox was asked, so that tests can prove what happened.

/// What was asked, newest last.
#[derive(Debug, Default)]
pub struct Ledger {}
