//! Our OAuth 2.1 authorization server: metadata, registration, consent, codes, tokens, revocation.

mod authorize;
mod client_auth;
mod error;
mod form;
mod grant;
mod introspect;
mod known;
mod metadata;
mod reaches;
mod register;
mod request;
mod revoke;
mod rotate;
mod token;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::app::App;
use crate::page;

/// Nothing that clients or browsers send here comes near it.
const LARGEST_BODY: usize = 1024 * 1024;
/// What every authorization code begins with.
const CODE_PREFIX: &str = "gp_ac_";
/// What every refresh token begins with.
const REFRESH_PREFIX: &str = "gp_rt_";
/// What every client secret begins with.
const SECRET_PREFIX: &str = "gp_cs_";

/// The endpoints for clients and for the browsers they open.
pub fn router(app: App) -> Router {
    let pages = Router::new()
        .route("/authorize", get(authorize::show).post(authorize::decide))
        .route("/authorize/again", get(authorize::again))
        .route("/authorize/resume", get(authorize::resume))
        .layer(from_fn_with_state(app.clone(), page::guard));
    Router::new()
        .merge(pages)
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::server).options(metadata::preflight),
        )
        .route(
            "/.well-known/oauth-protected-resource",
            get(metadata::default_resource).options(metadata::preflight),
        )
        .route(
            "/.well-known/oauth-protected-resource/{*path}",
            get(metadata::resource).options(metadata::preflight),
        )
        .route("/register", post(register::register).options(metadata::preflight))
        .route("/token", post(token::token).options(metadata::preflight))
        .route("/revoke", post(revoke::revoke).options(metadata::preflight))
        .route("/introspect", post(introspect::introspect))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(app)
}
