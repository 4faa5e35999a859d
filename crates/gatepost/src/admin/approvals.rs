//! An administrator's yes or no to one plan of somebody else.

use serde_json::json;

use super::{Refused, manages};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{ApprovalId, Caller};
use crate::store::approvals;

/// Approves or refuses a pending request of another person.
pub async fn decide(app: &App, caller: &Caller, id: &ApprovalId, approve: bool) -> Result<(), Refused> {
    manages(caller)?;
    let found = approvals::find(&app.db, &caller.environment, id)
        .await?
        .ok_or(Refused::NotFound)?;
    if found.person_id == caller.person {
        return Err(Refused::Conflict(
            "you asked for this yourself, so somebody else has to decide".into(),
        ));
    }
    let to = if approve { "approved" } else { "refused" };
    if !approvals::decide(&app.db, &caller.environment, id, &caller.person, to, app.clock.now()).await? {
        return Err(Refused::Conflict("this request was decided before or is over".into()));
    }
    let hash: String = found.plan_hash.iter().map(|it| format!("{it:02x}")).collect();
    let details = json!({ "approval": id, "plan": hash, "summary": found.summary, "subject": found.person_id });
    app.audit
        .append(Entry::of(
            if approve {
                "approval.approved"
            } else {
                "approval.refused"
            },
            caller,
            details,
        ))
        .await?;
    Ok(())
}
