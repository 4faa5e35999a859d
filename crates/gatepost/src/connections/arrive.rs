//! Back from Microsoft: the same browser, the same person, once; then the code becomes a connection.

use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::begin::{Kind, secrets_place};
use super::join::{join, join_invited};
use super::link::link;
use super::{Admission, ConnectError};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{ConnectionId, EnvironmentId, PersonId};
use crate::clock::Timestamp;
use crate::entra::{self, Callback, EntraError, Identity, Registration, TokenAnswer};
use crate::session;
use crate::store::connections::{self, Connection, State};
use crate::store::environments;
use crate::store::flows::{self, Flow};
use crate::store::integrations::{self, Integration};
use crate::store::people::{self, Person};
use crate::store::sessions::SignedIn;
use crate::vault::{Binding, OpenError};

/// A sign-in that worked.
#[derive(Debug)]
pub struct Arrival {
    pub kind: Kind,
    pub flow: Flow,
    pub person: Person,
    /// Absent after a mere proof, which connects nothing.
    pub connection: Option<ConnectionId>,
    /// Wanted permissions that Microsoft did not grant.
    pub missing: Vec<&'static str>,
}

#[derive(Deserialize)]
struct Secrets {
    verifier: String,
    nonce: String,
}

/// Takes what Microsoft sent with the browser.
///
/// Invariant: nothing is asked of Microsoft before the state is known and unused, the browser is the one that consented, and
/// the person signed in here is the one who began.
pub async fn arrive(
    app: &App,
    parameters: &[(String, String)],
    headers: &HeaderMap,
    signed_in: Option<&SignedIn>,
    trace: &str,
) -> Result<Arrival, ConnectError> {
    let (state, outcome) = match entra::callback(parameters)? {
        Callback::Code { code, state } => (Some(state), Ok(code)),
        Callback::Failed { failure, state } => (state, Err(failure)),
        // An administrator's consent brings neither a code nor a sign-in; its face answers it before this is called.
        Callback::AdminConsent { state, .. } => (state, Err(consent_answer())),
    };
    let flow = find_flow(app, state.as_deref()).await?;
    if flow.state != "AtMicrosoft" || flow.expires_at <= app.clock.now() {
        refused(app, &flow, trace, &ConnectError::UnknownFlow).await?;
        return Err(ConnectError::UnknownFlow);
    }
    if let Err(error) = check_browser(&flow, headers, signed_in) {
        refused(app, &flow, trace, &error).await?;
        return Err(error);
    }
    if !flows::advance(&app.db, &flow.id, "AtMicrosoft", "Returned").await? {
        return Err(ConnectError::UnknownFlow);
    }
    let arrived = match outcome {
        Ok(code) => connect(app, &flow, &code, trace).await,
        Err(failure) => Err(ConnectError::Microsoft(Box::new(failure))),
    };
    if let Err(error) = &arrived {
        flows::advance(&app.db, &flow.id, "Returned", "Failed").await?;
        refused(app, &flow, trace, error).await?;
    }
    arrived
}

/// Whether this browser is awaited with what it brings.
pub async fn is_awaited(app: &App, parameters: &[(String, String)], headers: &HeaderMap) -> Result<bool, ConnectError> {
    let state = parameters.iter().find(|(name, _)| name == "state");
    let browser = session::cookie(headers, session::FLOW).map(session::hash);
    let (Some((_, state)), Some(browser)) = (state, browser) else {
        return Ok(false);
    };
    let flow = flows::find_by_state(&app.db, &session::hash(state)).await?;
    Ok(flow.is_some_and(|it| it.state == "AtMicrosoft" && it.browser_hash == browser))
}

fn consent_answer() -> EntraError {
    EntraError {
        class: entra::Class::Unknown,
        error: "admin_consent".into(),
        suberror: None,
        codes: vec![],
        claims: None,
        trace_id: None,
        correlation_id: None,
    }
}

