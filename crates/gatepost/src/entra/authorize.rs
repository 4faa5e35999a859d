//! The way to Microsoft: the address a browser is sent to, what it asks for, and what came of it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::addresses;
use super::registration::Registration;
use crate::clock::Clock;

/// OpenID Connect scopes: who the person is, and a refresh token.
const SIGN_IN_SCOPES: &str = "offline_access openid profile";

/// What Microsoft's page should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Let the person pick an account.
    SelectAccount,
    /// Ask for consent again, which adds permissions the registration got later.
    Consent,
    /// Ask for the password again.
    Login,
    /// Show nothing; answer with an error if something would have to be shown.
    None,
}

impl Prompt {
    fn as_str(self) -> &'static str {
        match self {
            Self::SelectAccount => "select_account",
            Self::Consent => "consent",
            Self::Login => "login",
            Self::None => "none",
        }
    }
}

/// One trip to Microsoft's sign-in page.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    pub challenge: &'a str,
    pub prompt: Option<Prompt>,
    /// The account expected, on reconnect; it replaces the account picker.
    pub login_hint: Option<&'a str>,
    /// The directory's domain, or `organizations`.
    pub domain_hint: Option<&'a str>,
    /// A claims challenge to answer, as JSON.
    pub claims: Option<&'a str>,
}

/// Where to send the browser.
pub fn authorize_url(registration: &Registration, ask: &Ask<'_>) -> Url {
    let mut url = addresses::authorize(&registration.cloud, &registration.tenant);
    // Microsoft refuses the account picker together with a hint.
    let prompt = ask
        .prompt
        .filter(|it| *it != Prompt::SelectAccount || ask.login_hint.is_none());
    url.query_pairs_mut()
        .append_pair("client_id", &registration.client_id)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", ask.redirect_uri)
        .append_pair("response_mode", "query")
        .append_pair("scope", &scope(registration))
        .append_pair("state", ask.state)
        .append_pair("nonce", ask.nonce)
        .append_pair("code_challenge", ask.challenge)
        .append_pair("code_challenge_method", "S256");
    let optional = [
        ("prompt", prompt.map(Prompt::as_str)),
        ("login_hint", ask.login_hint),
        ("domain_hint", ask.domain_hint),
        ("claims", ask.claims),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    url
}

/// The link an administrator of an organisation opens to consent for everybody in it.
pub fn admin_consent_url(registration: &Registration, redirect_uri: &str, state: &str) -> Url {
    let mut url = addresses::admin_consent(&registration.cloud, &registration.tenant);
    url.query_pairs_mut()
        .append_pair("client_id", &registration.client_id)
        .append_pair("scope", &everything(registration))
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", state);
    url
}

/// What is asked for: everything the registration lists, or the override, and a refresh token.
pub fn scope(registration: &Registration) -> String {
    let wanted = match registration.scope_override.as_deref().map(str::trim) {
        None | Some("") => everything(registration),
        Some(names) => {
            let resource = &registration.cloud.resource;
            // A bare name would be taken for one of Microsoft Graph.
            let whole = |name: &str| {
                if name.contains("://") {
                    name.to_owned()
                } else {
                    format!("{resource}/{name}")
                }
            };
            names
                .split([' ', ',', '\n', '\r', '\t'])
                .filter(|it| !it.is_empty() && SIGN_IN_SCOPES.split(' ').all(|own| own != *it))
                .map(whole)
                .collect::<Vec<_>>()
                .join(" ")
        }
    };
    format!("{wanted} {SIGN_IN_SCOPES}")
}

/// Everything the registration lists for Power BI.
pub(super) fn everything(registration: &Registration) -> String {
    format!("{}/.default", registration.cloud.resource)
}

/// The permissions every registration should list that are not among those granted.
pub fn missing_scopes(granted: &[String]) -> Vec<&'static str> {
    let has = |wanted: &str| granted.iter().any(|it| it.eq_ignore_ascii_case(wanted));
    // Writing includes reading, at Power BI too.
    let wider = |wanted: &str| {
        wanted
            .strip_suffix(".Read.All")
            .is_some_and(|it| has(&format!("{it}.ReadWrite.All")))
    };
    catalogue::scopes::wanted()
        .iter()
        .copied()
        .filter(|wanted| !has(wanted) && !wider(wanted))
        .collect()
}

/// Proof key for code exchange (RFC 7636), method S256.
#[derive(Clone, Debug)]
pub struct Pkce {
    pub verifier: SecretString,
    pub challenge: String,
}

impl Pkce {
    /// A fresh verifier of 256 random bits, and its challenge.
    pub fn new(clock: &Clock) -> Self {
        Self::of(SecretString::from(clock.random().token()))
    }

    /// The challenge of a stored verifier.
    pub fn of(verifier: SecretString) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose_secret().as_bytes()));
        Self { verifier, challenge }
    }
}

/// A fresh trip: the address, and what must be kept until the browser comes back.
#[derive(Clone, Debug)]
pub struct Start {
    pub url: String,
    pub state: String,
    pub nonce: String,
    pub verifier: SecretString,
}

impl Start {
    /// A trip with fresh state, nonce and verifier.
    pub fn new(clock: &Clock, registration: &Registration, redirect_uri: &str, prompt: Option<Prompt>) -> Self {
        Self::with_hints(clock, registration, redirect_uri, prompt, None, None)
    }

    /// A trip for an account already known, or in answer to a claims challenge.
    pub fn with_hints(
        clock: &Clock,
        registration: &Registration,
        redirect_uri: &str,
        prompt: Option<Prompt>,
        login_hint: Option<&str>,
        claims: Option<&str>,
    ) -> Self {
        let (state, nonce, pkce) = (clock.random().token(), clock.random().token(), Pkce::new(clock));
        let ask = Ask {
            redirect_uri,
            state: &state,
            nonce: &nonce,
            challenge: &pkce.challenge,
            prompt,
            login_hint,
            domain_hint: None,
            claims,
        };
        let url = authorize_url(registration, &ask).into();
        Self {
            url,
            state,
            nonce,
            verifier: pkce.verifier,
        }
    }
}
