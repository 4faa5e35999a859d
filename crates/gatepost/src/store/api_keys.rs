//! API keys: of a person, or of an application that names its end user on each call.

use super::db::on;
use super::list::{Choice, List, Of, Page, Wanted};
use super::row::row;
use super::{Db, Result, noted_lately};
use crate::caller::{ApiKeyId, EnvironmentId, PersonId, Role};
use crate::clock::Timestamp;

row! {
    /// One key; the key itself is shown once and only its SHA-256 is here.
    #[derive(Clone, Debug)]
    pub struct ApiKey {
        pub id: ApiKeyId,
        pub environment_id: EnvironmentId,
        pub name: String,
        pub hash: Vec<u8>,
        /// The key's last four characters, to tell keys apart.
        pub hint: String,
        /// Whom the key acts for; absent for an application's key, which names a person on each call.
        pub person_id: Option<PersonId>,
        pub scopes: String,
        pub created_by: Option<String>,
        pub created_at: Timestamp,
        pub expires_at: Option<Timestamp>,
        pub used_at: Option<Timestamp>,
        pub revoked_at: Option<Timestamp>,
    }
}

row! {
    /// A key with the person it acts for; an application's key has none.
    #[derive(Clone, Debug)]
    pub struct Held with key: ApiKey {
        pub person_name: Option<String>,
        pub person_role: Option<String>,
        pub person_locked_at: Option<Timestamp>,
        pub person_seen_at: Option<Timestamp>,
        /// Identifiers of the person's groups, with spaces between.
        pub person_groups: Option<String>,
        /// Who made the key, as they are now; both absent for a key whose maker is not known or gone.
        pub maker_role: Option<String>,
        pub maker_locked_at: Option<Timestamp>,
    }
}

impl Held {
    /// Whether an application's key is one its maker may still give: only those who manage let applications speak for others.
    pub fn may_speak_for_others(&self) -> bool {
        let role = self.maker_role.as_deref().map(Role::from_stored);
        let may_still = role.is_some_and(Role::may_manage) && self.maker_locked_at.is_none();
        self.key.person_id.is_none() && (self.key.created_by.is_none() || may_still)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, environment_id, name, hash, hint, person_id, scopes, created_by, created_at, expires_at, used_at, revoked_at FROM api_keys ", $rest)
    };
}

/// Adds a key.
pub async fn create(db: &Db, it: &ApiKey) -> Result<()> {
    on!(db, pool => sqlx::query(
        "INSERT INTO api_keys (id, environment_id, name, hash, hint, person_id, scopes, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.name).bind(&it.hash).bind(&it.hint).bind(&it.person_id).bind(&it.scopes).bind(&it.created_by)
        .bind(it.created_at).bind(it.expires_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Finds a key by its hash, in one read with all that a call asks of its person.
pub async fn find_by_hash(db: &Db, hash: &[u8]) -> Result<Option<Held>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT k.id, k.environment_id, k.name, k.hash, k.hint, k.person_id, k.scopes, k.created_by, k.created_at, k.expires_at, k.used_at, k.revoked_at,
                p.name AS person_name, p.role AS person_role, p.locked_at AS person_locked_at, p.last_seen_at AS person_seen_at,
                (SELECT string_agg(g.group_id, ' ') FROM group_members g WHERE g.person_id = p.id) AS person_groups,
                m.role AS maker_role, m.locked_at AS maker_locked_at
         FROM api_keys k LEFT JOIN people p ON p.id = k.person_id LEFT JOIN people m ON m.id = k.created_by WHERE k.hash = $1")
        .bind(hash).fetch_optional(pool).await)?)
}

row! {
    /// A key as lists show it.
    #[derive(Clone, Debug)]
    pub struct Listed with key: ApiKey {
        pub person_name: Option<String>,
    }
}

/// How keys are listed.
pub static LIST: List = List {
    columns: "k.id, k.environment_id, k.name, k.hash, k.hint, k.person_id, k.scopes, k.created_by, k.created_at, k.expires_at, k.used_at, k.revoked_at, p.name AS person_name",
    table: "api_keys k",
    joined: "LEFT JOIN people p ON p.id = k.person_id",
    searched: &["k.name", "k.hint", "k.id", "p.name", "p.email"],
    filters: &[
        Choice {
            word: "active",
            title: "In force",
            sql: "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {now})",
        },
        Choice {
            word: "ended",
            title: "Ended",
            sql: "k.revoked_at IS NULL AND k.expires_at <= {now}",
        },
        Choice {
            word: "revoked",
            title: "Revoked",
            sql: "k.revoked_at IS NOT NULL",
        },
    ],
    orders: &[
        Choice {
            word: "newest",
            title: "Newest",
            sql: "k.created_at DESC, k.id DESC",
        },
        Choice {
            word: "name",
            title: "By name",
            sql: "lower(k.name), k.id",
        },
        Choice {
            word: "used",
            title: "Last used",
            sql: "COALESCE(k.used_at, 0) DESC, k.id",
        },
    ],
};

/// A page of an environment's keys, or of those of one person in it.
pub async fn page(
    db: &Db,
    environment: &EnvironmentId,
    person: Option<&PersonId>,
    wanted: &Wanted,
) -> Result<Page<Listed>> {
    let mut conditions = vec![("k.environment_id = {}", environment.0.as_str().into())];
    conditions.extend(person.map(|it| ("k.person_id = {}", it.0.as_str().into())));
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// Finds a key of an environment by identifier.
pub async fn find(db: &Db, environment: &EnvironmentId, id: &ApiKeyId) -> Result<Option<ApiKey>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE id = $1 AND environment_id = $2")).bind(id).bind(environment).fetch_optional(pool).await)?,
    )
}

/// Whether a key is there, neither revoked nor past its end.
pub async fn is_usable(db: &Db, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
    let found: Option<String> = on!(db, pool => sqlx::query_scalar("SELECT id FROM api_keys WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR $2 < expires_at)")
        .bind(id).bind(now).fetch_optional(pool).await)?;
    Ok(found.is_some())
}

/// Revokes a key of this environment; effective on its next use.
pub async fn revoke(db: &Db, environment: &EnvironmentId, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
    let done = on!(db, pool => sqlx::query("UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND environment_id = $2 AND revoked_at IS NULL")
        .bind(id).bind(environment).bind(now).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Notes that the key was used, at most once a minute; `last` is when that was noted before.
pub async fn touch(db: &Db, id: &ApiKeyId, last: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if noted_lately(last, now) {
        return Ok(());
    }
    on!(db, pool => sqlx::query("UPDATE api_keys SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2 - 60000 OR $2 < used_at)")
        .bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}
