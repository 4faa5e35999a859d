//! Places for files that are too large for one request: they are uploaded there first, and imported from there.

use uuid::Uuid;

use crate::spool::Spool;
use crate::world::time::HOUR_MS;

/// One place, reached by whoever has its address.
#[derive(Debug)]
pub struct UploadPlace {
    /// Id, which is the file's name there.
    pub id: Uuid,
    /// Directory of whoever asked for it.
    pub tid: String,
    /// What the address must be signed with.
    pub signature: String,
    /// From then on it is gone.
    pub expires_ms: i64,
    /// Pieces sent and not yet put together, by the name they were given.
    pub blocks: Vec<(String, Spool)>,
    /// The file, once it is there.
    pub file: Option<Spool>,
}

impl UploadPlace {
    /// How long a place lasts.
    pub const LIFETIME_MS: i64 = HOUR_MS;
}
