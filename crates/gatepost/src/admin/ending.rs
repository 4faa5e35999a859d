//! A lock or a lost role ends for good what its person gave and nobody used: letting them in again revives nothing.

use serde_json::json;

use super::Refused;
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, PersonId, Role};
use crate::store::ending::{self, Cause, Ended};
use crate::store::{self, Tx};

/// What ended, still to be put on record.
#[derive(Debug, Default)]
pub(super) struct Ending {
    approvals: Vec<Ended>,
    invitations: Vec<String>,
    cause: Option<Cause>,
}

/// Ends what a locked person gave and asked for. Before a lock is taken off as well: what was given in the moment of the
/// lock, or at a gateway of an older version, is not revived either.
///
/// Nothing ends when `is_locked` is false: who is let in was never out.
pub(super) async fn of_locked(app: &App, tx: &mut Tx, person: &PersonId, is_locked: bool) -> store::Result<Ending> {
    if !is_locked {
        return Ok(Ending::default());
    }
    let mut approvals = ending::approvals_of(tx, person, Cause::Locked).await?;
    approvals.extend(ending::requests_of(tx, person).await?);
    let every = [Role::Person, Role::Administrator, Role::Owner];
    Ok(Ending {
        approvals,
        invitations: ending::invitations_of(tx, person, &every, Cause::Locked, app.clock.now()).await?,
        cause: Some(Cause::Locked),
    })
}

/// Ends what a person gave and could not give with the lower of two roles.
pub(super) async fn of_role(app: &App, tx: &mut Tx, person: &PersonId, role: Role) -> store::Result<Ending> {
    let all = [Role::Person, Role::Administrator, Role::Owner];
    let beyond: Vec<Role> = all.into_iter().filter(|it| !role.may_manage() || role < *it).collect();
    let approvals = match role.may_manage() {
        true => Vec::new(),
        false => ending::approvals_of(tx, person, Cause::Demoted).await?,
    };
    Ok(Ending {
        approvals,
        invitations: ending::invitations_of(tx, person, &beyond, Cause::Demoted, app.clock.now()).await?,
        cause: Some(Cause::Demoted),
    })
}

impl Ending {
    /// Puts each on record.
    pub(super) async fn record(self, app: &App, caller: &Caller, person: &PersonId) -> Result<(), Refused> {
        for it in self.approvals {
            let plan: String = it.plan_hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let details = json!({ "approval": it.id, "plan": plan, "summary": it.summary, "decided_by": it.decided_by, "why": it.void_why });
            app.audit.append(Entry::of("approval.void", caller, details)).await?;
        }
        let why = self.cause.map(Cause::as_str);
        for id in self.invitations {
            let details = json!({ "invitation": id, "invited_by": person, "why": why });
            app.audit
                .append(Entry::of("person.invitation_withdrawn", caller, details))
                .await?;
        }
        Ok(())
    }
}
