//! `POST /revoke` (RFC 7009), and the end of a grant for other reasons.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, StatusCode};
use serde_json::json;

use super::client_auth;
use super::error::OauthError;
use super::form::Parameters;
use super::grant::fingerprint;
use super::metadata::OPEN;
use crate::app::App;
use crate::audit::Entry;
use crate::session;
use crate::store::grants;
use crate::store::tokens::{self, Found};

/// `POST /revoke`: 200 whatever the token was, so that nobody learns which tokens exist (RFC 7009 §2.2).
pub(super) async fn revoke(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let address = session::peer(&extensions);
    match run(&app, &headers, address, &body).await {
        Ok(()) => (StatusCode::OK, OPEN).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn run(app: &App, headers: &HeaderMap, address: Option<IpAddr>, body: &[u8]) -> Result<(), OauthError> {
    let form = Parameters::of_post(headers, body)?;
    let client = client_auth::client(app, headers, address, &form).await?;
    let hash = fingerprint(form.need("token")?);
    for kind in ["refresh", "access"] {
        let found = tokens::find(&app.db, &hash, kind).await?;
        // A client can end what is its own and nothing else.
        let Some(found) = found.filter(|it| it.client_id == client.id) else {
            continue;
        };
        if kind == "refresh" {
            revoke_grant(app, &found, "revoked_by_client").await?;
        } else {
            let mut tx = app.db.begin().await?;
            tokens::delete(&mut tx, &hash).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Ends a grant with every code and token that came of it, on record.
pub(super) async fn revoke_grant(app: &App, found: &Found, reason: &str) -> Result<(), OauthError> {
    let details = json!({ "grant": found.grant_id, "client": found.client_id, "reason": reason });
    let kind = match reason {
        "refresh_reuse" => "client.refresh_reuse",
        "code_reuse" => "client.code_reuse",
        _ => "client.revoked",
    };
    let entry = Entry {
        kind,
        environment: Some(found.environment_id.clone()),
        person: Some(found.person_id.clone()),
        trace: app.clock.new_id(),
        details,
    };
    app.audit.append(entry).await?;
    grants::revoke(&app.db, &found.grant_id, app.clock.now(), reason).await?;
    Ok(())
}
