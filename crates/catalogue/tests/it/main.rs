//! The catalogue as its users meet it.

mod bind;
mod clouds;
mod contents;
mod errors;
mod find;
mod load;
mod samples;