async fn find_flow(app: &App, state: Option<&str>) -> Result<Flow, ConnectError> {
    let state = state.ok_or(ConnectError::UnknownFlow)?;
    let flow = flows::find_by_state(&app.db, &session::hash(state)).await?;
    flow.ok_or(ConnectError::UnknownFlow)
}

fn check_browser(flow: &Flow, headers: &HeaderMap, signed_in: Option<&SignedIn>) -> Result<(), ConnectError> {
    let browser = session::cookie(headers, session::FLOW).map(session::hash);
    if browser.as_deref() != Some(&flow.browser_hash[..]) {
        return Err(ConnectError::OtherBrowser);
    }
    match (&flow.person_id, signed_in) {
        (Some(began), Some(now)) if *began == now.session.person_id => Ok(()),
        (Some(_), _) => Err(ConnectError::OtherPerson),
        (None, _) => Ok(()),
    }
}

async fn refused(app: &App, flow: &Flow, trace: &str, error: &ConnectError) -> Result<(), ConnectError> {
    let told = error.told();
    let details = json!({ "flow": flow.id, "reason": told.code, "text": told.text, "trace_id": told.trace_id });
    let entry = Entry {
        kind: "connection.refused",
        environment: Some(flow.environment_id.clone()),
        person: flow.person_id.clone(),
        trace: trace.to_owned(),
        details,
    };
    app.audit.append(entry).await?;
    Ok(())
}

async fn connect(app: &App, flow: &Flow, code: &SecretString, trace: &str) -> Result<Arrival, ConnectError> {
    let integration = integrations::find(&app.db, &flow.integration_id)
        .await?
        .ok_or(ConnectError::NoIntegration)?;
    let registration = entra::registration_of(&app.vault, &app.clouds, &integration)?;
    let binding = entra::binding_of(&app.clouds, &integration)?;
    let (answer, identity) = redeem(app, flow, &registration, binding, code).await?;
    if Kind::from_stored(&flow.kind) == Kind::Proof {
        return proved(app, flow, &identity, trace).await;
    }
    if Kind::from_stored(&flow.kind) == Kind::Link {
        return link(app, flow, &identity, trace).await;
    }
    let person = person_of(app, flow, &integration, &registration, &identity, trace).await?;
    if !may_store(app, flow, &person).await? {
        if !flows::advance(&app.db, &flow.id, "Returned", "Connected").await? {
            return Err(ConnectError::UnknownFlow);
        }
        return Ok(Arrival {
            kind: Kind::SignIn,
            flow: flow.clone(),
            person,
            connection: None,
            missing: Vec::new(),
        });
    }
    let connection = store_connection(app, flow, &person, binding, &answer, &identity).await?;
    let missing = entra::missing_scopes(&answer.scopes);
    let details = json!({
        "flow": flow.id, "connection": connection, "integration": integration.id, "tid": identity.tid, "oid": identity.oid,
        "account": identity.username, "scopes": answer.scopes, "missing": missing,
    });
    let entry = Entry {
        kind: "connection.connected",
        environment: Some(flow.environment_id.clone()),
        person: Some(person.id.clone()),
        trace: trace.to_owned(),
        details,
    };
    app.audit.append(entry).await?;
    if !flows::connected(&app.db, &flow.id, &person.id).await? {
        return Err(ConnectError::UnknownFlow);
    }
    Ok(Arrival {
        kind: Kind::from_stored(&flow.kind),
        flow: flow.clone(),
        person,
        connection: Some(connection),
        missing,
    })
}

/// The same account as before has signed in again. Its tokens are dropped: a person who disconnected stays disconnected.
async fn proved(app: &App, flow: &Flow, identity: &Identity, trace: &str) -> Result<Arrival, ConnectError> {
    let known = people::find_by_account(&app.db, &flow.environment_id, &identity.tid, &identity.oid).await?;
    let person = known
        .filter(|it| flow.person_id.as_ref() == Some(&it.id))
        .ok_or(ConnectError::OtherPerson)?;
    if person.locked_at.is_some() {
        return Err(ConnectError::Locked);
    }
    let entry = Entry {
        kind: "proof",
        environment: Some(flow.environment_id.clone()),
        person: Some(person.id.clone()),
        trace: trace.to_owned(),
        details: json!({ "method": "microsoft", "flow": flow.id }),
    };
    app.audit.append(entry).await?;
    if !flows::connected(&app.db, &flow.id, &person.id).await? {
        return Err(ConnectError::UnknownFlow);
    }
    Ok(Arrival {
        kind: Kind::Proof,
        flow: flow.clone(),
        person,
        connection: None,
        missing: Vec::new(),
    })
}

