//! The catalogue as its users meet it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod bind;
mod body;
mod clouds;
mod contents;
mod errors;
mod find;
mod inside;
mod load;
mod samples;
mod secret;
mod tables;
