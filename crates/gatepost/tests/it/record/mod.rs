//! The audit log from outside: what it holds for ever, what it notices, and what never gets into it (security rows AUD).

mod commands;
mod forms;
mod log;
mod tampering;
mod writing;
