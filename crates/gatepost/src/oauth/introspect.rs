//! `POST /introspect` (RFC 7662): a service asks what a token allows right now.

use std::net::IpAddr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{Extensions, HeaderMap};
use serde_json::{Value, json};

use super::client_auth;
use super::error::OauthError;
use super::form::Parameters;
use super::grant::fingerprint;
use super::token::still_allowed;
use crate::app::App;
use crate::session;
use crate::store::clients::Client;
use crate::store::tokens::{self, Found};

/// `POST /introspect`: the token's facts, or only that it is not active.
pub(super) async fn introspect(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let address = session::peer(&extensions);
    match run(&app, &headers, address, &body).await {
        Ok(told) => ([(CACHE_CONTROL, "no-store")], Json(told)).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn run(app: &App, headers: &HeaderMap, address: Option<IpAddr>, body: &[u8]) -> Result<Value, OauthError> {
    let form = Parameters::of_post(headers, body)?;
    let asking = client_auth::client(app, headers, address, &form).await?;
    // RFC 7662 §2.1: whoever asks proves who they are, or anybody could try tokens here.
    if asking.secret_hash.is_none() {
        return Err(OauthError::InvalidClient("only a client with a secret may ask"));
    }
    let hash = fingerprint(form.need("token")?);
    for kind in ["access", "refresh"] {
        if let Some(found) = tokens::find(&app.db, &hash, kind).await? {
            return Ok(match may_know(&asking, &found) && is_active(app, &found) {
                true => facts(app, &found),
                false => inactive(),
            });
        }
    }
    Ok(inactive())
}

fn inactive() -> Value {
    json!({ "active": false })
}

/// Invariant: a client learns of its own tokens, and a resource server of the access tokens of its own environment.
fn may_know(asking: &Client, found: &Found) -> bool {
    let is_own = asking.id == found.client_id;
    let is_here = asking.environment_id.as_ref() == Some(&found.environment_id);
    is_own || (asking.may_introspect() && is_here && found.kind == "access")
}

fn is_active(app: &App, found: &Found) -> bool {
    // A refresh token counts once; its successor is what is active then.
    let is_used_up = found.kind == "refresh" && found.used_at.is_some();
    !is_used_up && still_allowed(app, found).is_ok()
}

fn facts(app: &App, found: &Found) -> Value {
    let mut facts = json!({
        "active": true,
        "scope": found.holds().to_string(),
        "client_id": found.client_id,
        "sub": found.person_id,
        "aud": found.resource,
        "iss": app.settings.public_url,
        "iat": found.created_at.unix_seconds(),
        "exp": found.expires_at.unix_seconds(),
        "auth_time": found.authenticated_at.unix_seconds(),
    });
    if found.kind == "access" {
        facts["token_type"] = json!("Bearer");
    }
    facts
}
