//! The audit log from outside: what it holds for ever, what it notices, and what never gets into it (security rows AUD).

mod approved;
mod commands;
mod ends;
mod floods;
mod forms;
mod inside;
mod lines;
mod log;
mod tampering;
mod writing;
