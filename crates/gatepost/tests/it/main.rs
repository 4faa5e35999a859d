//! One integration binary for the whole gateway, driven from outside.

mod entra;
mod front;
mod portal;
mod powerbi;
mod pretend_microsoft;
