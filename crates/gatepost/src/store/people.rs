//! People: local administrators and those who sign in with Microsoft.

use super::db::{on, within};
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result, Tx, noted_lately};
use crate::caller::{EnvironmentId, GroupId, PersonId};
use crate::clock::Timestamp;

row! {
    /// One person in one environment.
    #[derive(Clone, Debug)]
    pub struct Person {
        pub id: PersonId,
        pub environment_id: EnvironmentId,
        pub name: String,
        /// For display and local sign-in; never an identity of a Microsoft account.
        pub email: Option<String>,
        /// An application's own name for its end user (`Gatepost-User`).
        pub external_id: Option<String>,
        pub role: String,
        /// argon2id, in PHC form; absent for people who sign in with Microsoft only.
        pub password_hash: Option<String>,
        /// With `object_id`: the Microsoft account this person is.
        pub tenant_id: Option<String>,
        pub object_id: Option<String>,
        pub locked_at: Option<Timestamp>,
        pub created_at: Timestamp,
        pub last_seen_at: Option<Timestamp>,
    }
}

impl Person {
    /// The person's role; an unknown stored word is the least role.
    pub fn role(&self) -> crate::caller::Role {
        crate::caller::Role::from_stored(&self.role)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, name, email, external_id, role, password_hash, tenant_id, object_id, locked_at, created_at, last_seen_at FROM people ",
            $rest
        )
    };
}

const INSERT: &str = "INSERT INTO people (id, environment_id, name, email, external_id, role, password_hash, tenant_id, object_id, locked_at, created_at, last_seen_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

macro_rules! insert {
    ($it:expr) => {
        sqlx::query(INSERT)
            .bind(&$it.id)
            .bind(&$it.environment_id)
            .bind(&$it.name)
            .bind(&$it.email)
            .bind(&$it.external_id)
            .bind(&$it.role)
            .bind(&$it.password_hash)
            .bind(&$it.tenant_id)
            .bind(&$it.object_id)
            .bind($it.locked_at)
            .bind($it.created_at)
            .bind($it.last_seen_at)
    };
}

/// Adds a person; `Taken` when the e-mail, external id or Microsoft account is somebody's already.
pub async fn create(db: &Db, it: &Person) -> Result<()> {
    on!(db, pool => insert!(it).execute(pool).await.map(drop))?;
    Ok(())
}

/// Adds a person inside a transaction.
pub async fn create_within(tx: &mut Tx, it: &Person) -> Result<()> {
    within!(tx, connection => insert!(it).execute(connection).await.map(drop))?;
    Ok(())
}

/// Notes who made a new account, gave it its password or invited it.
pub async fn save_maker(tx: &mut Tx, id: &PersonId, maker: &PersonId) -> Result<()> {
    within!(tx, connection => sqlx::query("UPDATE people SET made_by = $2 WHERE id = $1").bind(id).bind(maker).execute(connection).await.map(drop))?;
    Ok(())
}

/// Who made an account; `None` when it came by itself or nobody knows.
pub async fn find_maker(db: &Db, id: &PersonId) -> Result<Option<PersonId>> {
    let found: Option<Option<PersonId>> = on!(db, pool => sqlx::query_scalar("SELECT made_by FROM people WHERE id = $1").bind(id).fetch_optional(pool).await)?;
    Ok(found.flatten())
}

/// Whether two people use one Microsoft account, to sign in or as a connection.
pub async fn share_account(db: &Db, one: &PersonId, other: &PersonId) -> Result<bool> {
    let shared: i64 = on!(db, pool => sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT tenant_id, object_id FROM people WHERE id = $1 AND object_id IS NOT NULL
                               UNION SELECT tenant_id, object_id FROM connections WHERE person_id = $1) a
         JOIN (SELECT tenant_id, object_id FROM people WHERE id = $2 AND object_id IS NOT NULL
               UNION SELECT tenant_id, object_id FROM connections WHERE person_id = $2) b
         ON a.tenant_id = b.tenant_id AND a.object_id = b.object_id")
        .bind(one).bind(other).fetch_one(pool).await)?;
    Ok(0 < shared)
}

/// Finds by identifier.
pub async fn find(db: &Db, id: &PersonId) -> Result<Option<Person>> {
    Ok(on!(db, pool => sqlx::query_as(select!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?)
}

/// Finds the person with this local sign-in name, in any case of letters.
pub async fn find_by_local_email(db: &Db, email: &str) -> Result<Option<Person>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE lower(email) = lower($1) AND password_hash IS NOT NULL")).bind(email).fetch_optional(pool).await)?,
    )
}

/// Finds by Microsoft account: tenant and object id, never by e-mail.
pub async fn find_by_account(
    db: &Db,
    environment: &EnvironmentId,
    tenant: &str,
    object: &str,
) -> Result<Option<Person>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE environment_id = $1 AND tenant_id = $2 AND object_id = $3"))
        .bind(environment).bind(tenant).bind(object).fetch_optional(pool).await)?,
    )
}

/// Finds by an application's own name for its end user.
pub async fn find_by_external_id(db: &Db, environment: &EnvironmentId, external: &str) -> Result<Option<Person>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE environment_id = $1 AND external_id = $2"))
        .bind(environment).bind(external).fetch_optional(pool).await)?,
    )
}