async fn redeem(
    app: &App,
    flow: &Flow,
    registration: &Registration,
    binding: Binding,
    code: &SecretString,
) -> Result<(TokenAnswer, Identity), ConnectError> {
    let opened = app
        .vault
        .open_bound(
            secrets_place(&flow.id, &flow.environment_id.0),
            binding,
            &flow.secrets_sealed,
        )
        .map_err(|error| match error {
            OpenError::UnknownKey(id) => ConnectError::UnknownKey(id),
            // Invariant: a code goes only to the addresses at which its sign-in was begun.
            OpenError::Refused => ConnectError::Moved,
        })?;
    let secrets: Secrets = serde_json::from_str(opened.expose_secret()).map_err(|_| ConnectError::Sealed)?;
    let verifier = SecretString::from(secrets.verifier);
    let answer = app
        .entra
        .redeem(
            registration,
            code,
            &verifier,
            &app.settings.redirect_uri(),
            &flow.tenant_path,
        )
        .await
        .map_err(|error| ConnectError::Microsoft(Box::new(error)))?;
    let id_token = answer.id_token.as_ref().ok_or(entra::IdentityProblem::Malformed)?;
    let identity = app.entra.identity(registration, id_token, &secrets.nonce).await?;
    integrations::save_ok(&app.db, &registration.integration).await?;
    Ok((answer, identity))
}

/// The person this account is here: the one who began, one known by (`tid`, `oid`), or a new one where the environment admits them.
async fn person_of(
    app: &App,
    flow: &Flow,
    integration: &Integration,
    registration: &Registration,
    identity: &Identity,
    trace: &str,
) -> Result<Person, ConnectError> {
    let account = || {
        identity
            .username
            .clone()
            .or_else(|| identity.name.clone())
            .unwrap_or_else(|| identity.oid.clone())
    };
    // Asked first: of two first sign-ins at once, each finds the person of any connection that it finds.
    let is_connected = is_connected(app, flow, identity).await?;
    let known = people::find_by_account(&app.db, &flow.environment_id, &identity.tid, &identity.oid).await?;
    let person = match (&flow.person_id, known) {
        (Some(began), Some(known)) if known.id != *began => {
            return Err(ConnectError::AccountOfAnother { account: account() });
        }
        (Some(began), _) => {
            let person = people::find(&app.db, began).await?.ok_or(ConnectError::UnknownFlow)?;
            same_account(app, integration, &person.id, identity).await?;
            person
        }
        (None, Some(known)) => known,
        // Invariant: an account that somebody only connected lets nobody in.
        (None, None) if is_connected => {
            return Err(ConnectError::OnlyConnected { account: account() });
        }
        (None, None) => {
            let environment = environments::find(&app.db, &flow.environment_id)
                .await?
                .ok_or(ConnectError::NoIntegration)?;
            let admission = Admission::from_stored(&environment.admission);
            let username = identity.username.as_deref();
            match &flow.invitation_id {
                Some(invitation) => {
                    let newcomer = newcomer(app, &environment.id, identity, account());
                    join_invited(app, newcomer, invitation, username, trace).await?
                }
                None if admission.admits(&registration.tenant, &identity.tid, username) => {
                    let newcomer = newcomer(app, &environment.id, identity, account());
                    join(app, newcomer, None, trace).await?
                }
                None => return Err(ConnectError::NotAdmitted { account: account() }),
            }
        }
    };
    if person.locked_at.is_some() {
        Err(ConnectError::Locked)
    } else {
        Ok(person)
    }
}

