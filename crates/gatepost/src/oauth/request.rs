//! One authorization request (OAuth 2.1 §4.1.1), checked in the order that decides where an error may be told.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::form::Parameters;
use super::known::{self, Unknown};
use crate::app::App;
use crate::call::{self, Door};
use crate::caller::{ClientId, Role, Scope, ScopeSet};
use crate::client_metadata::redirect;
use crate::store;
use crate::store::clients::{self, Client};

const LONGEST_STATE: usize = 4096;

/// A request whose every part was checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AuthorizationRequest {
    pub client_id: ClientId,
    pub redirect_uri: String,
    pub state: Option<String>,
    /// Space-separated.
    pub scope: String,
    pub resource: String,
    pub code_challenge: String,
    pub login_hint: Option<String>,
}

/// A checked request with what it names.
#[derive(Debug)]
pub(super) struct Checked {
    pub request: AuthorizationRequest,
    pub client: Client,
    pub door: Door,
    pub scopes: ScopeSet,
    pub manner: Manner,
}

impl Checked {
    /// Leaves out the scopes that a person of this role may not hold; refused when they were all that was asked for.
    pub(super) fn cut_to(&mut self, role: Role) -> Result<(), Refused> {
        self.scopes = std::mem::take(&mut self.scopes).within(role);
        if self.scopes.iter().all(|it| it == Scope::OfflineAccess) {
            return Err(Refused::There {
                to: self.request.redirect_uri.clone(),
                state: self.request.state.clone(),
                error: "invalid_scope",
                description: "the scopes asked for are for administrators of the environment; \
                              one of them signs in to the portal first"
                    .to_owned(),
            });
        }
        self.request.scope = self.scopes.to_string();
        Ok(())
    }
}

/// How the person is to be asked (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// `prompt=none`: show no page.
    pub is_silent: bool,
    /// `prompt=login`: prove once more who you are.
    pub wants_login: bool,
    /// `max_age`: the oldest proof that will do, in seconds.
    pub max_age_s: Option<i64>,
}

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// Told on a page of ours: client or redirect address are not known to be good, so nothing goes there.
    Here(String),
    /// Told to the client at its registered address.
    There {
        to: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
    Store(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Unknown> for Refused {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Store(error) => Self::Store(error),
            other => Self::Here(other.to_string()),
        }
    }
}

/// Checks the query of `/authorize`.
pub(super) async fn check(app: &App, query: &str, address: Option<IpAddr>) -> Result<Checked, Refused> {
    let parameters = Parameters::parse(query.as_bytes()).map_err(Refused::Here)?;
    let client_id: ClientId = parameters
        .find("client_id")
        .ok_or_else(|| Refused::Here("`client_id` is missing".into()))?
        .into();
    let client = known::client(app, &client_id, parameters.find("redirect_uri"), address).await?;
    let redirect_uri = redirect_uri(&client, parameters.find("redirect_uri"))?;
    let state = parameters.find("state").map(str::to_owned);
    let refuse = |error, description: &str| Refused::There {
        to: redirect_uri.clone(),
        state: state.clone(),
        error,
        description: description.to_owned(),
    };
    if state.as_ref().is_some_and(|it| LONGEST_STATE < it.len()) {
        return Err(Refused::Here("`state` is longer than 4096 characters".into()));
    }
    if parameters.find("response_type") != Some("code") {
        return Err(refuse("unsupported_response_type", "expected response_type=code"));
    }
    plain_request(&parameters).map_err(|(error, why)| refuse(error, why))?;
    let manner = manner(&parameters).map_err(|why| refuse("invalid_request", why))?;
    let code_challenge = challenge(&parameters).map_err(|why| refuse("invalid_request", why))?;
    let scopes = scopes(&parameters).map_err(|why| refuse("invalid_scope", &why))?;
    let resource = parameters.find("resource").ok_or_else(|| {
        refuse(
            "invalid_target",
            "`resource` is missing; expected the address of an /mcp or /powerbi endpoint of this gateway",
        )
    })?;
    let door = call::door_of(app, resource).await?;
    let door = door
        .filter(|it| it.resource == resource)
        .ok_or_else(|| refuse("invalid_target", "`resource` is not an endpoint of this gateway"))?;
    may_enter(app, &client, &door).await?;
    let request = AuthorizationRequest {
        client_id,
        redirect_uri,
        state,
        scope: scopes.to_string(),
        resource: door.resource.clone(),
        code_challenge,
        login_hint: parameters
            .find("login_hint")
            .filter(|it| it.len() <= 320)
            .map(str::to_owned),
    };
    Ok(Checked {
        request,
        client,
        door,
        scopes,
        manner,
    })
}

