//! Our OAuth client for Microsoft Entra ID: sends people there, redeems what they bring back, and explains refusals.

mod access;
mod addresses;
mod answer;
mod assertion;
mod authorize;
mod bind;
mod callback;
mod client;
mod error;
mod identity;
mod keys;
mod lease;
mod pace;
mod refused;
mod registration;
mod stored;
mod tenant;
#[cfg(test)]
mod tests;

pub use access::{
    Access, AccessError, AccessToken, Means, access_token, expire, refresh_after, refresh_ahead, token_place,
};
pub use answer::TokenAnswer;
pub use authorize::{Ask, Pkce, Prompt, Start, admin_consent_url, authorize_url, missing_scopes, scope};
pub use bind::{Bound, bind_tokens};
pub use callback::{Callback, CallbackProblem, callback, explain_pasted};
pub use client::{Entra, Tested, http_client};
pub use error::{Class, EntraError, Explanation};
pub use identity::{Identity, IdentityProblem, Unverified, check_times, read as read_id_token, shown, verified_claims};
pub use keys::{Key, Keys};
pub use registration::{Credential, Registration, SecretProblem, SecretWarning, check_secret};
pub use stored::{Unusable, binding_of, cloud_of, registration_of, secret_place};
pub use tenant::{Tenant, TenantProblem};