async fn is_connected(app: &App, flow: &Flow, identity: &Identity) -> Result<bool, ConnectError> {
    let whose = connections::person_of_account(&app.db, &flow.environment_id, &identity.tid, &identity.oid);
    Ok(whose.await?.is_some())
}

/// Whoever disconnected stays so through a sign-in, until they press *Connect* or consent for a client.
async fn may_store(app: &App, flow: &Flow, person: &Person) -> Result<bool, ConnectError> {
    if Kind::from_stored(&flow.kind) != Kind::SignIn {
        return Ok(true);
    }
    let existing = connections::find_of(&app.db, &person.id, &flow.integration_id).await?;
    Ok(existing.is_none_or(|it| it.state() != State::Revoked || it.reason_code.as_deref() == Some(connections::MOVED)))
}

/// A connection stays with its account: another one is never put in its place unasked.
async fn same_account(
    app: &App,
    integration: &Integration,
    person: &PersonId,
    identity: &Identity,
) -> Result<(), ConnectError> {
    match connections::find_of(&app.db, person, &integration.id).await? {
        Some(it) if it.state() != State::Revoked && (it.tenant_id != identity.tid || it.object_id != identity.oid) => {
            Err(ConnectError::OtherAccount {
                connected: it.account_username,
                now: identity.username.clone().unwrap_or_else(|| identity.oid.clone()),
            })
        }
        _ => Ok(()),
    }
}

fn newcomer(app: &App, environment: &EnvironmentId, identity: &Identity, account: String) -> Person {
    Person {
        id: app.clock.new_id().into(),
        environment_id: environment.clone(),
        name: identity.name.clone().unwrap_or(account),
        email: identity.username.clone(),
        external_id: None,
        role: "person".to_owned(),
        password_hash: None,
        tenant_id: Some(identity.tid.clone()),
        object_id: Some(identity.oid.clone()),
        locked_at: None,
        created_at: app.clock.now(),
        last_seen_at: None,
    }
}

async fn store_connection(
    app: &App,
    flow: &Flow,
    person: &Person,
    binding: Binding,
    answer: &TokenAnswer,
    identity: &Identity,
) -> Result<ConnectionId, ConnectError> {
    // Tokens are sealed for their row, so an existing row's identifier is needed first.
    let existing = connections::find_of(&app.db, &person.id, &flow.integration_id).await?;
    let id = existing.map_or_else(|| app.clock.new_id().into(), |it| it.id);
    let seal = |column, secret: &SecretString| {
        let place = entra::token_place(column, &id.0, &flow.environment_id.0);
        app.vault.seal_bound(place, binding, secret.expose_secret())
    };
    let now = app.clock.now();
    let username = identity.username.clone().unwrap_or_default();
    let connection = Connection {
        access_sealed: Some(seal("access_sealed", &answer.access_token)),
        refresh_sealed: answer.refresh_token.as_ref().map(|it| seal("refresh_sealed", it)),
        id: id.clone(),
        environment_id: flow.environment_id.clone(),
        integration_id: flow.integration_id.clone(),
        person_id: person.id.clone(),
        state: State::Connected.as_str().to_owned(),
        tenant_id: identity.tid.clone(),
        object_id: identity.oid.clone(),
        account_name: identity.name.clone().unwrap_or_else(|| username.clone()),
        account_username: username,
        scopes: answer.scopes.join(" "),
        access_expires_at: now.plus_seconds(answer.expires_in_s),
        refresh_after: entra::refresh_after(&app.clock, answer),
        generation: 1,
        lease_owner: None,
        lease_until: Timestamp(0),
        failures: 0,
        reason: None,
        reason_code: None,
        claims: None,
        connected_at: now,
        refreshed_at: now,
        used_at: None,
    };
    let stored = connections::save_connected(&app.db, &connection).await?;
    if stored == id {
        return Ok(stored);
    }
    // Two sign-ins of one person made the row at once; the tokens are sealed for the wrong row, so seal them for the right one.
    Box::pin(store_connection(app, flow, person, binding, answer, identity)).await
}
