//! A newcomer becomes a person of an environment: admitted by its rule, or by an invitation.

use serde_json::json;

use super::ConnectError;
use super::invited::{Over, over};
use crate::app::App;
use crate::audit::Entry;
use crate::store;
use crate::store::invitations::{self, Invitation};
use crate::store::people::{self, Person};

/// Adds an admitted newcomer; the person there is when the same account arrives twice at once.
pub(super) async fn join(
    app: &App,
    newcomer: Person,
    invitation: Option<&Invitation>,
    trace: &str,
) -> Result<Person, ConnectError> {
    match create(app, &newcomer, invitation).await {
        Ok(()) => {}
        Err(store::Error::Taken) => {
            let (tid, oid) = (newcomer.tenant_id.as_deref(), newcomer.object_id.as_deref());
            let (Some(tid), Some(oid)) = (tid, oid) else {
                return Err(ConnectError::UnknownFlow);
            };
            let known = people::find_by_account(&app.db, &newcomer.environment_id, tid, oid).await?;
            return known.ok_or(ConnectError::UnknownFlow);
        }
        Err(error) => return Err(error.into()),
    }
    let details = json!({
        "name": newcomer.name, "tid": newcomer.tenant_id, "oid": newcomer.object_id, "role": newcomer.role,
        "invitation": invitation.map(|it| &it.id), "invited_by": invitation.map(|it| &it.created_by),
    });
    let entry = Entry {
        kind: "person.joined",
        environment: Some(newcomer.environment_id.clone()),
        person: Some(newcomer.id.clone()),
        trace: trace.to_owned(),
        details,
    };
    app.audit.append(entry).await?;
    Ok(newcomer)
}

async fn create(app: &App, newcomer: &Person, invitation: Option<&Invitation>) -> store::Result<()> {
    let mut tx = app.db.begin().await?;
    people::create_within(&mut tx, newcomer).await?;
    if let Some(invitation) = invitation {
        people::save_maker(&mut tx, &newcomer.id, &invitation.created_by.as_str().into()).await?;
    }
    tx.commit().await
}

/// Adds an invited newcomer with the role they were invited to.
///
/// Invariant: an invitation makes one person, however many arrive with it at once.
pub(super) async fn join_invited(
    app: &App,
    mut newcomer: Person,
    invitation: &str,
    address: Option<&str>,
    trace: &str,
) -> Result<Person, ConnectError> {
    let found = invitations::find(&app.db, invitation).await?;
    let invitation = found
        .filter(|it| it.environment_id == newcomer.environment_id)
        .ok_or(ConnectError::InvitationOver(Over::Unknown))?;
    if let Some(over) = over(app, &invitation).await? {
        return Err(ConnectError::InvitationOver(over));
    }
    let is_invited = address.is_some_and(|it| it.eq_ignore_ascii_case(&invitation.email));
    if invitation.is_exact && !is_invited {
        return Err(ConnectError::OtherInvited {
            account: address.unwrap_or(&newcomer.name).to_owned(),
            invited: invitation.email,
        });
    }
    if !invitations::take(&app.db, &invitation.id, &newcomer.id, app.clock.now()).await? {
        return Err(ConnectError::InvitationOver(Over::Used));
    }
    newcomer.role.clone_from(&invitation.role);
    join(app, newcomer, Some(&invitation), trace).await
}
