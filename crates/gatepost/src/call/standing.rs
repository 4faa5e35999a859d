//! Whether whoever began something may still go on with it.

use crate::app::App;
use crate::caller::{Caller, Through};
use crate::store::{self, api_keys, clients, grants, people};

/// Whether the caller's person, and what they call through, are still what they were when they were let in.
///
/// A request is let in once; what runs for longer asks again, so that a lock or a revocation counts within a second.
pub async fn stands(app: &App, caller: &Caller) -> store::Result<bool> {
    let person = people::find(&app.db, &caller.person).await?;
    if person.is_none_or(|it| it.locked_at.is_some()) {
        return Ok(false);
    }
    match &caller.through {
        Through::Client { client, grant, .. } => {
            let grant = grants::find(&app.db, grant).await?;
            let is_locked = clients::is_locked(&app.db, &caller.environment, client).await?;
            Ok(!is_locked && grant.is_some_and(|it| it.grant.revoked_at.is_none()))
        }
        Through::ApiKey { key, .. } => api_keys::is_usable(&app.db, key, app.clock.now()).await,
        Through::Portal | Through::Job { .. } => Ok(true),
    }
}
