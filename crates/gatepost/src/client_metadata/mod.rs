//! What clients say of themselves: names, addresses, and the descriptions they publish at an address of their own.

mod address;
mod described;
mod fetch;
#[cfg(fuzzing)]
pub mod fuzzing;
mod location;
mod name;
mod pinned;
pub mod redirect;
mod turns;

pub use address::is_public;
pub use described::Described;
pub use fetch::{Documents, Names, Reach, StandIn, Unreadable};
pub use name::{plain_name, web_address_problem};
pub use pinned::pinned;

/// Whether a client's identifier is the address of its description (OAuth Client ID Metadata Document).
pub fn is_address(id: &str) -> bool {
    id.contains("://")
}

/// The host that vouches for a client described at its own address.
pub fn host_of(id: &str) -> Option<String> {
    let url = url::Url::parse(id).ok()?;
    url.host_str().map(str::to_owned)
}
