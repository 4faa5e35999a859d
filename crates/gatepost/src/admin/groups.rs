//! Groups of people, which policies name.

use serde_json::json;

use super::{Problems, Refused, check_name, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, GroupId, PersonId};
use crate::store::groups::{self, Group};
use crate::store::{self, people};

/// Adds a group.
pub async fn create(app: &App, caller: &Caller, name: &str) -> Result<GroupId, Refused> {
    manages(caller)?;
    let mut problems = Problems::new();
    check_name(&mut problems, "name", name);
    sound(problems)?;
    let group = Group {
        id: app.clock.new_id().into(),
        environment_id: caller.environment.clone(),
        name: name.to_owned(),
        created_at: app.clock.now(),
    };
    groups::create(&app.db, &group).await.map_err(|error| match error {
        store::Error::Taken => Refused::Invalid(Problems::from([(
            "name",
            "there is a group whose name looks the same".to_owned(),
        )])),
        other => other.into(),
    })?;
    app.audit
        .append(Entry::of(
            "group.created",
            caller,
            json!({ "group": group.id, "name": group.name }),
        ))
        .await?;
    Ok(group.id)
}

/// Deletes a group; policies that name it then speak of nobody.
pub async fn delete(app: &App, caller: &Caller, id: &GroupId) -> Result<(), Refused> {
    let group = find(app, caller, id).await?;
    groups::delete(&app.db, &caller.environment, id).await?;
    app.audit
        .append(Entry::of(
            "group.deleted",
            caller,
            json!({ "group": id, "name": group.name }),
        ))
        .await?;
    Ok(())
}

/// Puts a person into a group.
pub async fn add_member(app: &App, caller: &Caller, group: &GroupId, person: &PersonId) -> Result<(), Refused> {
    manages(caller)?;
    let others = groups::of_person(&app.db, person).await?;
    if groups::MOST_OF_ONE <= others.len() && !others.contains(group) {
        return Err(Refused::Conflict(format!(
            "this person is in {} groups, and nobody may be in more, because every call is judged by all of them: take them \
             out of one first",
            others.len()
        )));
    }
    change(app, caller, group, person, "group.member_added").await?;
    groups::add(&app.db, group, person).await?;
    Ok(())
}

/// Takes a person out of a group.
pub async fn remove_member(app: &App, caller: &Caller, group: &GroupId, person: &PersonId) -> Result<(), Refused> {
    change(app, caller, group, person, "group.member_removed").await?;
    groups::remove(&app.db, group, person).await?;
    Ok(())
}

async fn change(
    app: &App,
    caller: &Caller,
    group: &GroupId,
    person: &PersonId,
    kind: &'static str,
) -> Result<(), Refused> {
    let group = find(app, caller, group).await?;
    let person = people::find(&app.db, person)
        .await?
        .filter(|it| it.environment_id == caller.environment)
        .ok_or(Refused::NotFound)?;
    let details = json!({ "group": group.id, "name": group.name, "subject": person.id, "subject_name": person.name });
    app.audit.append(Entry::of(kind, caller, details)).await?;
    Ok(())
}

/// Finds a group of the caller's environment.
pub async fn find(app: &App, caller: &Caller, id: &GroupId) -> Result<Group, Refused> {
    manages(caller)?;
    let found = groups::find(&app.db, &caller.environment, id).await?;
    found.ok_or(Refused::NotFound)
}
