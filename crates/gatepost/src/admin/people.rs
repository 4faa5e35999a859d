//! People: adding local administrators, roles, locking, ending sessions.

use serde_json::json;

use super::ending;
use super::{Password, Problems, Refused, check_email, check_name, manages};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, PersonId, Role};
use crate::store::people::{self, Person};
use crate::store::{self, grants, sessions};

/// A local administrator about to be added.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    pub name: String,
    pub email: String,
    pub password: Password,
}

impl NewAdministrator {
    /// Takes what was typed, or says what is wrong with it.
    pub fn check(name: &str, email: &str, password: &str) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        check_name(&mut problems, "name", name);
        check_email(&mut problems, "email", email);
        let password = Password::check(password, None, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            name: name.to_owned(),
            email: email.to_owned(),
            password,
        })
    }
}

/// Finds a person of the caller's environment; people who do not manage it find only themselves.
pub async fn find(app: &App, caller: &Caller, id: &PersonId) -> Result<Person, Refused> {
    let found = people::find(&app.db, id).await?;
    let visible =
        |it: &Person| it.environment_id == caller.environment && (caller.role.may_manage() || it.id == caller.person);
    found.filter(visible).ok_or(Refused::NotFound)
}

/// Adds an administrator who signs in with e-mail and password.
pub async fn add_administrator(app: &App, caller: &Caller, new: &NewAdministrator) -> Result<PersonId, Refused> {
    manages(caller)?;
    let person = Person {
        id: app.clock.new_id().into(),
        environment_id: caller.environment.clone(),
        name: new.name.clone(),
        email: Some(new.email.clone()),
        external_id: None,
        role: Role::Administrator.as_str().into(),
        password_hash: Some(new.password.hash(&app.clock).await),
        tenant_id: None,
        object_id: None,
        locked_at: None,
        created_at: app.clock.now(),
        last_seen_at: None,
    };
    let mut tx = app.db.begin().await?;
    people::create_within(&mut tx, &person)
        .await
        .map_err(|error| match error {
            store::Error::Taken => Refused::Invalid(Problems::from([(
                "email",
                "somebody signs in with this e-mail already".to_owned(),
            )])),
            other => other.into(),
        })?;
    people::save_maker(&mut tx, &person.id, &caller.person).await?;
    tx.commit().await?;
    let details = json!({ "subject": person.id, "subject_name": person.name, "role": person.role });
    app.audit.append(Entry::of("person.added", caller, details)).await?;
    Ok(person.id)
}

/// Changes what a person may do in the portal. What they gave and may not give any more ends for good.
///
/// Invariant: nobody grants more than they hold, changes their own role, or touches an owner without being one.
pub async fn save_role(app: &App, caller: &Caller, id: &PersonId, role: Role) -> Result<(), Refused> {
    let person = subject(app, caller, id).await?;
    if caller.role < role {
        return Err(Refused::NotAllowed);
    }
    let mut tx = app.db.begin().await?;
    let ended = ending::of_role(app, &mut tx, &person.id, person.role().min(role)).await?;
    people::save_role(&mut tx, &person.id, role.as_str()).await?;
    tx.commit().await?;
    let details = json!({ "subject": person.id, "subject_name": person.name, "before": person.role, "role": role });
    app.audit
        .append(Entry::of("person.role_changed", caller, details))
        .await?;
    ended.record(app, caller, &person.id).await
}

/// Locks a person out of portal, agents and keys at once, or lets them in again. What they gave or asked for and nobody used
/// ends for good with the lock.
pub async fn save_locked(app: &App, caller: &Caller, id: &PersonId, locked: bool) -> Result<(), Refused> {
    let person = subject(app, caller, id).await?;
    let mut tx = app.db.begin().await?;
    let ended = ending::of_locked(app, &mut tx, &person.id, locked || person.locked_at.is_some()).await?;
    people::save_locked(&mut tx, &person.id, locked.then(|| app.clock.now())).await?;
    tx.commit().await?;
    if locked {
        sessions::delete_of_person(&app.db, &person.id).await?;
    }
    let details = json!({ "subject": person.id, "subject_name": person.name });
    app.audit
        .append(Entry::of(
            if locked { "person.locked" } else { "person.unlocked" },
            caller,
            details,
        ))
        .await?;
    ended.record(app, caller, &person.id).await
}

/// Signs a person out of every browser.
pub async fn end_sessions(app: &App, caller: &Caller, id: &PersonId) -> Result<u64, Refused> {
    manages(caller)?;
    let person = find(app, caller, id).await?;
    if caller.role < person.role() {
        return Err(Refused::NotAllowed);
    }
    let ended = sessions::delete_of_person(&app.db, &person.id).await?;
    let details = json!({ "subject": person.id, "subject_name": person.name, "ended": ended });
    app.audit
        .append(Entry::of("person.sessions_ended", caller, details))
        .await?;
    Ok(ended)
}

/// Takes back everything a person allowed agents; the number of consents.
pub async fn revoke_grants(app: &App, caller: &Caller, id: &PersonId) -> Result<u64, Refused> {
    manages(caller)?;
    let person = find(app, caller, id).await?;
    if caller.role < person.role() {
        return Err(Refused::NotAllowed);
    }
    let revoked = grants::revoke_of_person(&app.db, &person.id, app.clock.now(), "revoked by an administrator").await?;
    let details = json!({ "subject": person.id, "subject_name": person.name, "revoked": revoked });
    app.audit
        .append(Entry::of("person.grants_revoked", caller, details))
        .await?;
    Ok(revoked)
}

/// Somebody else of the environment whom the caller may manage.
async fn subject(app: &App, caller: &Caller, id: &PersonId) -> Result<Person, Refused> {
    manages(caller)?;
    let person = find(app, caller, id).await?;
    if person.id == caller.person {
        return Err(Refused::Conflict(
            "you cannot change your own role or lock yourself out; ask another administrator".into(),
        ));
    }
    if caller.role < person.role() {
        return Err(Refused::NotAllowed);
    }
    Ok(person)
}
