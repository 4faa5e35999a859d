//! Which client an identifier names: one that registered or was entered here, or one described at its own address.

use std::net::IpAddr;

use serde_json::Value;

use crate::app::App;
use crate::caller::ClientId;
use crate::client_metadata::{self, Described, Unreadable, pinned, redirect};
use crate::store;
use crate::store::clients::{self, Client};

/// Why an identifier names nobody.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    #[error("this client is not registered here, or its registration has lapsed; connect it again")]
    Unregistered,
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// The client an authorization request names. Stores nothing.
pub(super) async fn client(
    app: &App,
    id: &ClientId,
    wanted_redirect: Option<&str>,
    address: Option<IpAddr>,
) -> Result<Client, Unknown> {
    if !client_metadata::is_address(&id.0) {
        let found = clients::find(&app.db, id, app.clock.now()).await?;
        return found.ok_or(Unknown::Unregistered);
    }
    let returns_to = |it: &Described| {
        wanted_redirect.is_none_or(|wanted| it.redirects.iter().any(|known| redirect::matches(known, wanted)))
    };
    if let Some(known) = pinned(&id.0).filter(|it| returns_to(it)) {
        return Ok(published(app, known));
    }
    let described = app.documents.find(&id.0, address).await?;
    Ok(published(app, &described))
}

/// A described client is public: its description is for everybody to read, so nothing in it can prove who speaks.
fn published(app: &App, it: &Described) -> Client {
    Client {
        id: ClientId(it.id.clone()),
        kind: "published".into(),
        name: it.name.clone(),
        redirect_uris: Value::from(it.redirects.clone()).to_string(),
        secret_hash: None,
        auth_method: "none".into(),
        application_type: "native".into(),
        metadata: "{}".into(),
        created_at: app.clock.now(),
        used_at: None,
        expires_at: None,
        environment_id: None,
        created_by: None,
    }
}
