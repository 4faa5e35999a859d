//! Metadata and signing keys, per tenant and for the shared endpoints.

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::exchange::Exchange;
use crate::entra::tenant::TenantPath;

/// `/{tenant}/v2.0/.well-known/openid-configuration`.
pub(crate) async fn metadata(
    State(sandbox): State<Sandbox>,
    Path(tenant): Path<String>,
    exchange: Exchange,
) -> Response {
    let read = TenantPath::read(&sandbox.directory(), &tenant);
    match read {
        Ok(path) => open(document(&sandbox, &tenant, &path)),
        Err(failure) => failure.as_json(&sandbox, &exchange.trace),
    }
}

/// `/{tenant}/discovery/v2.0/keys`.
pub(crate) async fn keys(State(sandbox): State<Sandbox>, Path(tenant): Path<String>, exchange: Exchange) -> Response {
    let directory = sandbox.directory();
    match TenantPath::read(&directory, &tenant) {
        Ok(path) => open(directory.keys.published(&issuer(&sandbox, path.issuer_part()))),
        Err(failure) => failure.as_json(&sandbox, &exchange.trace),
    }
}

/// `/common/discovery/instance`, which MSAL asks when a silent refresh has failed.
pub(crate) async fn instance(State(sandbox): State<Sandbox>) -> Response {
    open(json!({
        "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", sandbox.url()),
        "api-version": "1.1",
        "metadata": [],
    }))
}

/// The issuer of id tokens for a tenant part.
pub(crate) fn issuer(sandbox: &Sandbox, tenant_part: &str) -> String {
    format!("{}/{tenant_part}/v2.0", sandbox.url())
}

fn document(sandbox: &Sandbox, tenant: &str, path: &TenantPath) -> Value {
    // The addresses name the directory by id, even when it was asked for by domain.
    let part = path.one().unwrap_or(tenant);
    let base = format!("{}/{part}", sandbox.url());
    json!({
        "issuer": issuer(sandbox, path.issuer_part()),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "preferred_username", "name", "tid", "oid", "ver", "email",
        ],
        "request_uri_parameter_supported": false,
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "tenant_region_scope": "SANDBOX",
    })
}

fn open(body: Value) -> Response {
    ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(body)).into_response()
}
