//! Whether an invitation can still be used, and if not, why: told to whoever has its link.

use crate::app::App;
use crate::caller::Role;
use crate::store::invitations::Invitation;
use crate::store::{self, people};

/// Why an invitation cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// No invitation has this link, or none has it any more.
    Unknown,
    Used,
    Expired,
    /// Its maker was locked before it was used.
    Locked,
    /// Its maker lost the role it took before it was used.
    Demoted,
    /// Its maker may not invite to this, for another reason.
    Maker,
}

impl Over {
    /// What happened, in one sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unknown => "The link is not complete, was taken back, or ended long ago.",
            Self::Used => "It was used already; it works once.",
            Self::Expired => "It is older than seven days.",
            Self::Locked => "It was withdrawn when its maker was locked.",
            Self::Demoted => "It was withdrawn when its maker lost the role that invites to this.",
            Self::Maker => "It comes from somebody who may not invite to this any more.",
        }
    }
}

/// Why an invitation is over; nothing while it can be used. Givers are judged as they are when it is used.
pub async fn over(app: &App, it: &Invitation) -> store::Result<Option<Over>> {
    let over = match it.withdrawn_why.as_deref() {
        Some("locked") => Some(Over::Locked),
        Some(_) => Some(Over::Demoted),
        None if it.used_at.is_some() => Some(Over::Used),
        None if it.expires_at <= app.clock.now() => Some(Over::Expired),
        None if !maker_may_still(app, it).await? => Some(Over::Maker),
        None => None,
    };
    Ok(over)
}

async fn maker_may_still(app: &App, it: &Invitation) -> store::Result<bool> {
    let maker = people::find(&app.db, &it.created_by.as_str().into()).await?;
    Ok(maker.is_some_and(|maker| {
        maker.environment_id == it.environment_id
            && maker.locked_at.is_none()
            && maker.role().may_manage()
            && Role::from_stored(&it.role) <= maker.role()
    }))
}
