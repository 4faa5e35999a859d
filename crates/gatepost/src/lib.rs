//! The gateway as a library; `main.rs` is a thin binary around it.

pub mod caller;
pub mod clock;
pub mod policy;
pub mod entra;
pub mod vault;
pub mod store;
pub mod audit;
