//! Taking back what a person allowed an agent.

use serde_json::json;

use super::Refused;
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, GrantId};
use crate::store::grants;

/// Revokes a grant: one's own, or as an administrator any of the environment. Every token of it dies at once.
pub async fn revoke(app: &App, caller: &Caller, id: &GrantId) -> Result<(), Refused> {
    let found = grants::find(&app.db, id).await?;
    let mine = |it: &grants::Named| it.grant.person_id == caller.person || caller.role.may_manage();
    let grant = found
        .filter(|it| it.grant.environment_id == caller.environment && mine(it))
        .ok_or(Refused::NotFound)?;
    if !grants::revoke(&app.db, id, app.clock.now(), "revoked in the portal").await? {
        return Err(Refused::Conflict("this was revoked before".into()));
    }
    let details = json!({ "grant": id, "client": grant.grant.client_id, "client_name": grant.client_name, "subject": grant.grant.person_id });
    app.audit.append(Entry::of("grant.revoked", caller, details)).await?;
    Ok(())
}
