//! Policies of an environment; every change raises the environment's policy version.

use super::db::{on, within};
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result, Tx};
use crate::caller::{EnvironmentId, PolicyId};
use crate::clock::Timestamp;

row! {
    /// One stored policy.
    #[derive(Clone, Debug)]
    pub struct Policy {
        pub id: PolicyId,
        pub environment_id: EnvironmentId,
        pub name: String,
        pub enabled: bool,
        /// JSON of the form, or of hand-written Cedar text.
        pub source: String,
        pub created_at: Timestamp,
        pub updated_at: Timestamp,
        pub updated_by: Option<String>,
    }
}

/// How policies are listed.
pub static LIST: List = List {
    columns: "o.id, o.environment_id, o.name, o.enabled, o.source, o.created_at, o.updated_at, o.updated_by",
    table: "policies o",
    joined: "",
    searched: &["o.name", "o.id"],
    filters: &[
        Choice {
            word: "on",
            title: "In force",
            sql: "o.enabled",
        },
        Choice {
            word: "off",
            title: "Switched off",
            sql: "NOT o.enabled",
        },
    ],
    orders: &[
        Choice {
            word: "oldest",
            title: "Oldest",
            sql: "o.created_at, o.id",
        },
        Choice {
            word: "name",
            title: "By name",
            sql: "lower(o.name), o.id",
        },
        Choice {
            word: "changed",
            title: "Last changed",
            sql: "o.updated_at DESC, o.id",
        },
    ],
};

/// A page of an environment's policies.
pub async fn page(db: &Db, environment: &EnvironmentId, wanted: &Wanted) -> Result<Page<Policy>> {
    let conditions = [("o.environment_id = {}", environment.0.as_str().into())];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// Finds a policy of an environment.
pub async fn find(db: &Db, environment: &EnvironmentId, id: &PolicyId) -> Result<Option<Policy>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, name, enabled, source, created_at, updated_at, updated_by FROM policies WHERE id = $1 AND environment_id = $2")
        .bind(id).bind(environment).fetch_optional(pool).await)?)
}

/// The most policies an environment may have; whoever makes one looks.
pub const MOST: usize = 1_000;

/// The policies of an environment, oldest first.
///
/// Every one of them: what is in force is compiled from the whole.
pub async fn list(db: &Db, environment: &EnvironmentId) -> Result<Vec<Policy>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT id, environment_id, name, enabled, source, created_at, updated_at, updated_by FROM policies WHERE environment_id = $1 ORDER BY created_at, id")
        .bind(environment).fetch_all(pool).await)?)
}

/// Adds or changes a policy of its environment. The caller also calls [`bump`] in the same transaction.
pub async fn save(tx: &mut Tx, it: &Policy) -> Result<()> {
    within!(tx, connection => sqlx::query(
        "INSERT INTO policies (id, environment_id, name, enabled, source, created_at, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled, source = excluded.source, updated_at = excluded.updated_at,
                updated_by = excluded.updated_by WHERE policies.environment_id = excluded.environment_id")
        .bind(&it.id).bind(&it.environment_id).bind(&it.name).bind(it.enabled).bind(&it.source).bind(it.created_at).bind(it.updated_at)
        .bind(&it.updated_by).execute(connection).await.map(drop))?;
    Ok(())
}

/// Deletes a policy of this environment. The caller also calls [`bump`] in the same transaction.
pub async fn delete(tx: &mut Tx, environment: &EnvironmentId, id: &PolicyId) -> Result<()> {
    within!(tx, connection => sqlx::query("DELETE FROM policies WHERE id = $1 AND environment_id = $2").bind(id).bind(environment).execute(connection).await.map(drop))?;
    Ok(())
}

/// Raises the policy version, which makes every replica compile anew on its next call.
pub async fn bump(tx: &mut Tx, environment: &EnvironmentId) -> Result<i64> {
    Ok(
        within!(tx, connection => sqlx::query_scalar("UPDATE environments SET policy_version = policy_version + 1 WHERE id = $1 RETURNING policy_version")
        .bind(environment).fetch_one(connection).await)?,
    )
}
