//! The life of a connection: consent, Microsoft, back again, connected, disconnected.

mod admission;
mod arrive;
mod begin;
mod error;
mod invited;
mod join;
mod link;

pub use admission::Admission;
pub use arrive::{Arrival, arrive, is_awaited};
pub use begin::{Ask, Departure, Kind, admit_stranger, begin};
pub use error::ConnectError;
pub use invited::{Over, over as invitation_over};

use serde_json::json;

use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, ConnectionId};
use crate::entra;
use crate::store::connections::{self, Connection};

/// The permissions of the ten wanted that this connection was not granted.
pub fn missing(scopes: &str) -> Vec<&'static str> {
    let granted: Vec<String> = scopes.split_ascii_whitespace().map(str::to_owned).collect();
    entra::missing_scopes(&granted)
}

/// Disconnects: shreds the tokens here. Microsoft is not told: it offers no way, so the person withdraws consent there.
///
/// A person disconnects their own; an administrator any of the environment. False when there is no such connection.
pub async fn disconnect(app: &App, caller: &Caller, id: &ConnectionId) -> Result<bool, ConnectError> {
    let found = connections::find(&app.db, id).await?;
    let mine = |it: &Connection| it.person_id == caller.person || caller.role.may_manage();
    let Some(connection) = found.filter(|it| it.environment_id == caller.environment && mine(it)) else {
        return Ok(false);
    };
    let details = json!({ "connection": connection.id, "account": connection.account_username, "person_of_connection": connection.person_id });
    app.audit
        .append(Entry::of("connection.disconnected", caller, details))
        .await?;
    Ok(connections::save_revoked(&app.db, id, "it was disconnected").await?)
}
