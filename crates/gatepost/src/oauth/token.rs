//! `POST /token`: codes and refresh tokens for access tokens.

use std::net::IpAddr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::CACHE_CONTROL;
use http::{Extensions, HeaderMap};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::error::OauthError;
use super::form::Parameters;
use super::grant::fingerprint;
use super::metadata::OPEN;
use super::rotate::{self, Pair};
use super::{client_auth, revoke};
use crate::app::App;
use crate::session;
use crate::store::clients::Client;
use crate::store::tokens::{self, Found};

/// `POST /token` (OAuth 2.1 §3.2).
pub(super) async fn token(State(app): State<App>, headers: HeaderMap, extensions: Extensions, body: Bytes) -> Response {
    let address = session::peer(&extensions);
    match issue(&app, &headers, address, &body).await {
        Ok(pair) => (OPEN, [(CACHE_CONTROL, "no-store")], Json(told(&app, &pair))).into_response(),
        Err(error) => error.into_response(),
    }
}

fn told(app: &App, pair: &Pair) -> serde_json::Value {
    json!({
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": app.settings.access_token_minutes * 60,
        "refresh_token": pair.refresh,
        "scope": pair.holds.to_string(),
    })
}

async fn issue(app: &App, headers: &HeaderMap, address: Option<IpAddr>, body: &[u8]) -> Result<Pair, OauthError> {
    let form = Parameters::of_post(headers, body)?;
    let grant_type = form.need("grant_type")?.to_owned();
    let client = client_auth::client(app, headers, address, &form).await?;
    match grant_type.as_str() {
        "authorization_code" => redeem(app, &client, &form).await,
        "refresh_token" => rotate::rotate(app, &client, &form).await,
        _ => Err(OauthError::UnsupportedGrantType),
    }
}

/// Everything is checked before the code is used up, so that a wrong try by somebody else does no harm.
async fn redeem(app: &App, client: &Client, form: &Parameters) -> Result<Pair, OauthError> {
    let hash = fingerprint(form.need("code")?);
    let found = tokens::find(&app.db, &hash, "code").await?;
    let found = found
        .filter(|it| it.client_id == client.id)
        .ok_or(OauthError::InvalidGrant("the code is unknown or over"))?;
    if form.find("redirect_uri") != found.redirect_uri.as_deref() {
        return Err(OauthError::InvalidGrant(
            "the redirect address is not the one of the authorization request",
        ));
    }
    if form.find("resource").is_some_and(|it| it != found.resource) {
        return Err(OauthError::InvalidTarget);
    }
    check_verifier(form.find("code_verifier"), &found)?;
    still_allowed(app, &found)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !tokens::mark_used(&mut tx, &hash, now).await? {
        drop(tx);
        // OAuth 2.1 §4.1.3: a code used twice may be stolen; whatever came of it ends.
        revoke::revoke_grant(app, &found, "code_reuse").await?;
        return Err(OauthError::InvalidGrant("the code was already used"));
    }
    let pair = rotate::store_pair(app, &mut tx, &found, &hash, rotate::fresh(app, &found)).await?;
    tx.commit().await?;
    Ok(pair)
}

/// PKCE (RFC 7636 §4.6).
fn check_verifier(verifier: Option<&str>, found: &Found) -> Result<(), OauthError> {
    let wrong = OauthError::InvalidGrant("the code verifier does not fit");
    let Some(verifier) = verifier.filter(|it| (43..=128).contains(&it.len())) else {
        return Err(wrong);
    };
    let challenge = URL_SAFE_NO_PAD.encode(session::hash(verifier));
    let expected = found.code_challenge.as_deref().unwrap_or_default();
    if bool::from(challenge.as_bytes().ct_eq(expected.as_bytes())) {
        Ok(())
    } else {
        Err(wrong)
    }
}

/// Neither the grant was revoked, nor the token is over, nor person or client locked.
pub(super) fn still_allowed(app: &App, found: &Found) -> Result<(), OauthError> {
    if found.revoked_at.is_some() || found.expires_at <= app.clock.now() {
        return Err(OauthError::InvalidGrant("the code or token is unknown or over"));
    }
    if found.person_locked_at.is_some() {
        return Err(OauthError::InvalidGrant("the person is locked"));
    }
    if found.client_locked_at.is_some() {
        return Err(OauthError::InvalidGrant("an administrator has locked this client"));
    }
    Ok(())
}
