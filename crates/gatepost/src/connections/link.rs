//! A Microsoft account becomes a way in: an act of its own, by a person who is signed in and has just proved it.

use serde_json::json;

use super::{Arrival, ConnectError, Kind};
use crate::app::App;
use crate::audit::Entry;
use crate::entra::Identity;
use crate::store::flows::{self, Flow};
use crate::store::{connections, people};

/// Ties the account to the person who began. Its tokens are dropped: linking connects nothing.
pub(super) async fn link(app: &App, flow: &Flow, identity: &Identity, trace: &str) -> Result<Arrival, ConnectError> {
    let account = || identity.username.clone().unwrap_or_else(|| identity.oid.clone());
    let began = flow.person_id.as_ref().ok_or(ConnectError::UnknownFlow)?;
    let person = people::find(&app.db, began).await?.ok_or(ConnectError::UnknownFlow)?;
    if person.locked_at.is_some() {
        return Err(ConnectError::Locked);
    }
    let (tid, oid) = (&identity.tid, &identity.oid);
    let signs_in = people::find_by_account(&app.db, &flow.environment_id, tid, oid).await?;
    let connected = connections::person_of_account(&app.db, &flow.environment_id, tid, oid).await?;
    let others = signs_in.map(|it| it.id).into_iter().chain(connected);
    if others.into_iter().any(|it| it != person.id) {
        return Err(ConnectError::AccountOfAnother { account: account() });
    }
    if !people::save_account(&app.db, &person.id, tid, oid).await? {
        return Err(ConnectError::LinkedAlready);
    }
    let entry = Entry {
        kind: "sign_in.linked",
        environment: Some(flow.environment_id.clone()),
        person: Some(person.id.clone()),
        trace: trace.to_owned(),
        details: json!({ "method": "microsoft", "flow": flow.id, "tid": tid, "oid": oid, "account": account() }),
    };
    app.audit.append(entry).await?;
    if !flows::advance(&app.db, &flow.id, "Returned", "Connected").await? {
        return Err(ConnectError::UnknownFlow);
    }
    Ok(Arrival {
        kind: Kind::Link,
        flow: flow.clone(),
        person,
        connection: None,
        missing: Vec::new(),
    })
}
