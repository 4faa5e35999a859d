//! Groups of people, which policies name.

use super::db::on;
use super::list::{Choice, List, Of, Page, Statement, Wanted};
use super::row::row;
use super::{Db, Result};
use crate::caller::{EnvironmentId, GroupId, PersonId, look_of};
use crate::clock::Timestamp;

row! {
    /// One group.
    #[derive(Clone, Debug)]
    pub struct Group {
        pub id: GroupId,
        pub environment_id: EnvironmentId,
        pub name: String,
        pub created_at: Timestamp,
    }
}

/// Adds a group; `Taken` when another has a name that looks the same.
pub async fn create(db: &Db, it: &Group) -> Result<()> {
    on!(db, pool => sqlx::query("INSERT INTO groups (id, environment_id, name, name_key, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&it.id).bind(&it.environment_id).bind(&it.name).bind(look_of(&it.name)).bind(it.created_at)
        .execute(pool).await.map(drop))?;
    Ok(())
}

row! {
    /// A group as lists show it.
    #[derive(Clone, Debug)]
    pub struct Listed with group: Group {
        pub members: i64,
    }
}

/// How groups are listed.
pub static LIST: List = List {
    columns: "g.id, g.environment_id, g.name, g.created_at, (SELECT COUNT(*) FROM group_members m WHERE m.group_id = g.id) AS members",
    table: "groups g",
    joined: "",
    searched: &["g.name", "g.id"],
    filters: &[],
    orders: &[
        Choice {
            word: "name",
            title: "By name",
            sql: "g.name_key, g.id",
        },
        Choice {
            word: "newest",
            title: "Newest",
            sql: "g.created_at DESC, g.id",
        },
    ],
};

/// A page of an environment's groups.
pub async fn page(db: &Db, environment: &EnvironmentId, wanted: &Wanted) -> Result<Page<Listed>> {
    let conditions = [("g.environment_id = {}", environment.0.as_str().into())];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// A page of the groups a person is in, or of those of the environment that they are not in.
pub async fn page_of_person(
    db: &Db,
    environment: &EnvironmentId,
    person: &PersonId,
    is_member: bool,
    wanted: &Wanted,
) -> Result<Page<Listed>> {
    let is = if is_member {
        "EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = g.id AND m.person_id = {})"
    } else {
        "NOT EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = g.id AND m.person_id = {})"
    };
    let conditions = [
        ("g.environment_id = {}", environment.0.as_str().into()),
        (is, person.0.as_str().into()),
    ];
    let of = Of {
        environment,
        conditions: &conditions,
    };
    LIST.page(db, of, wanted).await
}

/// Finds a group of an environment.
pub async fn find(db: &Db, environment: &EnvironmentId, id: &GroupId) -> Result<Option<Group>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT id, environment_id, name, created_at FROM groups WHERE id = $1 AND environment_id = $2")
        .bind(id).bind(environment).fetch_optional(pool).await)?,
    )
}

/// The most groups one person may be in; whoever adds them looks.
pub const MOST_OF_ONE: usize = 500;

/// The groups a person is in, every one: a call is judged by all of them.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<GroupId>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT group_id FROM group_members WHERE person_id = $1 ORDER BY group_id")
        .bind(person).fetch_all(pool).await)?,
    )
}

/// The names of the groups these people are in, at most a hundred people: person and name, by name.
pub async fn names_of(db: &Db, people: &[PersonId]) -> Result<Vec<(PersonId, String)>> {
    let mut statement = Statement::default();
    statement.text(
        "SELECT m.person_id, g.name FROM group_members m JOIN groups g ON g.id = m.group_id WHERE m.person_id IN (",
    );
    for (at, person) in people.iter().take(100).enumerate() {
        statement.text(if at == 0 { "" } else { ", " }).value(person.0.as_str());
    }
    if people.is_empty() {
        return Ok(Vec::new());
    }
    statement.text(") ORDER BY g.name_key LIMIT 10000");
    statement.rows(db).await
}

/// Puts a person of the same environment into a group; false when either is unknown there.
pub async fn add(db: &Db, group: &GroupId, person: &PersonId) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(
        "INSERT INTO group_members (group_id, person_id)
         SELECT g.id, p.id FROM groups g JOIN people p ON p.environment_id = g.environment_id WHERE g.id = $1 AND p.id = $2
         ON CONFLICT (group_id, person_id) DO NOTHING")
        .bind(group).bind(person).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Takes a person out of a group.
pub async fn remove(db: &Db, group: &GroupId, person: &PersonId) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM group_members WHERE group_id = $1 AND person_id = $2")
        .bind(group).bind(person).execute(pool).await.map(drop))?;
    Ok(())
}

/// Deletes a group of this environment.
pub async fn delete(db: &Db, environment: &EnvironmentId, group: &GroupId) -> Result<()> {
    on!(db, pool => sqlx::query("DELETE FROM groups WHERE id = $1 AND environment_id = $2").bind(group).bind(environment).execute(pool).await.map(drop))?;
    Ok(())
}
