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
}

impl Admission {
    /// The stored rule; one that cannot be read admits nobody.
    pub fn from_stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(Self {
            closed: true,
            tenants: Vec::new(),
        })
    }

    /// Whether an account of directory `tid` may join through a registration for `tenant`.
    ///
    /// A registration for one directory admits that directory's accounts, its guests among them. One for any
    /// organisation admits only the directories listed.
    pub fn admits(&self, tenant: &Tenant, tid: &str) -> bool {
        let own = match tenant.guid() {
            Some(guid) => guid.eq_ignore_ascii_case(tid),
            // Microsoft itself keeps others out of a sign-in at one directory's own address.
            None => !tenant.is_any_organization(),
        };
        !self.closed && (own || self.tenants.iter().any(|it| it.eq_ignore_ascii_case(tid)))
    }
}
