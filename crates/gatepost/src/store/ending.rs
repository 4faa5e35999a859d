//! What ends for good with somebody's lock or role: invitations they sent, approvals they gave, requests they made.

use super::db::within;
use super::row::row;
use super::{Result, Tx};
use crate::caller::{ApprovalId, PersonId, Role};
use crate::clock::Timestamp;

/// Why something that somebody gave or asked for ended before it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Locked,
    Demoted,
}

impl Cause {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Demoted => "demoted",
        }
    }
}

row! {
    /// An approval or request that ended.
    #[derive(Clone, Debug)]
    pub struct Ended {
        pub id: ApprovalId,
        pub plan_hash: Vec<u8>,
        pub summary: String,
        pub decided_by: Option<String>,
        pub void_why: Option<String>,
    }
}

/// Ends unused approvals that a person gave and may not give any more.
pub async fn approvals_of(tx: &mut Tx, giver: &PersonId, cause: Cause) -> Result<Vec<Ended>> {
    let why = match cause {
        Cause::Locked => "giver_locked",
        Cause::Demoted => "giver_demoted",
    };
    Ok(within!(tx, connection => sqlx::query_as(
        "UPDATE approvals SET state = 'void', void_why = $2, plan_sealed = $3 WHERE decided_by = $1 AND state = 'approved'
         RETURNING id, plan_hash, summary, decided_by, void_why")
        .bind(giver).bind(why).bind(super::plans::ERASED).fetch_all(connection).await)?)
}

/// Ends what a person asked for and nobody decided, or nobody used.
pub async fn requests_of(tx: &mut Tx, asker: &PersonId) -> Result<Vec<Ended>> {
    Ok(within!(tx, connection => sqlx::query_as(
        "UPDATE approvals SET state = 'void', void_why = 'asker_locked', plan_sealed = $2 WHERE person_id = $1 AND state IN ('pending', 'approved')
         RETURNING id, plan_hash, summary, decided_by, void_why")
        .bind(asker).bind(super::plans::ERASED).fetch_all(connection).await)?)
}

/// Withdraws a person's open invitations to any of these roles; their identifiers.
pub async fn invitations_of(
    tx: &mut Tx,
    inviter: &PersonId,
    roles: &[Role],
    cause: Cause,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for role in roles {
        let found: Vec<String> = within!(tx, connection => sqlx::query_scalar(
            "UPDATE invitations SET withdrawn_at = $4, withdrawn_why = $3 WHERE created_by = $1 AND role = $2 AND used_at IS NULL AND withdrawn_at IS NULL RETURNING id")
            .bind(inviter).bind(role.as_str()).bind(cause.as_str()).bind(now).fetch_all(connection).await)?;
        ended.extend(found);
    }
    Ok(ended)
}
