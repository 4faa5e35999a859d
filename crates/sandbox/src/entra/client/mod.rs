//! Proving the client at the token endpoint: secret, Basic header or signed assertion, by the rules of its platform.

mod assertion;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::header::ORIGIN;
use percent_encoding::percent_decode_str;

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::applications::Platform;
use crate::entra::asked::Asked;
use crate::entra::authorize::application_at;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::tenant::TenantPath;
use crate::ledger::fingerprint;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The proof a client presents.
enum Credential {
    Secret(String),
    Assertion(String),
}

/// The client id of a request: in the form or in the Basic header.
pub(crate) fn id_of(headers: &HeaderMap, asked: &Asked) -> Option<String> {
    let sent = asked.form("client_id").map(str::to_owned);
    sent.or_else(|| basic(headers).map(|(id, _)| id))
}

/// The application that asks, its proof checked.
pub(crate) fn authenticate(
    sandbox: &Sandbox,
    directory: &Directory,
    tenant: &TenantPath,
    exchange: &Exchange,
) -> Result<Application, Failure> {
    let client_id = id_of(&exchange.headers, &exchange.asked).ok_or_else(|| Failure::about(900144, "client_id"))?;
    let application = application_at(directory, tenant, &client_id)?;
    let credential = credential(exchange)?;
    let is_cross_origin = exchange.headers.contains_key(ORIGIN);
    match (platform(directory, &application, exchange), credential) {
        (Platform::Spa, _) if !is_cross_origin => Err(Failure::new(9002327)),
        (Platform::Spa | Platform::Public, Some(_)) => Err(Failure::new(700025)),
        (Platform::Spa | Platform::Public, None) => Ok(application),
        (Platform::Web, _) if is_cross_origin => Err(Failure::new(9002326)),
        (Platform::Web, None) => Err(Failure::new(7000218)),
        (Platform::Web, Some(Credential::Secret(value))) => {
            check_secret(&application, &value, sandbox.clock().now_ms())?;
            Ok(application)
        }
        (Platform::Web, Some(Credential::Assertion(token))) => {
            assertion::check(sandbox, directory, tenant, &application, &token)?;
            Ok(application)
        }
    }
}

/// What the code or token was issued under; without one, what the registration looks like.
fn platform(directory: &Directory, application: &Application, exchange: &Exchange) -> Platform {
    let code = exchange
        .asked
        .form("code")
        .and_then(|code| directory.codes.get(code))
        .map(|code| code.sign_in.platform);
    let token = exchange.asked.form("refresh_token").map(fingerprint);
    let token = token
        .and_then(|mark| directory.refresh_tokens.get(&mark))
        .map(|token| token.sign_in.platform);
    code.or(token).unwrap_or_else(|| {
        let is_confidential = !application.secrets.is_empty()
            || !application.certificates.is_empty()
            || !application.redirect_uris.web.is_empty();
        let is_device = exchange.asked.form("device_code").is_some();
        if is_confidential && !is_device {
            Platform::Web
        } else {
            Platform::Public
        }
    })
}

fn credential(exchange: &Exchange) -> Result<Option<Credential>, Failure> {
    if let Some(assertion) = exchange.asked.form("client_assertion") {
        if exchange.asked.form("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(Failure::about(900144, "client_assertion_type"));
        }
        return Ok(Some(Credential::Assertion(assertion.to_owned())));
    }
    let secret = exchange.asked.form("client_secret").map(str::to_owned);
    Ok(secret
        .or_else(|| basic(&exchange.headers).map(|(_, secret)| secret))
        .map(Credential::Secret))
}

/// Client id and secret of a Basic header. Both are form-encoded inside it (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    Some(
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .ok()?
            .into_owned(),
    )
}

fn check_secret(application: &Application, value: &str, now_ms: i64) -> Result<(), Failure> {
    let is_expired = |at: Option<jiff::Timestamp>| at.is_some_and(|at| at.as_millisecond() <= now_ms);
    let secrets = &application.secrets;
    if secrets
        .iter()
        .any(|secret| secret.value == value && !is_expired(secret.expires))
    {
        return Ok(());
    }
    let all_expired = !secrets.is_empty() && secrets.iter().all(|secret| is_expired(secret.expires));
    let is_old_one = secrets.iter().any(|secret| secret.value == value);
    let code = if is_old_one || all_expired { 7000222 } else { 7000215 };
    Err(Failure::about(code, format!("application '{}'", application.client_id)))
}
