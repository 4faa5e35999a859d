//! The HTTP front: accepts connections, turns away malformed requests, and puts security headers on every answer.

pub mod accept;
pub mod filter;
pub mod headers;
mod ready;
mod routes;

pub use routes::{routes, serve};
