//! Who may join an environment by signing in with Microsoft.

use serde::{Deserialize, Serialize};

use crate::entra::Tenant;

/// The rule of one environment, stored as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admission {
    /// Nobody new joins; people who are here already still sign in.
    pub closed: bool,
    /// Directories (tenant GUIDs) whose people may join, besides the integration's own directory.
    pub tenants: Vec<String>,
    /// Domains whose accounts may join, by the address they sign in with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

impl Admission {
    /// The stored rule; one that cannot be read admits nobody.
    pub fn from_stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(Self {
            closed: true,
            tenants: Vec::new(),
            domains: Vec::new(),
        })
    }

    /// Whether an account of directory `tid` may join through a registration for `tenant`.
    ///
    /// A registration for one directory admits that directory's accounts, its guests among them. One for any
    /// organisation admits only the directories and domains listed. `username` is the name Microsoft signs people in by,
    /// whose domain its directory has proved to own; a guest's is of another directory and counts for nothing.
    pub fn admits(&self, tenant: &Tenant, tid: &str, username: Option<&str>) -> bool {
        let own = match tenant.guid() {
            Some(guid) => guid.eq_ignore_ascii_case(tid),
            // Microsoft itself keeps others out of a sign-in at one directory's own address.
            None => !tenant.is_any_organization(),
        };
        let is_listed = self.tenants.iter().any(|it| it.eq_ignore_ascii_case(tid));
        let member = username.filter(|it| !it.to_ascii_uppercase().contains("#EXT#"));
        !self.closed && (own || is_listed || self.admits_domain_of(member))
    }

    /// Whether the domain of a proved address is listed.
    pub fn admits_domain_of(&self, address: Option<&str>) -> bool {
        let domain = address.and_then(|it| it.rsplit_once('@')).map(|(_, domain)| domain);
        !self.closed && domain.is_some_and(|it| self.domains.iter().any(|listed| listed.eq_ignore_ascii_case(it)))
    }
}
