//! The gateway as a library; `main.rs` is a thin binary around it.
#![expect(
    unexpected_cfgs,
    reason = "the fuzz targets are built with cfg(fuzzing), as libFuzzer's tools do, and call private code through it"
)]

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
pub mod json;
pub mod mcp;
pub mod memory;
pub mod network;
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
pub mod unseen;
pub mod vault;
