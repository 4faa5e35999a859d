//! Invitations: a link for one account that the environment would not admit by itself.

use serde_json::json;

use super::{Problems, Refused, check_email, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, Role};
use crate::session;
use crate::store::invitations::{self, Invitation};

const DAYS: i64 = 7;

/// What the form of an invitation holds.
#[derive(Clone, Debug)]
pub struct InvitationInput {
    pub email: String,
    /// Only an account with this very address may use the link.
    pub is_exact: bool,
    pub role: Role,
}

/// Makes an invitation and gives its link, which exists here and in the answer only.
///
/// Invariant: nobody invites to more than they hold.
pub async fn invite(app: &App, caller: &Caller, input: &InvitationInput) -> Result<String, Refused> {
    manages(caller)?;
    if caller.role < input.role {
        return Err(Refused::NotAllowed);
    }
    let mut problems = Problems::new();
    check_email(&mut problems, "email", &input.email);
    sound(problems)?;
    let (token, now) = (app.clock.random().token(), app.clock.now());
    let row = Invitation {
        id: app.clock.new_id(),
        environment_id: caller.environment.clone(),
        email: input.email.clone(),
        is_exact: input.is_exact,
        role: input.role.as_str().into(),
        token_hash: session::hash(&token),
        created_by: caller.person.0.clone(),
        created_at: now,
        expires_at: now.plus_seconds(DAYS * 24 * 3600),
        used_at: None,
        used_by: None,
        withdrawn_why: None,
    };
    invitations::create(&app.db, &row).await?;
    let details = json!({ "invitation": row.id, "email": row.email, "exact": row.is_exact, "role": row.role });
    app.audit.append(Entry::of("person.invited", caller, details)).await?;
    Ok(app.settings.url(&format!("/invitation/{token}")))
}

/// Takes an invitation back before it was used.
pub async fn withdraw(app: &App, caller: &Caller, id: &str) -> Result<(), Refused> {
    manages(caller)?;
    if !invitations::delete(&app.db, &caller.environment, id).await? {
        return Err(Refused::NotFound);
    }
    let details = json!({ "invitation": id });
    app.audit
        .append(Entry::of("person.invitation_withdrawn", caller, details))
        .await?;
    Ok(())
}
