//! Approvals: a person's yes or no to one plan, used at most once.

use super::db::on;
use super::list::{Choice, Condition, List, Of, Page, Wanted};
use super::plans::ERASED;
use super::row::row;
use super::{Db, Result};
use crate::caller::{ApprovalId, EnvironmentId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One request for approval.
    #[derive(Clone, Debug)]
    pub struct Approval {
        pub id: ApprovalId,
        pub environment_id: EnvironmentId,
        /// Who asked.
        pub person_id: PersonId,
        pub plan_hash: Vec<u8>,
        /// JSON: the call without its body; in rows of an older gateway the exact call.
        pub plan: String,
        /// The call as people may see it, its secrets hidden.
        pub plan_sealed: Option<Vec<u8>>,
        pub summary: String,
        pub asked_through: String,
        /// `pending`, `approved`, `refused`, `used`, `expired`, `taken_back`, or `void` when its giver may not approve any more
        /// or its asker was locked.
        pub state: String,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
        pub decided_by: Option<String>,
        pub decided_at: Option<Timestamp>,
        pub used_at: Option<Timestamp>,
        /// Why it is void: `giver_locked`, `giver_demoted`, `asker_locked`; nothing when that was seen only at its use.
        pub void_why: Option<String>,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, person_id, plan_hash, plan, plan_sealed, summary, asked_through, state, created_at, expires_at, decided_by, decided_at, used_at, void_why FROM approvals ",
            $rest
        )
    };
}

/// Asks for approval of a plan; an open request for the same plan stays as it is.
pub async fn ask(db: &Db, it: &Approval, now: Timestamp) -> Result<Approval> {
    on!(db, pool => sqlx::query("UPDATE approvals SET state = 'expired', plan_sealed = $3 WHERE plan_hash = $1 AND expires_at <= $2 AND state IN ('pending', 'approved')")
        .bind(&it.plan_hash).bind(now).bind(ERASED).execute(pool).await.map(drop))?;
    on!(db, pool => sqlx::query(
        "INSERT INTO approvals (id, environment_id, person_id, plan_hash, plan, summary, asked_through, state, created_at, expires_at, plan_sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10) ON CONFLICT DO NOTHING")
        .bind(&it.id).bind(&it.environment_id).bind(&it.person_id).bind(&it.plan_hash).bind(&it.plan).bind(&it.summary).bind(&it.asked_through)
        .bind(it.created_at).bind(it.expires_at).bind(&it.plan_sealed).execute(pool).await.map(drop))?;
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE plan_hash = $1 AND state IN ('pending', 'approved')")).bind(&it.plan_hash).fetch_one(pool).await)?,
    )
}

/// How many requests of a person wait for an answer.
pub async fn count_open(db: &Db, person: &PersonId, now: Timestamp) -> Result<i64> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM approvals WHERE person_id = $1 AND state = 'pending' AND $2 < expires_at")
        .bind(person).bind(now).fetch_one(pool).await)?,
    )
}

/// Finds the open request for a plan.
pub async fn find_open(db: &Db, plan_hash: &[u8], now: Timestamp) -> Result<Option<Approval>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE plan_hash = $1 AND state IN ('pending', 'approved') AND $2 < expires_at"))
        .bind(plan_hash).bind(now).fetch_optional(pool).await)?,
    )
}

/// Finds by identifier within an environment.
pub async fn find(db: &Db, environment: &EnvironmentId, id: &ApprovalId) -> Result<Option<Approval>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE id = $1 AND environment_id = $2")).bind(id).bind(environment).fetch_optional(pool).await)?,
    )
}

row! {
    /// A request as lists show it: without its plan, which may be long.
    #[derive(Clone, Debug)]
    pub struct Listed {
        pub id: ApprovalId,
        pub person_id: PersonId,
        pub person_name: String,
        pub summary: String,
        pub asked_through: String,
        pub state: String,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
        pub decided_name: Option<String>,
        pub decided_at: Option<Timestamp>,
    }
}

/// The filter of those that wait for an answer.
pub const WAITING: &str = "waiting";

/// How requests are listed.
pub static LIST: List = List {
    columns: "a.id, a.person_id, p.name AS person_name, a.summary, a.asked_through, a.state, a.created_at, a.expires_at, d.name AS decided_name, a.decided_at",
    table: "approvals a",
    joined: "JOIN people p ON p.id = a.person_id LEFT JOIN people d ON d.id = a.decided_by",
    searched: &["a.summary", "p.name", "p.email", "a.asked_through", "a.id"],
    filters: &[
        Choice {
            word: "waiting",
            title: "Waiting",
            sql: "a.state = 'pending' AND a.expires_at > {now}",
        },
        Choice {
            word: "approved",
            title: "Approved",
            sql: "a.state = 'approved' AND a.expires_at > {now}",
        },
        Choice {
            word: "used",
            title: "Done",
            sql: "a.state = 'used'",
        },
        Choice {
            word: "refused",
            title: "Refused",
            sql: "a.state = 'refused'",
        },
        Choice {
            word: "ended",
            title: "Void or taken back",
            sql: "a.state IN ('void', 'taken_back')",
        },
        Choice {
            word: "expired",
            title: "Expired",
            sql: "a.state = 'expired' OR (a.state IN ('pending', 'approved') AND a.expires_at <= {now})",
        },
    ],
    orders: &[
        Choice {
            word: "newest",
            title: "Newest",
            sql: "a.created_at DESC, a.id DESC",
        },
        // Everybody's oldest request comes before anybody's second, so that nobody hides another's by asking often.
        Choice {
            word: "turn",
            title: "In turn",
            sql: "ROW_NUMBER() OVER (PARTITION BY a.person_id ORDER BY a.created_at, a.id), a.created_at, a.id",
        },
        Choice {
            word: "person",
            title: "By person",
            sql: "p.name, a.id",
        },
    ],
};

