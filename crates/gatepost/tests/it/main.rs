//! Tests from outside: over HTTP, against the library behind its real front, with the sandbox in Microsoft's place.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod answers;
mod authorize;
mod backup;
mod browser;
mod callback;
mod clients;
mod clouds;
mod connect;
mod consent;
mod database;
mod entra;
mod every_operation;
mod faults;
mod front;
mod funnel;
mod guessing;
mod herd;
mod http2;
mod joining;
mod keys;
mod leases;
mod mcp;
mod oauth;
mod openid;
mod outages;
mod parallel;
mod portal;
mod powerbi;
mod pretend_microsoft;
mod processes;
mod published;
mod record;
mod refresh;
mod replicas;
mod rest;
mod second_factor;
mod start;
mod step_up;
mod tokens;
mod tools;
mod tunnels;
mod vault;
mod ways_in;
mod world;