/// Everything is in the query itself and the answer comes in a query: a request object or another mode is not passed over
/// silently, and nothing is ever fetched for one.
fn plain_request(parameters: &Parameters) -> Result<(), (&'static str, &'static str)> {
    if parameters.find("request").is_some() {
        return Err(("request_not_supported", "expected the parameters themselves"));
    }
    if parameters.find("request_uri").is_some() {
        return Err(("request_uri_not_supported", "expected the parameters themselves"));
    }
    match parameters.find("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err(("invalid_request", "expected response_mode=query")),
    }
}

/// Values that are not known are passed over: nearly every client sends `prompt=consent`, some send words of their own.
fn manner(parameters: &Parameters) -> Result<Manner, &'static str> {
    let prompts: Vec<&str> = parameters.find("prompt").unwrap_or_default().split(' ').collect();
    let is_silent = prompts.contains(&"none");
    if is_silent && prompts.len() != 1 {
        return Err("prompt=none stands alone");
    }
    let max_age_s = match parameters.find("max_age").map(str::parse::<i64>) {
        None => None,
        Some(Ok(seconds)) if 0 <= seconds => Some(seconds),
        Some(_) => return Err("expected max_age in seconds"),
    };
    Ok(Manner {
        is_silent,
        wants_login: prompts.contains(&"login"),
        max_age_s,
    })
}

/// A client entered for one environment is nobody in another; one that is locked is told here, not at its own address.
async fn may_enter(app: &App, client: &Client, door: &Door) -> Result<(), Refused> {
    let environment = &door.environment.id;
    if client.environment_id.as_ref().is_some_and(|it| it != environment) {
        return Err(Unknown::Unregistered.into());
    }
    if clients::is_locked(&app.db, environment, &client.id).await? {
        return Err(Refused::Here("an administrator has locked this client".into()));
    }
    Ok(())
}

/// The address to answer at: one of the registered ones, never anything else.
fn redirect_uri(client: &Client, asked: Option<&str>) -> Result<String, Refused> {
    let registered = client.redirects();
    match asked {
        Some(asked) if registered.iter().any(|it| redirect::matches(it, asked)) => Ok(asked.to_owned()),
        Some(_) => Err(Refused::Here(
            "the redirect address is not registered for this client".into(),
        )),
        None => match &registered[..] {
            [only] => Ok(only.clone()),
            _ => Err(Refused::Here("`redirect_uri` is missing".into())),
        },
    }
}

/// PKCE (RFC 7636 §4.2): S256, named, and of the one length a SHA-256 has.
fn challenge(parameters: &Parameters) -> Result<String, &'static str> {
    let challenge = parameters
        .find("code_challenge")
        .ok_or("`code_challenge` is missing; PKCE with S256 is required")?;
    if parameters.find("code_challenge_method") != Some("S256") {
        return Err("expected code_challenge_method=S256");
    }
    let is_plain = challenge.len() == 43
        && challenge
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_plain {
        Ok(challenge.to_owned())
    } else {
        Err("expected a code_challenge of 43 base64url characters")
    }
}

/// The scopes asked for; reading, when none is named.
fn scopes(parameters: &Parameters) -> Result<ScopeSet, String> {
    let asked = ScopeSet::parse(parameters.find("scope").unwrap_or_default())
        .map_err(|name| format!("there is no scope `{}` here", name.escape_default()))?;
    let names_power_bi = asked.iter().any(|it| it != Scope::OfflineAccess);
    Ok(if names_power_bi { asked } else { asked.with(Scope::Read) })
}
