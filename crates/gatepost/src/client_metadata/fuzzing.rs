//! What the fuzz targets call of this module; built for them alone.

use super::Described;
use super::described;
use super::location;

/// Reads the description that was found at `id`.
pub fn read(id: &str, body: &[u8]) -> Result<Described, &'static str> {
    described::read(id, body)
}

/// The host that is asked for a description at this address; nothing if nobody is asked.
pub fn host_asked(id: &str) -> Option<String> {
    location::parse(id).map(|it| it.host)
}
