//! Everything that lists: bounded, paged, counted, and found by search, however many there are.

mod activity;
mod approvals;
pub(crate) mod many;
mod pages;
