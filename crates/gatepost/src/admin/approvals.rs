//! An administrator's yes or no to one plan of somebody else.

use serde_json::json;

use super::{Refused, manages};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{ApprovalId, Caller, PersonId};
use crate::store::{approvals, people};

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
    if approve && !is_another(app, &found.person_id, &caller.person).await? {
        return Err(Refused::Conflict(
            "your account was made by the person who asked, or uses the same Microsoft account, so somebody else has to decide"
                .into(),
        ));
    }
    if !approvals::decide(
        &app.db,
        &caller.environment,
        id,
        &caller.person,
        approve,
        app.clock.now(),
    )
    .await?
    {
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

/// Takes one's own or another administrator's approval back before it was used.
pub async fn take_back(app: &App, caller: &Caller, id: &ApprovalId) -> Result<(), Refused> {
    manages(caller)?;
    let found = approvals::find(&app.db, &caller.environment, id)
        .await?
        .ok_or(Refused::NotFound)?;
    if !approvals::take_back(&app.db, &caller.environment, id).await? {
        return Err(Refused::Conflict(
            "this request is not approved, or was used already".into(),
        ));
    }
    let details = json!({ "approval": id, "summary": found.summary, "subject": found.person_id });
    app.audit
        .append(Entry::of("approval.taken_back", caller, details))
        .await?;
    Ok(())
}

/// Accounts are made by accounts; a longer line than this is nobody's.
const LONGEST_LINE: usize = 100;

/// Whether `decider` is another person than `asker`: neither the same Microsoft account, nor an account that the asker
/// made, invited or gave a password to, or that such an account made.
async fn is_another(app: &App, asker: &PersonId, decider: &PersonId) -> Result<bool, Refused> {
    if people::share_account(&app.db, asker, decider).await? {
        return Ok(false);
    }
    let mut account = decider.clone();
    for _ in 0..LONGEST_LINE {
        match people::find_maker(&app.db, &account).await? {
            Some(maker) if maker == *asker => return Ok(false),
            Some(maker) => account = maker,
            None => return Ok(true),
        }
    }
    Ok(false)
}
