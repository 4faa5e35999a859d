//! One integration binary for the whole gateway, driven from outside.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod entra;
mod front;
mod powerbi;
mod pretend_microsoft;
