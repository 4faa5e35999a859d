//! From a stored integration to a registration that can be used, with its secret opened.

use catalogue::clouds::{self, Cloud};

use super::registration::{Credential, Registration};
use super::tenant::Tenant;
use crate::store::integrations::Integration;
use crate::vault::{Place, Vault};

/// Why a stored integration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("the integration's cloud `{0}` is not known; edit the integration")]
    Cloud(String),
    #[error("the integration's tenant cannot be used: {0}")]
    Tenant(String),
    #[error("the integration's secret does not open with the vault's keys; enter it again")]
    Secret,
}

/// Where an integration's secret is sealed.
pub fn secret_place<'a>(row: &'a str, environment: &'a str) -> Place<'a> {
    Place {
        table: "integrations",
        column: "secret_sealed",
        row,
        environment,
    }
}

/// The cloud of a stored integration: a known id, or JSON of a custom one's addresses.
pub fn cloud_of(stored: &str) -> Result<Cloud, Unusable> {
    if let Some(cloud) = clouds::find(stored) {
        return Ok(cloud.clone());
    }
    let unusable = || Unusable::Cloud(stored.chars().take(40).collect());
    let custom: Cloud = serde_json::from_str(stored).map_err(|_| unusable())?;
    // Checked again on the way out of the database: secrets go to these addresses.
    Cloud::custom(&custom.login, &custom.resource, &custom.api, &custom.portal).map_err(|_| unusable())
}

/// The usable registration of a stored integration.
pub fn registration_of(vault: &Vault, row: &Integration) -> Result<Registration, Unusable> {
    let secret = vault
        .open_text(secret_place(&row.id.0, &row.environment_id.0), &row.secret_sealed)
        .map_err(|_| Unusable::Secret)?;
    Ok(Registration {
        integration: row.id.clone(),
        cloud: cloud_of(&row.cloud)?,
        tenant: Tenant::parse(&row.tenant).map_err(|error| Unusable::Tenant(error.to_string()))?,
        client_id: row.client_id.clone(),
        credential: Credential::Secret(secret),
        scope_override: None,
    })
}
