//! The audit log from outside: what it holds for ever, what it notices, and what never gets into it (security rows AUD).

mod approved;
mod commands;
mod ends;
mod floods;
mod forms;
pub(crate) mod inside;
mod lines;
pub(crate) mod log;
mod tampering;
mod writing;
