//! An app registration as entered for one integration, and the check of its pasted secret.

use catalogue::clouds::Cloud;
use secrecy::SecretString;

use super::tenant::{Tenant, is_guid};
use crate::caller::IntegrationId;

/// What the gateway needs to act as the registered application.
#[derive(Clone)]
pub struct Registration {
    pub integration: IntegrationId,
    pub cloud: Cloud,
    pub tenant: Tenant,
    pub client_id: String,
    pub credential: Credential,
    /// Names of permissions (or whole scope names) to ask for instead of all that the registration lists.
    pub scope_override: Option<String>,
}

/// How the application proves who it is.
#[derive(Clone)]
pub enum Credential {
    /// The Value of a client secret.
    Secret(SecretString),
    /// The private key of a certificate uploaded to the registration: PKCS#8 PEM, and the certificate's SHA-256
    /// thumbprint in base64url without padding.
    Certificate {
        private_key_pem: SecretString,
        thumbprint: String,
    },
    /// A token of another issuer the registration trusts (workload identity federation), fresh for this request.
    Federated(SecretString),
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration")
            .field("integration", &self.integration)
            .field("cloud", &self.cloud.id)
            .field("tenant", &self.tenant.path())
            .field("client_id", &self.client_id)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Certificate { .. } => "Certificate",
            Self::Federated(_) => "Federated",
        })
    }
}

/// Why a pasted secret is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    #[error("the client secret is empty")]
    Empty,
    #[error("this is the Secret ID; copy the Value column, which is shown once, right after the secret is made")]
    SecretId,
    #[error("a client secret has no spaces or line breaks; copy the Value column again")]
    Whitespace,
    #[error("this is too long to be a client secret; copy the Value column")]
    Long,
}

/// What looks odd about a pasted secret that is taken all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretWarning {
    /// Not of the form Microsoft issues today: an old secret, one that was cut short, or something else.
    UnusualForm,
}

impl SecretWarning {
    /// What to show beside the field.
    pub fn text(self) -> &'static str {
        "this does not look like a client secret of today; check that the whole Value was copied"
    }
}

/// Checks a pasted secret before it is stored.
pub fn check_secret(value: &str) -> Result<Option<SecretWarning>, SecretProblem> {
    let value = value.trim();
    match value {
        "" => Err(SecretProblem::Empty),
        _ if is_guid(&value.to_ascii_lowercase()) => Err(SecretProblem::SecretId),
        _ if value.chars().any(|c| c.is_whitespace() || c.is_control()) => Err(SecretProblem::Whitespace),
        _ if 512 < value.len() => Err(SecretProblem::Long),
        _ if has_usual_form(value.as_bytes()) => Ok(None),
        _ => Ok(Some(SecretWarning::UnusualForm)),
    }
}

/// Three characters, a digit, `Q~`, then 31 to 34 more.
fn has_usual_form(value: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"_~.-".contains(b);
    (37..=40).contains(&value.len()) && value.iter().all(allowed) && value[3].is_ascii_digit() && &value[4..6] == b"Q~"
}
