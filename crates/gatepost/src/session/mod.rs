//! The browser's session: `__Host-` cookies, CSRF tokens, rotation at sign-in, expiry on the server.

mod looks;
mod per_minute;
mod strangers;

pub use looks::{FRESH, Look, Looks};
pub use per_minute::{PerMinute, network_of};
pub use strangers::{Bounds, Strangers};

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::ConnectInfo;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{COOKIE, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderValue};

use crate::caller::PersonId;
use crate::clock::{Clock, Timestamp};
use crate::store::sessions::{Session, SignedIn};
use crate::store::{self, Db, sessions};
use crate::vault::Vault;

/// The signed-in browser's cookie.
pub const SESSION: &str = "__Host-gatepost-session";
/// A cookie of every browser, signed in or not, to which CSRF tokens are bound before sign-in.
pub const BROWSER: &str = "__Host-gatepost-browser";
/// Set when a person consents to going to Microsoft: the same browser must come back.
pub const FLOW: &str = "__Host-gatepost-flow";

/// Set when somebody who came by Microsoft or the house's provider still owes a second factor.
pub const HALF: &str = "__Host-gatepost-half";
/// Set when a person leaves for the house's own provider: the same browser must come back.
pub const PROVIDER: &str = "__Host-gatepost-provider";

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    pub idle_minutes: i64,
    pub hours: i64,
}

/// SHA-256, as every token of ours is stored.
pub fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

/// The address a request came from, as the front found it.
pub fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip())
}

/// The value of cookie `name`; `None` when it is absent or given twice.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    // Two cookies of one name mean that somebody planted one; neither is believed.
    found.next().filter(|_| found.next().is_none())
}

/// A `Set-Cookie` value: host-only, https (or localhost), out of reach of scripts.
pub fn set_cookie(name: &str, value: &str, max_age_s: i64) -> HeaderValue {
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age_s}"
    ))
    .expect("cookie values are URL-safe text")
}

/// A `Set-Cookie` value that removes the cookie.
pub fn clear_cookie(name: &str) -> HeaderValue {
    set_cookie(name, "", 0)
}

/// The signed-in session of these headers, if it is alive. Notes its use at most once a minute.
pub async fn find(db: &Db, clock: &Clock, lifetime: Lifetime, headers: &HeaderMap) -> store::Result<Option<SignedIn>> {
    let Some(token) = cookie(headers, SESSION) else {
        return Ok(None);
    };
    let Some(found) = sessions::find(db, &hash(token)).await? else {
        return Ok(None);
    };
    let now = clock.now();
    let idle_since = found.session.seen_at.plus_seconds(lifetime.idle_minutes * 60);
    if found.session.expires_at <= now || idle_since <= now || found.locked_at.is_some() {
        sessions::delete(db, &found.session.hash).await?;
        return Ok(None);
    }
    if 60_000 < now.since_ms(found.session.seen_at) {
        sessions::touch(db, &found.session.hash, now).await?;
    }
    Ok(Some(found))
}

/// How a person proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    Password,
    Microsoft,
    /// The house's own OpenID Connect provider.
    Provider,
}

impl Proof {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Microsoft => "microsoft",
            Self::Provider => "provider",
        }
    }
}

/// Begins a new session and ends the browser's earlier one, so that no identifier from before the sign-in lives on.
pub async fn begin(
    db: &Db,
    clock: &Clock,
    lifetime: Lifetime,
    person: &PersonId,
    proof: Proof,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> store::Result<HeaderValue> {
    if let Some(old) = cookie(headers, SESSION) {
        sessions::delete(db, &hash(old)).await?;
    }
    let token = clock.random().token();
    let now = clock.now();
    let agent = headers
        .get(USER_AGENT)
        .and_then(|it| it.to_str().ok())
        .map(|it| it.chars().take(200).collect());
    let session = Session {
        hash: hash(&token),
        person_id: person.clone(),
        method: proof.as_str().to_owned(),
        authenticated_at: now,
        created_at: now,
        seen_at: now,
        expires_at: now.plus_seconds(lifetime.hours * 3600),
        address: address.map(|it| it.to_string()),
        user_agent: agent,
    };
    sessions::create(db, &session).await?;
    Ok(set_cookie(SESSION, &token, lifetime.hours * 3600))
}

/// Ends the browser's session.
pub async fn end(db: &Db, headers: &HeaderMap) -> store::Result<()> {
    if let Some(token) = cookie(headers, SESSION) {
        sessions::delete(db, &hash(token)).await?;
    }
    Ok(())
}

/// What CSRF tokens are bound to: the session, or before sign-in the browser's own cookie.
fn binding(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION).or_else(|| cookie(headers, BROWSER))
}

/// The CSRF token for forms of this browser, with the cookie to set when the browser has none yet.
pub fn csrf(vault: &Vault, clock: &Clock, headers: &HeaderMap) -> (String, Option<HeaderValue>) {
    if let Some(bound) = binding(headers) {
        return (URL_SAFE_NO_PAD.encode(vault.mac("csrf", bound.as_bytes())), None);
    }
    let browser = clock.random().token();
    let token = URL_SAFE_NO_PAD.encode(vault.mac("csrf", browser.as_bytes()));
    (token, Some(set_cookie(BROWSER, &browser, 24 * 3600)))
}

/// Whether `token` is the CSRF token of this browser.
pub fn csrf_holds(vault: &Vault, headers: &HeaderMap, token: &str) -> bool {
    let Some(bound) = binding(headers) else { return false };
    URL_SAFE_NO_PAD
        .decode(token)
        .is_ok_and(|tag| vault.verify_mac("csrf", bound.as_bytes(), &tag))
}

/// How old the session's proof is, in seconds.
pub fn age_s(session: &Session, now: Timestamp) -> i64 {
    now.since_ms(session.authenticated_at) / 1000
}
