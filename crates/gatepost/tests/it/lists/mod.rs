//! Everything that lists: bounded, paged, counted, and found by search, however many there are.

mod activity;
mod approvals;
mod many;
mod pages;
