//! Granting and withdrawing consent without a page.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::admin::Refusal;
use crate::admin::Wish;
use crate::entra::Grantor;
use crate::entra::Permission;
use crate::people::CONTOSO;

/// Which consent: a person's, or without one the whole directory's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consent {
    client_id: String,
    /// Sign-in name or object id.
    #[serde(default)]
    person: Option<String>,
    #[serde(default = "contoso")]
    tid: String,
    /// All of the registration's, if left out.
    #[serde(default)]
    permissions: Option<Vec<String>>,
}

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Value>> {
    let listed = sandbox.directory().consents.list();
    let shown = listed.into_iter().map(
        |(client_id, tid, oid, scopes)| json!({ "client_id": client_id, "tid": tid, "oid": oid, "scopes": scopes }),
    );
    Json(shown.collect())
}

pub(super) async fn grant(State(sandbox): State<Sandbox>, Wish(wish): Wish<Consent>) -> Result<StatusCode, Refusal> {
    let mut directory = sandbox.directory();
    let application = directory
        .find_application(&wish.client_id)
        .cloned()
        .ok_or(Refusal::Unknown("application"))?;
    let permissions = match &wish.permissions {
        None => application.delegated(),
        Some(names) => {
            let read = names.iter().map(|name| {
                Permission::read(name).ok_or_else(|| Refusal::Bad(format!("permission '{name}' does not exist")))
            });
            read.collect::<Result<Vec<_>, _>>()?
        }
    };
    let grantor = match &wish.person {
        None => Grantor::Everyone,
        Some(named) => {
            let person = directory.find_person(named).ok_or(Refusal::Unknown("person"))?;
            let oid = person
                .oid_in(&wish.tid)
                .ok_or(Refusal::Unknown("person in this directory"))?;
            Grantor::Person(oid.to_owned())
        }
    };
    directory
        .consents
        .grant(&application.client_id, &wish.tid, grantor, permissions);
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws a person's consent, or without a person every consent in the directory.
pub(super) async fn withdraw(State(sandbox): State<Sandbox>, Wish(wish): Wish<Consent>) -> Result<StatusCode, Refusal> {
    let mut directory = sandbox.directory();
    match &wish.person {
        None => directory.consents.withdraw_all(&wish.client_id, &wish.tid),
        Some(named) => {
            let person = directory.find_person(named).ok_or(Refusal::Unknown("person"))?;
            let oid = person
                .oid_in(&wish.tid)
                .ok_or(Refusal::Unknown("person in this directory"))?
                .to_owned();
            directory.consents.withdraw(&oid, Some(&wish.client_id));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

fn contoso() -> String {
    CONTOSO.to_owned()
}
