//! Tests from outside: over HTTP, against the library behind its real front, with the sandbox in Microsoft's place.

mod connect;
mod entra;
mod front;
mod oauth;
mod powerbi;
mod world;
