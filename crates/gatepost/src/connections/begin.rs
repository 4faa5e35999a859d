//! From a person's consent here to Microsoft's sign-in page.

use std::net::IpAddr;

use http::HeaderValue;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::ConnectError;
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{EnvironmentId, IntegrationId, PersonId};
use crate::entra::{self, Prompt, Start};
use crate::session;
use crate::store::flows::{self, Flow};
use crate::store::integrations;
use crate::vault::Place;

/// How long a person may take at Microsoft.
pub(super) const FLOW_SECONDS: i64 = 600;

/// What a sign-in at Microsoft is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed-in person connects Power BI.
    Portal,
    /// Signing in to the portal, which connects at once.
    SignIn,
    /// A client's authorization request, which signs in and connects on its way.
    Client,
    /// A signed-in person proves once more who they are; nothing is connected.
    Proof,
    /// A signed-in person makes a Microsoft account a way in of theirs; nothing is connected.
    Link,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::SignIn => "sign_in",
            Self::Client => "client",
            Self::Proof => "proof",
            Self::Link => "link",
        }
    }

    pub(super) fn from_stored(word: &str) -> Self {
        match word {
            "portal" => Self::Portal,
            "client" => Self::Client,
            "proof" => Self::Proof,
            "link" => Self::Link,
            _ => Self::SignIn,
        }
    }
}

/// A consent just given by POST in this browser.
#[derive(Clone, Debug)]
pub struct Ask {
    pub environment: EnvironmentId,
    pub integration: IntegrationId,
    /// Who is signed in; absent when this sign-in is to tell.
    pub person: Option<PersonId>,
    pub kind: Kind,
    /// The client's authorization request, kept for the way back.
    pub client_request: Option<String>,
    /// A path of the portal to go back to.
    pub return_to: Option<String>,
    pub prompt: Option<Prompt>,
    /// The account expected.
    pub login_hint: Option<String>,
    pub claims: Option<String>,
    /// The invitation by which a newcomer joins.
    pub invitation: Option<String>,
    pub trace: String,
}

/// Where to send the browser, and the cookie that binds the way back to it.
#[derive(Clone, Debug)]
pub struct Departure {
    pub url: String,
    pub cookie: HeaderValue,
}

/// Lets strangers begin so many sign-ins from one network in a minute: each leaves a row and an entry behind.
pub fn admit_stranger(app: &App, address: Option<IpAddr>) -> Result<(), ConnectError> {
    let now = app.clock.now();
    if let Some(seconds) = app.departures.busy_s(address, now) {
        return Err(ConnectError::TooManyDepartures { seconds });
    }
    app.departures.count(address, now);
    Ok(())
}

/// Sends the browser to Microsoft.
///
/// Invariant: only a POST that carries the person's consent calls this; the state for Microsoft and the cookie are made here and nowhere earlier
/// (MCP security best practices, confused deputy).
pub async fn begin(app: &App, ask: Ask) -> Result<Departure, ConnectError> {
    let integration = integrations::find(&app.db, &ask.integration).await?;
    let integration = integration
        .filter(|it| it.environment_id == ask.environment)
        .ok_or(ConnectError::NoIntegration)?;
    let registration = entra::registration_of(&app.vault, &app.clouds, &integration)?;
    let binding = entra::binding_of(&app.clouds, &integration)?;
    let redirect_uri = app.settings.redirect_uri();
    let hint = ask.login_hint.as_deref();
    let start = Start::with_hints(
        &app.clock,
        &registration,
        &redirect_uri,
        ask.prompt,
        hint,
        ask.claims.as_deref(),
    );
    let browser = app.clock.random().token();
    let now = app.clock.now();
    let id = app.clock.new_id();
    let secrets = json!({ "verifier": start.verifier.expose_secret(), "nonce": start.nonce }).to_string();
    let flow = Flow {
        secrets_sealed: app
            .vault
            .seal_bound(secrets_place(&id, &ask.environment.0), binding, &secrets),
        id,
        environment_id: ask.environment.clone(),
        integration_id: ask.integration.clone(),
        person_id: ask.person.clone(),
        kind: ask.kind.as_str().to_owned(),
        state: "Consented".to_owned(),
        state_hash: session::hash(&start.state),
        browser_hash: session::hash(&browser),
        tenant_path: registration.tenant.path().to_owned(),
        client_request: ask.client_request,
        return_to: ask.return_to,
        invitation_id: ask.invitation,
        created_at: now,
        expires_at: now.plus_seconds(FLOW_SECONDS),
    };
    flows::create(&app.db, &flow).await?;
    let details = json!({ "flow": flow.id, "purpose": flow.kind, "integration": ask.integration });
    app.audit
        .append(Entry {
            kind: "connection.begun",
            environment: Some(ask.environment),
            person: ask.person,
            trace: ask.trace,
            details,
        })
        .await?;
    if !flows::advance(&app.db, &flow.id, "Consented", "AtMicrosoft").await? {
        return Err(ConnectError::UnknownFlow);
    }
    Ok(Departure {
        url: start.url,
        cookie: session::set_cookie(session::FLOW, &browser, FLOW_SECONDS),
    })
}

pub(super) fn secrets_place<'a>(row: &'a str, environment: &'a str) -> Place<'a> {
    Place {
        table: "flows",
        column: "secrets_sealed",
        row,
        environment,
    }
}
