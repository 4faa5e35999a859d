//! The gateway as a library; `main.rs` is a thin binary around it.

pub mod caller;
pub mod clock;
pub mod entra;
pub mod http;
pub mod powerbi;
pub mod vault;
pub mod store;
pub mod audit;
