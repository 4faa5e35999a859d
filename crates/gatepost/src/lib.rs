//! The gateway as a library; `main.rs` is a thin binary around it.

pub mod admin;
pub mod app;
pub mod audit;
pub mod call;
pub mod caller;
pub mod client_metadata;
pub mod clock;
pub mod config;
pub mod connect;
pub mod connections;
pub mod entra;
pub mod http;
pub mod jobs;
pub mod mcp;
pub mod oauth;
pub mod openid;
pub mod page;
pub mod policy;
pub mod portal;
pub mod powerbi;
pub mod rest;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod tools;
pub mod vault;