fn of(environment: &EnvironmentId, person: Option<&PersonId>) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = vec![("a.environment_id = {}", environment.0.as_str().into())];
    conditions.extend(person.map(|it| ("a.person_id = {}", it.0.as_str().into())));
    conditions
}

/// A page of an environment's requests, or of those of one person in it.
pub async fn page(
    db: &Db,
    environment: &EnvironmentId,
    person: Option<&PersonId>,
    wanted: &Wanted,
) -> Result<Page<Listed>> {
    let conditions = of(environment, person);
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// How many requests wait: of an environment, or of one person in it. As many as [`page`] lists under [`WAITING`].
pub async fn count_waiting(
    db: &Db,
    environment: &EnvironmentId,
    person: Option<&PersonId>,
    now: Timestamp,
) -> Result<i64> {
    let conditions = of(environment, person);
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.count(db, of, WAITING, now).await
}

/// Marks what nobody decided or used in time, so that it is not looked at again; the number marked.
pub async fn expire(db: &Db, now: Timestamp) -> Result<u64> {
    Ok(
        on!(db, pool => sqlx::query("UPDATE approvals SET state = 'expired', plan_sealed = $2 WHERE state IN ('pending', 'approved') AND expires_at <= $1")
        .bind(now).bind(ERASED).execute(pool).await.map(|it| it.rows_affected()))?,
    )
}

/// Decides a pending request, whose plan is erased with a no; false when it is decided or over, or when the decider is the one who asked.
pub async fn decide(
    db: &Db,
    environment: &EnvironmentId,
    id: &ApprovalId,
    by: &PersonId,
    is_yes: bool,
    now: Timestamp,
) -> Result<bool> {
    let (to, erased) = if is_yes {
        ("approved", None)
    } else {
        ("refused", Some(ERASED))
    };
    let done = on!(db, pool => sqlx::query(
        "UPDATE approvals SET state = $4, decided_by = $3, decided_at = $5, plan_sealed = COALESCE($6, plan_sealed)
         WHERE id = $1 AND environment_id = $2 AND state = 'pending' AND $5 < expires_at AND person_id <> $3")
        .bind(id).bind(environment).bind(by).bind(to).bind(now).bind(erased).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Gives a used approval back when its call was not sent after all.
pub async fn give_back(db: &Db, id: &ApprovalId) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE approvals SET state = 'approved', used_at = NULL WHERE id = $1 AND state = 'used'")
        .bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// Whether the giver of an approval is there and may give it now.
macro_rules! giver_may_still {
    () => {
        "EXISTS (SELECT 1 FROM people g WHERE g.id = approvals.decided_by AND g.environment_id = approvals.environment_id AND g.locked_at IS NULL AND g.role IN ('administrator', 'owner'))"
    };
}

/// Ends the approval of a plan whose giver may not give it any more.
pub async fn void(db: &Db, plan_hash: &[u8], now: Timestamp) -> Result<Option<Approval>> {
    Ok(on!(db, pool => sqlx::query_as(concat!(
        "UPDATE approvals SET state = 'void', plan_sealed = $3 WHERE plan_hash = $1 AND state = 'approved' AND $2 < expires_at AND NOT ", giver_may_still!(),
        " RETURNING id, environment_id, person_id, plan_hash, plan, plan_sealed, summary, asked_through, state, created_at, expires_at, decided_by, decided_at, used_at, void_why"))
        .bind(plan_hash).bind(now).bind(ERASED).fetch_optional(pool).await)?)
}

/// The newest request for a plan, if a yes to it ended because of its giver.
pub async fn find_lost(db: &Db, plan_hash: &[u8]) -> Result<Option<ApprovalId>> {
    let newest: Option<Approval> = on!(db, pool => sqlx::query_as(select!("WHERE plan_hash = $1 ORDER BY created_at DESC, id DESC LIMIT 1"))
        .bind(plan_hash).fetch_optional(pool).await)?;
    let is_givers = |it: &Approval| it.void_why.as_deref().is_some_and(|why| why.starts_with("giver_"));
    Ok(newest.filter(is_givers).map(|it| it.id))
}

/// Takes an approval back before it was used; false when it is not approved or was used.
pub async fn take_back(db: &Db, environment: &EnvironmentId, id: &ApprovalId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE approvals SET state = 'taken_back', plan_sealed = $3 WHERE id = $1 AND environment_id = $2 AND state = 'approved'")
        .bind(id).bind(environment).bind(ERASED).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Uses an approved request for its one call, if its giver may give it now; only one of several callers gets it.
pub async fn take(db: &Db, plan_hash: &[u8], now: Timestamp) -> Result<Option<ApprovalId>> {
    Ok(on!(db, pool => sqlx::query_scalar(concat!(
        "UPDATE approvals SET state = 'used', used_at = $2 WHERE plan_hash = $1 AND state = 'approved' AND $2 < expires_at AND ", giver_may_still!(),
        " RETURNING id"))
        .bind(plan_hash).bind(now).fetch_optional(pool).await)?)
}
