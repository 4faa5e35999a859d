//! Adding people, changing them, and cutting their access.

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::Sandbox;
use crate::admin::Refusal;
use crate::admin::Wish;
use crate::entra::Directory;
use crate::people::CONTOSO;
use crate::people::Guest;
use crate::people::Person;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Newcomer {
    upn: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tid: Option<String>,
    #[serde(default)]
    oid: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    guest_in: Vec<Guest>,
    #[serde(default)]
    is_admin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    groups: Option<Vec<String>>,
    is_admin: Option<bool>,
    disabled: Option<bool>,
    needs_second_factor: Option<bool>,
    /// End browser sessions, codes and refresh tokens.
    #[serde(default)]
    revoke_sessions: bool,
    /// Take back the person's own consent: of one application by client id, or `true` for all.
    #[serde(default)]
    withdraw_consent: Value,
}

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Person>> {
    Json(sandbox.directory().people.clone())
}

pub(super) async fn add(
    State(sandbox): State<Sandbox>,
    Wish(wish): Wish<Newcomer>,
) -> Result<(StatusCode, Json<Person>), Refusal> {
    let fresh_oid = sandbox.new_id();
    let mut directory = sandbox.directory();
    let tid = wish.tid.unwrap_or_else(|| CONTOSO.to_owned());
    if directory.tenant(&tid).is_none() {
        return Err(Refusal::Unknown("tenant"));
    }
    let oid = wish.oid.unwrap_or(fresh_oid);
    if directory.find_by_upn(&wish.upn).is_some() || directory.find_by_oid(&oid).is_some() {
        return Err(Refusal::Bad(format!("'{}' or its object id is taken", wish.upn)));
    }
    let person = Person {
        groups: wish.groups,
        guest_in: wish.guest_in,
        is_admin: wish.is_admin,
        ..Person::new(&tid, &oid, &wish.upn, wish.name.as_deref().unwrap_or(&wish.upn))
    };
    directory.people.push(person.clone());
    Ok((StatusCode::CREATED, Json(person)))
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path(named): Path<String>,
    Wish(wish): Wish<Change>,
) -> Result<Json<Person>, Refusal> {
    let mut directory = sandbox.directory();
    let mut person = directory
        .find_person(&named)
        .cloned()
        .ok_or(Refusal::Unknown("person"))?;
    person.name = wish.name.unwrap_or(person.name);
    person.groups = wish.groups.unwrap_or(person.groups);
    person.is_admin = wish.is_admin.unwrap_or(person.is_admin);
    person.disabled = wish.disabled.unwrap_or(person.disabled);
    person.needs_second_factor = wish.needs_second_factor.unwrap_or(person.needs_second_factor);
    if wish.revoke_sessions {
        directory.revoke_sessions(&person.oid);
    }
    withdraw(&mut directory, &person, &wish.withdraw_consent)?;
    if let Some(kept) = directory.people.iter_mut().find(|kept| kept.oid == person.oid) {
        *kept = person.clone();
    }
    Ok(Json(person))
}

pub(super) async fn remove(State(sandbox): State<Sandbox>, Path(named): Path<String>) -> Result<StatusCode, Refusal> {
    let mut directory = sandbox.directory();
    let oid = directory
        .find_person(&named)
        .map(|person| person.oid.clone())
        .ok_or(Refusal::Unknown("person"))?;
    directory.people.retain(|person| person.oid != oid);
    Ok(StatusCode::NO_CONTENT)
}

fn withdraw(directory: &mut Directory, person: &Person, which: &Value) -> Result<(), Refusal> {
    let client_id = match which {
        Value::Null | Value::Bool(false) => return Ok(()),
        Value::Bool(true) => None,
        Value::String(client_id) => Some(client_id.as_str()),
        _ => return Err(Refusal::Bad("withdraw_consent must be true or a client id".to_owned())),
    };
    for oid in person.guest_in.iter().map(|guest| &guest.oid).chain([&person.oid]) {
        directory.consents.withdraw(oid, client_id);
    }
    Ok(())
}
