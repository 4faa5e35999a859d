//! The tenant part of an address: one directory, or one of the shared endpoints.

use uuid::Uuid;

use crate::entra::Directory;
use crate::entra::failure::Failure;
use crate::people::CONSUMERS;
use crate::people::Tenant;

/// What the first segment of an Entra address means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TenantPath {
    /// Work, school and personal accounts.
    Common,
    /// Work and school accounts of any directory.
    Organizations,
    /// Personal accounts.
    Consumers,
    /// One directory, by its id.
    One(String),
}

impl TenantPath {
    /// Reads the segment; a directory may be named by id or by domain.
    pub(crate) fn read(directory: &Directory, segment: &str) -> Result<TenantPath, Failure> {
        match segment.to_ascii_lowercase().as_str() {
            "common" => return Ok(TenantPath::Common),
            "organizations" => return Ok(TenantPath::Organizations),
            "consumers" | CONSUMERS => return Ok(TenantPath::Consumers),
            _ => {}
        }
        if let Some(tenant) = directory.tenant(segment) {
            return Ok(TenantPath::One(tenant.tid.clone()));
        }
        let well_formed = Uuid::parse_str(segment).is_ok() || is_domain(segment);
        Err(Failure::about(
            if well_formed { 90002 } else { 900023 },
            format!("tenant '{}'", shortened(segment)),
        ))
    }

    /// The directory, if exactly one is meant.
    pub(crate) fn one(&self) -> Option<&str> {
        match self {
            TenantPath::One(tid) => Some(tid),
            _ => None,
        }
    }

    /// The issuer's tenant part: the template where many directories are served.
    pub(crate) fn issuer_part(&self) -> &str {
        match self {
            TenantPath::Common | TenantPath::Organizations => "{tenantid}",
            TenantPath::Consumers => CONSUMERS,
            TenantPath::One(tid) => tid,
        }
    }
}

impl Directory {
    /// The tenant of this id or domain.
    pub(crate) fn tenant(&self, id_or_domain: &str) -> Option<&Tenant> {
        let wanted = id_or_domain.to_ascii_lowercase();
        self.tenants
            .iter()
            .find(|tenant| tenant.tid == wanted || tenant.domains.contains(&wanted))
    }
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}
