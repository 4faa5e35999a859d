//! Pretend Microsoft Entra ID: sign-in pages, consent, tokens, and the errors people really meet.

mod aadsts;
mod admin_consent;
mod applications;
mod asked;
mod authorize;
mod bearer;
mod client;
mod consent;
mod device;
mod directory;
mod discovery;
mod exchange;
mod failure;
mod keys;
mod logout;
mod scopes;
mod sessions;
mod tenant;
mod token;

use axum::Router;
use axum::routing::any;
use axum::routing::get;
use axum::routing::post;

use crate::Sandbox;

pub use crate::entra::applications::Application;
pub use crate::entra::applications::Audience;
pub use crate::entra::applications::Certificate;
pub use crate::entra::applications::RedirectUris;
pub use crate::entra::applications::SAMPLE_APP;
pub use crate::entra::applications::SAMPLE_SECRET;
pub use crate::entra::applications::Secret;
pub use crate::entra::bearer::AuthFailure;
pub use crate::entra::bearer::Bearer;
pub use crate::entra::bearer::POWER_BI;
pub use crate::entra::bearer::check;
pub use crate::entra::directory::Directory;
pub use crate::entra::directory::RefreshMode;
pub use crate::entra::scopes::TEN_PERMISSIONS;

pub(crate) use crate::entra::asked::Asked;
pub(crate) use crate::entra::bearer::bearer_token;
pub(crate) use crate::entra::client::id_of as client_id_of;
pub(crate) use crate::entra::consent::Grantor;
pub(crate) use crate::entra::exchange::Demand;
pub(crate) use crate::entra::exchange::Note;
pub(crate) use crate::entra::failure::Failure;
pub(crate) use crate::entra::keys::SigningKey;
pub(crate) use crate::entra::scopes::Permission;
pub(crate) use crate::entra::token::Claims;
pub(crate) use crate::entra::token::access_token;

/// Every address of Entra.
pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/common/discovery/instance", get(discovery::instance))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(discovery::metadata),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route(
            "/{tenant}/oauth2/v2.0/authorize",
            get(authorize::authorize).post(authorize::authorize),
        )
        .route("/{tenant}/oauth2/v2.0/token", any(token::token))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::begin))
        .route("/devicelogin", get(device::enter).post(device::decide))
        .route("/{tenant}/oauth2/v2.0/logout", get(logout::logout).post(logout::logout))
        .route(
            "/{tenant}/v2.0/adminconsent",
            get(admin_consent::scoped).post(admin_consent::scoped),
        )
        .route(
            "/{tenant}/adminconsent",
            get(admin_consent::whole).post(admin_consent::whole),
        )
        .route("/error", get(logout::explain))
        .with_state(sandbox)
}
