//! One trip to the house's provider: begun by a form here, ended by the browser that comes back.

use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::provider::registration_of;
use crate::app::App;
use crate::audit::{Entry, Unavailable};
use crate::caller::{EnvironmentId, PersonId};
use crate::connections::{self, Admission, Over};
use crate::openid::{Account, OpenIdProblem, Trip};
use crate::session;
use crate::store::invitations::{self, Invitation};
use crate::store::openid::{self, Flow, Provider};
use crate::store::people::{self, Person};
use crate::store::sessions::SignedIn;
use crate::store::{self, environments};
use crate::vault::{Binding, Place};

const FLOW_SECONDS: i64 = 600;

/// Where the provider sends people back to.
pub const CALLBACK: &str = "/sign-in/callback";

/// A sign-in about to begin.
#[derive(Clone, Debug)]
pub struct Setting {
    pub environment: EnvironmentId,
    /// Who is signed in and proves it once more; absent when this sign-in is to tell.
    pub person: Option<PersonId>,
    pub invitation: Option<String>,
    /// A path of the portal to go back to.
    pub return_to: String,
}

/// Who came back.
#[derive(Debug)]
pub struct Arrived {
    pub person: Person,
    pub return_to: String,
    /// A person who was signed in has proved it once more.
    pub is_proof: bool,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum TripError {
    #[error("this environment has no provider of its own")]
    NoProvider,
    #[error("this sign-in is unknown, older than ten minutes, or was already used")]
    UnknownFlow,
    #[error("this sign-in was begun in another browser")]
    OtherBrowser,
    #[error("this sign-in was begun by somebody else")]
    OtherPerson,
    #[error("{0}")]
    Provider(#[from] OpenIdProblem),
    #[error("this environment does not admit this account")]
    NotAdmitted,
    #[error("this invitation is for another account")]
    NotInvited,
    #[error("this invitation is over. {0}")]
    InvitationOver(&'static str),
    #[error("an administrator has locked this person")]
    Locked,
    #[error("the sealed part of this sign-in does not open")]
    Sealed,
    #[error("{0}")]
    Audit(#[from] Unavailable),
    #[error("{0}")]
    Store(#[from] store::Error),
}

#[derive(Deserialize)]
struct Secrets {
    verifier: String,
    nonce: String,
}

/// Sends the browser to the provider: the address, and the cookie that binds the way back to it.
pub async fn begin(app: &App, setting: Setting) -> Result<(String, HeaderValue), TripError> {
    let provider = openid::find_of(&app.db, &setting.environment)
        .await?
        .ok_or(TripError::NoProvider)?;
    let registration = registration_of(app, &provider).map_err(|_| TripError::Sealed)?;
    let trip = app
        .openid
        .start(&registration, &app.settings.url(CALLBACK), setting.person.is_some())?;
    let (browser, now, id) = (app.clock.random().token(), app.clock.now(), app.clock.new_id());
    let secrets = json!({ "verifier": trip.verifier.expose_secret(), "nonce": trip.nonce }).to_string();
    let flow = Flow {
        secrets_sealed: app.vault.seal_bound(
            secrets_place(&id, &setting.environment.0),
            binding_of(&provider),
            &secrets,
        ),
        id,
        environment_id: setting.environment,
        provider_id: provider.id,
        person_id: setting.person,
        invitation_id: setting.invitation,
        state_hash: session::hash(&trip.state),
        browser_hash: session::hash(&browser),
        return_to: setting.return_to,
        created_at: now,
        expires_at: now.plus_seconds(FLOW_SECONDS),
    };
    openid::create_flow(&app.db, &flow).await?;
    Ok((trip.url, session::set_cookie(session::PROVIDER, &browser, FLOW_SECONDS)))
}

/// What the secrets of a trip are sealed for: a code goes only to the provider at which the trip was begun.
fn binding_of(it: &Provider) -> Binding {
    Binding::of(&[&it.issuer, &it.client_id, &it.addresses])
}

fn secrets_place<'a>(row: &'a str, environment: &'a str) -> Place<'a> {
    Place {
        table: "openid_flows",
        column: "secrets_sealed",
        row,
        environment,
    }
}

/// Takes what the provider sent with the browser: `state`, and a code or nothing.
///
/// Invariant: nothing is asked of the provider before the state is known and unused, the browser is the one that began, and
/// who is signed in here is who began.
pub async fn arrive(
    app: &App,
    find: impl Fn(&str) -> Option<String>,
    headers: &HeaderMap,
    signed_in: Option<&SignedIn>,
    trace: &str,
) -> Result<Arrived, TripError> {
    let state = find("state").ok_or(TripError::UnknownFlow)?;
    let found = openid::find_flow(&app.db, &session::hash(&state)).await?;
    let flow = found
        .filter(|it| app.clock.now() < it.expires_at)
        .ok_or(TripError::UnknownFlow)?;
    let arrived = walk(app, &flow, state, find, headers, signed_in, trace).await;
    if let Err(error) = &arrived {
        let details = json!({ "method": "provider", "flow": flow.id, "reason": error.to_string() });
        record(
            app,
            "sign_in.failed",
            &flow.environment_id,
            flow.person_id.as_ref(),
            trace,
            details,
        )
        .await?;
    }
    arrived
}

async fn walk(
    app: &App,
    flow: &Flow,
    state: String,
    find: impl Fn(&str) -> Option<String>,
    headers: &HeaderMap,
    signed_in: Option<&SignedIn>,
    trace: &str,
) -> Result<Arrived, TripError> {
    check_browser(flow, headers, signed_in)?;
    if !openid::take_flow(&app.db, &flow.id).await? {
        return Err(TripError::UnknownFlow);
    }
    let provider = openid::find(&app.db, &flow.provider_id)
        .await?
        .ok_or(TripError::NoProvider)?;
    let account = account(app, flow, &provider, state, find).await?;
    let person = person_of(app, flow, &account, trace).await?;
    if person.locked_at.is_some() {
        return Err(TripError::Locked);
    }
    let is_proof = flow.person_id.is_some();
    let details =
        json!({ "method": "provider", "issuer": account.issuer, "subject": account.subject, "flow": flow.id });
    let kind = if is_proof { "proof" } else { "sign_in" };
    record(app, kind, &flow.environment_id, Some(&person.id), trace, details).await?;
    Ok(Arrived {
        person,
        return_to: flow.return_to.clone(),
        is_proof,
    })
}

fn check_browser(flow: &Flow, headers: &HeaderMap, signed_in: Option<&SignedIn>) -> Result<(), TripError> {
    let browser = session::cookie(headers, session::PROVIDER).map(session::hash);
    if browser.as_deref() != Some(&flow.browser_hash[..]) {
        return Err(TripError::OtherBrowser);
    }
    match (&flow.person_id, signed_in) {
        (Some(began), Some(now)) if *began == now.session.person_id => Ok(()),
        (Some(_), _) => Err(TripError::OtherPerson),
        (None, _) => Ok(()),
    }
}

async fn account(
    app: &App,
    flow: &Flow,
    provider: &Provider,
    state: String,
    find: impl Fn(&str) -> Option<String>,
) -> Result<Account, TripError> {
    let registration = registration_of(app, provider).map_err(|_| TripError::Sealed)?;
    // RFC 9207 §2.4: an answer of another provider is not redeemed at this one.
    match find("iss") {
        Some(iss) if iss != registration.issuer => return Err(OpenIdProblem::NotOurs.into()),
        None if registration.addresses.names_itself => return Err(OpenIdProblem::NotOurs.into()),
        _ => {}
    }
    let code = find("code")
        .filter(|_| find("error").is_none())
        .ok_or(OpenIdProblem::Refused)?;
    let opened = app.vault.open_bound(
        secrets_place(&flow.id, &flow.environment_id.0),
        binding_of(provider),
        &flow.secrets_sealed,
    );
    // Another provider was entered meanwhile, or the row is not what it was: either way this sign-in is over.
    let opened = opened.map_err(|_| TripError::UnknownFlow)?;
    let secrets: Secrets = serde_json::from_str(opened.expose_secret()).map_err(|_| TripError::Sealed)?;
    let trip = Trip {
        url: String::new(),
        state,
        nonce: secrets.nonce,
        verifier: SecretString::from(secrets.verifier),
    };
    let redirect_uri = app.settings.url(CALLBACK);
    let is_proof = flow.person_id.is_some();
    Ok(app
        .openid
        .account(&registration, &code, &trip, &redirect_uri, is_proof)
        .await?)
}

/// The person this account is here: one known by issuer and subject, or a new one where the environment admits them.
async fn person_of(app: &App, flow: &Flow, account: &Account, trace: &str) -> Result<Person, TripError> {
    let known = openid::find_person(&app.db, &flow.environment_id, &account.issuer, &account.subject).await?;
    let known = match known {
        Some(id) => people::find(&app.db, &id).await?,
        None => None,
    };
    match (&flow.person_id, known) {
        (Some(began), Some(known)) if known.id == *began => Ok(known),
        (Some(_), _) => Err(TripError::OtherPerson),
        (None, Some(known)) => Ok(known),
        (None, None) => newcomer(app, flow, account, trace).await,
    }
}

async fn newcomer(app: &App, flow: &Flow, account: &Account, trace: &str) -> Result<Person, TripError> {
    let mut person = Person {
        id: app.clock.new_id().into(),
        environment_id: flow.environment_id.clone(),
        name: account
            .name
            .clone()
            .or_else(|| account.email.clone())
            .unwrap_or_else(|| account.subject.clone()),
        email: account.email.clone(),
        external_id: None,
        role: "person".to_owned(),
        password_hash: None,
        tenant_id: None,
        object_id: None,
        locked_at: None,
        created_at: app.clock.now(),
        last_seen_at: None,
    };
    let invitation = match &flow.invitation_id {
        Some(invitation) => Some(invited(app, &person, invitation, account).await?),
        None => {
            admitted(app, flow, account).await?;
            None
        }
    };
    if let Some(invitation) = &invitation {
        person.role.clone_from(&invitation.role);
    }
    let mut tx = app.db.begin().await?;
    people::create_within(&mut tx, &person).await?;
    if let Some(invitation) = &invitation {
        people::save_maker(&mut tx, &person.id, &invitation.created_by.as_str().into()).await?;
    }
    let key = (account.issuer.as_str(), account.subject.as_str());
    match openid::create_account(&mut tx, &flow.environment_id, key, &person.id, person.created_at).await {
        Ok(()) => tx.commit().await?,
        // The same account arrived twice at once; the first made the person, and this one is not kept.
        Err(store::Error::Taken) => {
            drop(tx);
            let known = openid::find_person(&app.db, &flow.environment_id, key.0, key.1).await?;
            let known = people::find(&app.db, &known.ok_or(TripError::UnknownFlow)?).await?;
            return known.ok_or(TripError::UnknownFlow);
        }
        Err(error) => return Err(error.into()),
    }
    let details = json!({ "name": person.name, "issuer": account.issuer, "subject": account.subject, "role": person.role, "invitation": flow.invitation_id });
    record(
        app,
        "person.joined",
        &flow.environment_id,
        Some(&person.id),
        trace,
        details,
    )
    .await?;
    Ok(person)
}

async fn admitted(app: &App, flow: &Flow, account: &Account) -> Result<(), TripError> {
    let environment = environments::find(&app.db, &flow.environment_id)
        .await?
        .ok_or(TripError::NoProvider)?;
    let admission = Admission::from_stored(&environment.admission);
    match admission.admits_domain_of(account.email.as_deref()) {
        true => Ok(()),
        false => Err(TripError::NotAdmitted),
    }
}

/// The invitation, which is used up by this.
async fn invited(app: &App, person: &Person, invitation: &str, account: &Account) -> Result<Invitation, TripError> {
    let found = invitations::find(&app.db, invitation).await?;
    let found = found
        .filter(|it| it.environment_id == person.environment_id)
        .ok_or(TripError::InvitationOver(Over::Unknown.text()))?;
    if let Some(over) = connections::invitation_over(app, &found).await? {
        return Err(TripError::InvitationOver(over.text()));
    }
    let is_same = account
        .email
        .as_deref()
        .is_some_and(|it| it.eq_ignore_ascii_case(&found.email));
    if found.is_exact && !is_same {
        return Err(TripError::NotInvited);
    }
    if !invitations::take(&app.db, &found.id, &person.id, app.clock.now()).await? {
        return Err(TripError::InvitationOver(Over::Used.text()));
    }
    Ok(found)
}

async fn record(
    app: &App,
    kind: &'static str,
    environment: &EnvironmentId,
    person: Option<&PersonId>,
    trace: &str,
    details: serde_json::Value,
) -> Result<(), TripError> {
    let entry = Entry {
        kind,
        environment: Some(environment.clone()),
        person: person.cloned(),
        trace: trace.to_owned(),
        details,
    };
    app.audit.append(entry).await?;
    Ok(())
}
