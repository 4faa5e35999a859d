//! The gateway as a library; `main.rs` is a thin binary around it.
