//! Clients of the environment: entering one by hand, its secret, locking, deleting.

use serde_json::{Value, json};

use super::{Problems, Refused, check_name, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, ClientId};
use crate::client_metadata::redirect;
use crate::session;
use crate::store::clients::{self, Client, Known};
use crate::store::grants;

const MOST_REDIRECTS: usize = 20;
/// How a client may prove who it is.
pub const AUTH_METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// What the form of a client holds.
#[derive(Clone, Debug)]
pub struct ClientInput {
    pub name: String,
    /// One of [`AUTH_METHODS`].
    pub auth_method: String,
    /// Where people return to; a resource server alone needs none.
    pub redirects: Vec<String>,
    /// A service that may ask what any token of the environment allows.
    pub introspects: bool,
}

/// A client's identifier and secret. The secret exists here and in the answer, nowhere else.
#[derive(Clone)]
pub struct NewSecret {
    pub id: ClientId,
    pub name: String,
    /// Absent for public clients.
    pub secret: Option<secrecy::SecretString>,
}

/// Finds a client that was entered for the environment or that somebody in it consented to.
pub async fn find(app: &App, caller: &Caller, id: &ClientId) -> Result<Known, Refused> {
    manages(caller)?;
    let found = clients::find_known(&app.db, &caller.environment, id).await?;
    found.ok_or(Refused::NotFound)
}

/// Enters a client.
pub async fn create(app: &App, caller: &Caller, input: &ClientInput) -> Result<NewSecret, Refused> {
    manages(caller)?;
    check(input)?;
    let secret = (input.auth_method != "none").then(|| secret(app));
    let client = Client {
        id: app.clock.new_id().into(),
        kind: "entered".into(),
        name: input.name.clone(),
        redirect_uris: Value::from(input.redirects.clone()).to_string(),
        secret_hash: secret.as_deref().map(session::hash),
        auth_method: input.auth_method.clone(),
        application_type: "web".into(),
        metadata: json!({ "introspects": input.introspects }).to_string(),
        created_at: app.clock.now(),
        used_at: None,
        expires_at: None,
        environment_id: Some(caller.environment.clone()),
        created_by: Some(caller.person.0.clone()),
    };
    clients::create(&app.db, &client).await?;
    let details = json!({
        "client": client.id, "client_name": client.name, "redirect_uris": input.redirects, "auth_method": client.auth_method,
        "introspects": input.introspects,
    });
    app.audit.append(Entry::of("client.entered", caller, details)).await?;
    Ok(NewSecret {
        id: client.id,
        name: client.name,
        secret: secret.map(Into::into),
    })
}

fn secret(app: &App) -> String {
    format!("gp_cs_{}", app.clock.random().token())
}

fn check(input: &ClientInput) -> Result<(), Refused> {
    let mut problems = Problems::new();
    check_name(&mut problems, "name", &input.name);
    let is_public = input.auth_method == "none";
    if !AUTH_METHODS.contains(&input.auth_method.as_str()) {
        problems.insert("auth_method", format!("expected {}", AUTH_METHODS.join(", ")));
    }
    if input.introspects && is_public {
        problems.insert(
            "auth_method",
            "a service that asks about tokens needs a secret".to_owned(),
        );
    }
    if input.redirects.is_empty() && !input.introspects {
        problems.insert("redirects", "expected at least one address to return to".to_owned());
    }
    if MOST_REDIRECTS < input.redirects.len() {
        problems.insert("redirects", format!("expected at most {MOST_REDIRECTS}"));
    }
    if let Some(problem) = input.redirects.iter().find_map(|it| redirect::check(it).err()) {
        problems.insert("redirects", problem);
    }
    sound(problems)
}

/// Replaces the secret; the old one is refused from the next request on.
pub async fn rotate(app: &App, caller: &Caller, id: &ClientId) -> Result<NewSecret, Refused> {
    let known = find(app, caller, id).await?;
    let secret = secret(app);
    if !clients::save_secret(&app.db, &caller.environment, id, &session::hash(&secret)).await? {
        return Err(Refused::Conflict(
            "this client has no secret that could be replaced here".into(),
        ));
    }
    record(app, caller, "client.secret_rotated", &known).await?;
    Ok(NewSecret {
        id: known.client.id,
        name: known.client.name,
        secret: Some(secret.into()),
    })
}

/// Deletes an entered client with every consent to it.
pub async fn delete(app: &App, caller: &Caller, id: &ClientId) -> Result<(), Refused> {
    let known = find(app, caller, id).await?;
    if known.client.environment_id.as_ref() != Some(&caller.environment) {
        return Err(Refused::Conflict(
            "only a client that was entered here can be deleted; lock this one instead".into(),
        ));
    }
    record(app, caller, "client.deleted", &known).await?;
    match clients::delete(&app.db, &caller.environment, id).await? {
        true => Ok(()),
        false => Err(Refused::NotFound),
    }
}

/// Locks a client out of this environment at once, or lets it in again.
pub async fn save_locked(app: &App, caller: &Caller, id: &ClientId, locked: bool) -> Result<(), Refused> {
    let known = find(app, caller, id).await?;
    if locked {
        clients::lock(&app.db, &caller.environment, id, app.clock.now(), &caller.person.0).await?;
    } else {
        clients::unlock(&app.db, &caller.environment, id).await?;
    }
    record(
        app,
        caller,
        if locked { "client.locked" } else { "client.unlocked" },
        &known,
    )
    .await
}

/// Takes back what everybody in this environment allowed the client; the number of consents.
pub async fn revoke_grants(app: &App, caller: &Caller, id: &ClientId) -> Result<u64, Refused> {
    let known = find(app, caller, id).await?;
    let now = app.clock.now();
    let revoked =
        grants::revoke_of_client(&app.db, &caller.environment, id, now, "revoked by an administrator").await?;
    record(app, caller, "client.grants_revoked", &known).await?;
    Ok(revoked)
}

async fn record(app: &App, caller: &Caller, kind: &'static str, it: &Known) -> Result<(), Refused> {
    let details = json!({ "client": it.client.id, "client_name": it.client.name, "grants": it.grants });
    app.audit.append(Entry::of(kind, caller, details)).await?;
    Ok(())
}
