//! Groups of people, which policies name.

use super::db::on;
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

/// The groups of an environment, by name.
pub async fn list(db: &Db, environment: &EnvironmentId) -> Result<Vec<Group>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT id, environment_id, name, created_at FROM groups WHERE environment_id = $1 ORDER BY name_key")
        .bind(environment).fetch_all(pool).await)?,
    )
}

/// The groups a person is in.
pub async fn of_person(db: &Db, person: &PersonId) -> Result<Vec<GroupId>> {
    Ok(
        on!(db, pool => sqlx::query_scalar("SELECT group_id FROM group_members WHERE person_id = $1 ORDER BY group_id")
        .bind(person).fetch_all(pool).await)?,
    )
}

/// Every membership of an environment: group and person.
pub async fn memberships(db: &Db, environment: &EnvironmentId) -> Result<Vec<(GroupId, PersonId)>> {
    Ok(on!(db, pool => sqlx::query_as(
        "SELECT m.group_id, m.person_id FROM group_members m JOIN groups g ON g.id = m.group_id WHERE g.environment_id = $1 ORDER BY 1, 2")
        .bind(environment).fetch_all(pool).await)?)
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
