//! `POST /register`: clients make themselves known (RFC 7591), within limits.

use std::net::{IpAddr, SocketAddr};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::SECRET_PREFIX;
use super::error::OauthError;
use super::metadata::OPEN;
use crate::app::App;
use crate::audit::Entry;
use crate::client_metadata::{plain_name, redirect, web_address_problem};
use crate::json::{self, Bounds, LongNumbers};
use crate::session;
use crate::store::clients::{self, Client};

const LARGEST_BYTES: usize = 32 * 1024;
/// What clients say of themselves is short.
const BOUNDS: Bounds = Bounds {
    values: 1000,
    depth: 16,
    long_numbers: LongNumbers::AsText,
};
const MOST_REDIRECTS: usize = 20;
/// Clients that registered and were never used: beyond this many the oldest are forgotten, but none whose person may
/// still be on the way through the sign-in.
const MOST_UNUSED: i64 = 20_000;
const YOUNG_S: i64 = 1800;
const FORGOTTEN_AT_ONCE: i64 = 200;
const METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// `POST /register`.
pub(super) async fn register(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match run(&app, &headers, &body, peer.map(|it| it.0.0.ip())).await {
        Ok(answer) => (StatusCode::CREATED, OPEN, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn run(app: &App, headers: &HeaderMap, body: &[u8], address: Option<IpAddr>) -> Result<Value, OauthError> {
    let metadata = read(headers, body)?;
    let redirects = redirects(&metadata)?;
    check_addresses(&metadata)?;
    check_kinds(&metadata)?;
    let method = auth_method(&metadata)?;
    let now = app.clock.now();
    admit(app, address).await?;
    let secret = (method != "none").then(|| format!("{SECRET_PREFIX}{}", app.clock.random().token()));
    // A client that names no type is a native one (many leave it out).
    let application_type = if text(&metadata, "application_type") == Some("web") {
        "web"
    } else {
        "native"
    };
    let client = Client {
        id: app.clock.new_id().into(),
        kind: "dynamic".into(),
        name: name(&metadata, &redirects),
        redirect_uris: Value::from(redirects.clone()).to_string(),
        secret_hash: secret.as_deref().map(session::hash),
        auth_method: method.to_owned(),
        application_type: application_type.to_owned(),
        metadata: json!({ "client_uri": text(&metadata, "client_uri"), "software_id": text(&metadata, "software_id") })
            .to_string(),
        created_at: now,
        used_at: None,
        expires_at: Some(now.plus_seconds(app.settings.unused_client_days * 24 * 3600)),
        environment_id: None,
        created_by: None,
    };
    clients::create(&app.db, &client).await?;
    let details = json!({ "client": client.id, "name": client.name, "redirect_uris": redirects });
    app.audit
        .append(Entry {
            kind: "client.registered",
            environment: None,
            person: None,
            trace: app.clock.new_id(),
            details,
        })
        .await?;
    Ok(answer(&client, &redirects, secret))
}

/// Lets a network register its share, here at once and over all replicas as long as not all is taken.
async fn admit(app: &App, address: Option<IpAddr>) -> Result<(), OauthError> {
    let now = app.clock.now();
    if let Some(seconds) = app.registrations.busy_s(address, now) {
        return Err(OauthError::TooMany { seconds });
    }
    // A count of this replica alone says when a network has had enough; what all replicas have is bounded by forgetting.
    if MOST_UNUSED <= clients::count_unused(&app.db).await? {
        let forgotten = clients::forget_unused(&app.db, now.plus_seconds(-YOUNG_S), FORGOTTEN_AT_ONCE).await?;
        if forgotten == 0 {
            return Err(OauthError::TooMany { seconds: 600 });
        }
    }
    app.registrations.count(address, now);
    Ok(())
}

fn answer(client: &Client, redirects: &[String], secret: Option<String>) -> Value {
    let mut answer = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_at.unix_seconds(),
        "client_name": client.name,
        "redirect_uris": redirects,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": client.auth_method,
        "application_type": client.application_type,
    });
    if let Some(secret) = secret {
        answer["client_secret"] = Value::from(secret);
        answer["client_secret_expires_at"] = Value::from(0);
    }
    answer
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, OauthError> {
    if LARGEST_BYTES < body.len() {
        return Err(OauthError::InvalidClientMetadata("expected at most 32 KiB".into()));
    }
    let problem = |words: String| OauthError::InvalidClientMetadata(words);
    json::media_type(headers).map_err(|it| problem(it.to_string()))?;
    match json::read(body, BOUNDS).map_err(|it| problem(it.to_string()))? {
        Value::Object(metadata) => Ok(metadata),
        _ => Err(problem("expected a JSON object".into())),
    }
}

fn text<'a>(metadata: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    metadata.get(name).and_then(Value::as_str).filter(|it| !it.is_empty())
}

fn redirects(metadata: &Map<String, Value>) -> Result<Vec<String>, OauthError> {
    let listed = metadata.get("redirect_uris").and_then(Value::as_array);
    let listed = listed.filter(|it| (1..=MOST_REDIRECTS).contains(&it.len()));
    let listed =
        listed.ok_or_else(|| OauthError::InvalidRedirectUri("expected redirect_uris with 1 to 20 addresses".into()))?;
    let addresses: Option<Vec<String>> = listed.iter().map(|it| it.as_str().map(str::to_owned)).collect();
    let addresses = addresses.ok_or_else(|| OauthError::InvalidRedirectUri("expected addresses as text".into()))?;
    for address in &addresses {
        redirect::check(address).map_err(OauthError::InvalidRedirectUri)?;
    }
    Ok(addresses)
}

/// Other addresses are never fetched, but they would be shown: https only.
fn check_addresses(metadata: &Map<String, Value>) -> Result<(), OauthError> {
    for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"] {
        let Some(value) = metadata.get(name).filter(|it| !it.is_null()) else {
            continue;
        };
        let problem = value
            .as_str()
            .map_or(Some("expected an https address"), web_address_problem);
        if let Some(problem) = problem {
            return Err(OauthError::InvalidClientMetadata(format!("{name}: {problem}")));
        }
    }
    Ok(())
}

fn check_kinds(metadata: &Map<String, Value>) -> Result<(), OauthError> {
    let fits = |name: &str, needed: &str| match metadata.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::Array(listed)) => listed.is_empty() || listed.iter().any(|it| it == needed),
        Some(_) => false,
    };
    if !fits("grant_types", "authorization_code") || !fits("response_types", "code") {
        return Err(OauthError::InvalidClientMetadata(
            "expected grant_types with authorization_code and response_types with code".into(),
        ));
    }
    Ok(())
}

fn auth_method(metadata: &Map<String, Value>) -> Result<&'static str, OauthError> {
    // RFC 7591 §2 says client_secret_basic when absent, but public clients leave it out and then send no secret.
    let asked = text(metadata, "token_endpoint_auth_method").unwrap_or("none");
    METHODS.into_iter().find(|it| *it == asked).ok_or_else(|| {
        OauthError::InvalidClientMetadata(format!("token_endpoint_auth_method: expected {}", METHODS.join(", ")))
    })
}

/// What the client calls itself; the host it returns to when it does not say.
fn name(metadata: &Map<String, Value>, redirects: &[String]) -> String {
    let name = plain_name(text(metadata, "client_name").unwrap_or_default());
    match name.is_empty() {
        true => redirects.first().map(|it| redirect::shown(it)).unwrap_or_default(),
        false => name,
    }
}
