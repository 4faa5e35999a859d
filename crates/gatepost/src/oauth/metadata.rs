//! What clients read before anything else (RFC 8414, RFC 9728), always from the configured public address.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::app::App;
use crate::call;
use crate::caller::{Role, Scope};

/// Any web page may read these answers: they carry no cookie and need no session.
pub(super) const OPEN: [(HeaderName, &str); 2] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate"),
];
const CACHED: (HeaderName, &str) = (CACHE_CONTROL, "public, max-age=300");

/// `GET /.well-known/oauth-authorization-server` (RFC 8414 §3).
pub(super) async fn server(State(app): State<App>) -> Response {
    let url = |path| app.settings.url(path);
    // Never the administrators' scope: it is shown to those alone whose role may hold it.
    let offered = Scope::ALL.into_iter().filter(|it| it.is_for(Role::Person));
    let scopes: Vec<&str> = offered.map(Scope::as_str).collect();
    let document = json!({
        "issuer": app.settings.public_url,
        "authorization_endpoint": url("/authorize"),
        "token_endpoint": url("/token"),
        "registration_endpoint": url("/register"),
        "revocation_endpoint": url("/revoke"),
        "introspection_endpoint": url("/introspect"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        // OAuth 2.1: S256 only; clients must stop without it (MCP authorization).
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        // Clients that have an address of their own need no registration (and `none` must stand above for it).
        "client_id_metadata_document_supported": true,
        "request_uri_parameter_supported": false,
        "scopes_supported": scopes,
        // RFC 9207: the answer names us, so that a client is never led to another server's token endpoint.
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": url("/connect-an-agent"),
    });
    (OPEN, [CACHED], Json(document)).into_response()
}

/// `GET /.well-known/oauth-protected-resource`: the default environment's `/mcp`.
pub(super) async fn default_resource(state: State<App>) -> Response {
    resource(state, Path("mcp".to_owned())).await
}

/// `GET /.well-known/oauth-protected-resource/{path of the resource}` (RFC 9728 §3.1).
pub(super) async fn resource(State(app): State<App>, Path(path): Path<String>) -> Response {
    let named = app.settings.url(&format!("/{path}"));
    match call::door_of(&app, &named).await {
        Ok(Some(door)) => (OPEN, [CACHED], Json(described(&app, &door))).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, OPEN, "there is no such resource here\n").into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a resource's metadata cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, OPEN, "the database does not answer\n").into_response()
        }
    }
}

fn described(app: &App, door: &call::Door) -> Value {
    json!({
        "resource": door.resource,
        "authorization_servers": [app.settings.public_url],
        // Some clients ask for every scope listed here, so the list stays at the least one.
        "scopes_supported": [Scope::Read.as_str()],
        "bearer_methods_supported": ["header"],
        "resource_name": format!("Gatepost: Power BI ({})", door.environment.name),
        "resource_documentation": app.settings.url("/connect-an-agent"),
    })
}

/// Answers a browser client's question before its request (Fetch, CORS preflight).
pub(super) async fn preflight() -> Response {
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, MCP-Protocol-Version",
        ),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, OPEN, allowed).into_response()
}