/// How people are listed.
pub static LIST: List = List {
    columns: "p.id, p.environment_id, p.name, p.email, p.external_id, p.role, p.password_hash, p.tenant_id, p.object_id, p.locked_at, p.created_at, p.last_seen_at",
    table: "people p",
    joined: "",
    searched: &["p.name", "p.email", "p.external_id", "p.id", "p.object_id"],
    filters: &[
        Choice {
            word: "owners",
            title: "Owners",
            sql: "p.role = 'owner'",
        },
        Choice {
            word: "administrators",
            title: "Administrators",
            sql: "p.role = 'administrator'",
        },
        Choice {
            word: "locked",
            title: "Locked",
            sql: "p.locked_at IS NOT NULL",
        },
    ],
    orders: &[
        Choice {
            word: "name",
            title: "By name",
            sql: "p.name, p.id",
        },
        Choice {
            word: "seen",
            title: "Last seen",
            sql: "COALESCE(p.last_seen_at, 0) DESC, p.id",
        },
        Choice {
            word: "newest",
            title: "Newest",
            sql: "p.created_at DESC, p.id",
        },
    ],
};

/// A page of an environment's people.
pub async fn page(db: &Db, environment: &EnvironmentId, wanted: &Wanted) -> Result<Page<Person>> {
    let conditions = [("p.environment_id = {}", environment.0.as_str().into())];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// A page of a group's members, or of the environment's people who are not in it.
pub async fn page_of_group(
    db: &Db,
    environment: &EnvironmentId,
    group: &GroupId,
    are_members: bool,
    wanted: &Wanted,
) -> Result<Page<Person>> {
    let is = if are_members {
        "EXISTS (SELECT 1 FROM group_members m WHERE m.person_id = p.id AND m.group_id = {})"
    } else {
        "NOT EXISTS (SELECT 1 FROM group_members m WHERE m.person_id = p.id AND m.group_id = {})"
    };
    let conditions = [
        ("p.environment_id = {}", environment.0.as_str().into()),
        (is, group.0.as_str().into()),
    ];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// Finds the people of an environment with this e-mail address, in any case of letters; two are enough to see that it names
/// nobody in particular.
pub async fn find_by_email(db: &Db, environment: &EnvironmentId, email: &str) -> Result<Vec<Person>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE environment_id = $1 AND lower(email) = lower($2) ORDER BY created_at, id LIMIT 2"))
        .bind(environment).bind(email).fetch_all(pool).await)?,
    )
}

/// The owner who was here first in an environment.
pub async fn find_owner(db: &Db, environment: &EnvironmentId) -> Result<Option<Person>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE environment_id = $1 AND role = 'owner' ORDER BY created_at, id LIMIT 1"))
        .bind(environment).fetch_optional(pool).await)?,
    )
}

/// How many owners the gateway has.
pub async fn count_owners(db: &Db) -> Result<i64> {
    Ok(on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM people WHERE role = 'owner'").fetch_one(pool).await)?)
}

/// Locks a person out, or lets them in again with `None`. Effective on their next request.
pub async fn save_locked(tx: &mut Tx, id: &PersonId, locked_at: Option<Timestamp>) -> Result<()> {
    within!(tx, connection => sqlx::query("UPDATE people SET locked_at = $2 WHERE id = $1").bind(id).bind(locked_at).execute(connection).await.map(drop))?;
    Ok(())
}

/// Changes what a person may do in the portal.
pub async fn save_role(tx: &mut Tx, id: &PersonId, role: &str) -> Result<()> {
    within!(tx, connection => sqlx::query("UPDATE people SET role = $2 WHERE id = $1").bind(id).bind(role).execute(connection).await.map(drop))?;
    Ok(())
}

/// Changes the password hash.
pub async fn save_password(db: &Db, id: &PersonId, hash: &str) -> Result<()> {
    on!(db, pool => sqlx::query("UPDATE people SET password_hash = $2 WHERE id = $1").bind(id).bind(hash).execute(pool).await.map(drop))?;
    Ok(())
}

/// Ties a person to the Microsoft account they proved, by which they sign in from now on; false when they have one already.
pub async fn save_account(db: &Db, id: &PersonId, tenant: &str, object: &str) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE people SET tenant_id = $2, object_id = $3 WHERE id = $1 AND object_id IS NULL")
        .bind(id).bind(tenant).bind(object).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Unties a person from the Microsoft account by which they sign in, if a password or the house's provider lets them in as well;
/// false when there is nothing to untie or no other way.
pub async fn remove_account(db: &Db, id: &PersonId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "UPDATE people SET tenant_id = NULL, object_id = NULL WHERE id = $1 AND object_id IS NOT NULL
         AND (password_hash IS NOT NULL OR EXISTS (SELECT 1 FROM openid_accounts WHERE person_id = people.id))")
        .bind(id).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Notes when a person was last here, at most once a minute; `last` is when that was noted before.
pub async fn touch(db: &Db, id: &PersonId, last: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if noted_lately(last, now) {
        return Ok(());
    }
    on!(db, pool => sqlx::query("UPDATE people SET last_seen_at = $2 WHERE id = $1 AND (last_seen_at IS NULL OR last_seen_at < $2 - 60000 OR $2 < last_seen_at)")
        .bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}
