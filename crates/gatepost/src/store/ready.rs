//! What a gateway must find in the database before it takes calls.

use super::{Db, Result, audit, jobs, settings};
use crate::clock::Timestamp;

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The audit log has a head to go on from, or nothing was recorded yet.
    pub has_head: bool,
    /// The vault keys that stored values need.
    pub keys: Vec<String>,
}

/// Reads the head and the keys and writes one small row, because a full disk and a standby still answer to reading.
pub async fn look(db: &Db, now: Timestamp) -> Result<Found> {
    jobs::note(db, "ready", now).await?;
    let keys = settings::vault_keys(db).await?;
    let has_head = audit::head(db).await?.is_some() || audit::after(db, 0, 1).await?.is_empty();
    Ok(Found {
        has_head,
        keys: keys.into_iter().map(|(id, _)| id).collect(),
    })
}
