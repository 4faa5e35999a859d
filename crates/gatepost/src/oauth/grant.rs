//! A person's consent becomes a grant with its authorization code.

use serde_json::json;
use url::Url;

use super::CODE_PREFIX;
use super::request::AuthorizationRequest;
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, IntegrationId, ScopeSet};
use crate::session;
use crate::store::grants::{self, Grant};
use crate::store::tokens::{self, Token};
use crate::store::{self, clients};

/// SHA-256 of a token of ours, as an array.
pub(super) fn fingerprint(token: &str) -> [u8; 32] {
    session::hash(token).try_into().expect("SHA-256 has 32 bytes")
}

/// Records the consent and gives the address to send the browser to, code included.
pub(super) async fn redirect_with_code(
    app: &App,
    caller: &Caller,
    integration: &IntegrationId,
    request: &AuthorizationRequest,
) -> Result<String, GrantError> {
    let code = format!("{CODE_PREFIX}{}", app.clock.random().token());
    let now = app.clock.now();
    // Asked again where the person is known: a client gets nothing by OAuth that they could not put into a key.
    let scope = ScopeSet::held(&request.scope, caller.role).to_string();
    let grant = Grant {
        id: app.clock.new_id().into(),
        environment_id: caller.environment.clone(),
        person_id: caller.person.clone(),
        client_id: request.client_id.clone(),
        integration_id: integration.clone(),
        scopes: scope.clone(),
        resource: request.resource.clone(),
        authenticated_at: caller.authenticated_at,
        created_at: now,
        used_at: None,
        revoked_at: None,
        revoked_reason: None,
    };
    let details = json!({ "client": request.client_id, "grant": grant.id, "scopes": scope, "resource": request.resource, "redirect_uri": request.redirect_uri });
    app.audit.append(Entry::of("client.consented", caller, details)).await?;
    let token = Token {
        hash: fingerprint(&code),
        kind: "code",
        grant_id: grant.id.clone(),
        scopes: scope,
        redirect_uri: Some(request.redirect_uri.clone()),
        code_challenge: Some(request.code_challenge.clone()),
        parent_hash: None,
        created_at: now,
        expires_at: now.plus_seconds(app.settings.code_seconds),
    };
    let mut tx = app.db.begin().await?;
    grants::create(&mut tx, &grant).await?;
    tokens::create(&mut tx, &token).await?;
    tx.commit().await?;
    clients::touch(&app.db, &request.client_id, now).await?;
    Ok(answer_at(
        app,
        &request.redirect_uri,
        request.state.as_deref(),
        &[("code", &code)],
    ))
}

/// Why a consent was not recorded.
#[derive(Debug, thiserror::Error)]
pub(super) enum GrantError {
    #[error("{0}")]
    Audit(#[from] crate::audit::Unavailable),
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// A registered redirect address with the parameters of an answer; `iss` always among them (RFC 9207 §2).
pub(super) fn answer_at(app: &App, redirect_uri: &str, state: Option<&str>, parameters: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return app.settings.url("/");
    };
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in parameters {
            query.append_pair(name, value);
        }
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &app.settings.public_url);
    }
    url.into()
}
