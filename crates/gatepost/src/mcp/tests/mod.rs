//! Tests of what the protocol asks of messages, headers, sessions and streams.

mod era;
mod properties;
mod rpc;
mod session;
mod stream;
