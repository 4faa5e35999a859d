//! From a stored integration to a registration that can be used, with its secret opened.

use catalogue::clouds::{Cloud, Clouds};

use super::registration::{Credential, Registration};
use super::tenant::Tenant;
use crate::store::integrations::Integration;
use crate::vault::{Binding, KeyId, OpenError, Place, Vault};

/// Why a stored integration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error(
        "the integration's cloud `{0}` is not in the gateway's settings; the operator adds it there as [clouds.{0}], or an administrator chooses another"
    )]
    Cloud(String),
    #[error(
        "the integration's addresses were typed into its form, which counts no more; the operator enters them as a cloud in the gateway's settings, then an administrator chooses it under Integrations"
    )]
    Typed,
    #[error("the integration's tenant cannot be used: {0}")]
    Tenant(String),
    #[error("the integration's secret does not open with the vault's keys; enter it again")]
    Secret,
    #[error("the integration's secret is sealed with vault key {0}, which this process does not hold; give it the key")]
    UnknownKey(KeyId),
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

/// The cloud that a stored integration names.
///
/// Invariant: secrets and tokens go only where Microsoft or the operator's settings say, never to an address that the database
/// holds. Older versions stored addresses typed into the form, as JSON.
pub fn cloud_of(clouds: &Clouds, stored: &str) -> Result<Cloud, Unusable> {
    match clouds.find(stored) {
        Some(cloud) => Ok(cloud.clone()),
        None if stored.starts_with('{') => Err(Unusable::Typed),
        None => Err(Unusable::Cloud(stored.chars().take(40).collect())),
    }
}

/// What the tokens of an integration's connections, and the secrets of its sign-ins, are sealed for.
///
/// Invariant: they open only for the addresses, the directory and the Client ID they were given for, whoever changed the
/// integration or the settings meanwhile.
pub fn binding_of(clouds: &Clouds, row: &Integration) -> Result<Binding, Unusable> {
    let tenant = Tenant::parse(&row.tenant).map_err(|error| Unusable::Tenant(error.to_string()))?;
    let cloud = cloud_of(clouds, &row.cloud)?;
    let facts = [&cloud.login, &cloud.resource, &cloud.api, tenant.path(), &row.client_id];
    Ok(Binding::of(&facts))
}

/// The usable registration of a stored integration.
pub fn registration_of(vault: &Vault, clouds: &Clouds, row: &Integration) -> Result<Registration, Unusable> {
    let secret = vault
        .open_text(secret_place(&row.id.0, &row.environment_id.0), &row.secret_sealed)
        .map_err(|error| match error {
            OpenError::UnknownKey(id) => Unusable::UnknownKey(id),
            OpenError::Refused => Unusable::Secret,
        })?;
    Ok(Registration {
        integration: row.id.clone(),
        cloud: cloud_of(clouds, &row.cloud)?,
        tenant: Tenant::parse(&row.tenant).map_err(|error| Unusable::Tenant(error.to_string()))?,
        client_id: row.client_id.clone(),
        credential: Credential::Secret(secret),
        scope_override: None,
    })
}
