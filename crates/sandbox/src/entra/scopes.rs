//! Scopes: what a client asks for, read by Entra's rules, and the permissions the two resources have.

use std::collections::BTreeSet;

use crate::entra::bearer::POWER_BI;
use crate::entra::failure::Failure;

const GRAPH: &str = "https://graph.microsoft.com";
const POWER_BI_APP: &str = "00000009-0000-0000-c000-000000000000";
const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";
const FABRIC: &str = "https://api.fabric.microsoft.com";

/// Delegated permissions of the pretend Power BI.
const POWER_BI_PERMISSIONS: &[&str] = &[
    "App.Read.All",
    "Capacity.Read.All",
    "Capacity.ReadWrite.All",
    "Catalog.Read.All",
    "Content.Create",
    "Dashboard.Read.All",
    "Dashboard.ReadWrite.All",
    "Dataflow.Read.All",
    "Dataflow.ReadWrite.All",
    "Dataset.Read.All",
    "Dataset.ReadWrite.All",
    "Gateway.Read.All",
    "Gateway.ReadWrite.All",
    "Item.Read.All",
    "Item.ReadWrite.All",
    "MLModel.Execute.All",
    "OrgApp.Read.All",
    "Pipeline.Deploy",
    "Pipeline.Read.All",
    "Pipeline.ReadWrite.All",
    "Report.Read.All",
    "Report.ReadWrite.All",
    "SemanticModel.Read.All",
    "SemanticModel.ReadWrite.All",
    "StorageAccount.Read.All",
    "StorageAccount.ReadWrite.All",
    "Tenant.Read.All",
    "Tenant.ReadWrite.All",
    "UserState.ReadWrite.All",
    "Workspace.Read.All",
    "Workspace.ReadWrite.All",
];
const GRAPH_PERMISSIONS: &[&str] = &["User.Read", "User.Read.All"];
const ADMIN_ONLY: &[&str] = &["Tenant.Read.All", "Tenant.ReadWrite.All", "User.Read.All"];

/// The ten delegated permissions of a usual Power BI registration.
pub const TEN_PERMISSIONS: &[&str] = &[
    "App.Read.All",
    "Dashboard.Read.All",
    "Dashboard.ReadWrite.All",
    "Dataflow.ReadWrite.All",
    "Dataset.Read.All",
    "Dataset.ReadWrite.All",
    "Report.Read.All",
    "Report.ReadWrite.All",
    "Workspace.Read.All",
    "Workspace.ReadWrite.All",
];

/// An API that tokens can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    PowerBi,
    Graph,
}

/// One delegated permission of one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    pub(crate) resource: Resource,
    pub(crate) name: String,
}

/// What is asked of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Everything the registration lists.
    Default,
    /// Permissions by name.
    Named(BTreeSet<String>),
}

/// A scope parameter, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) openid: bool,
    pub(crate) profile: bool,
    pub(crate) email: bool,
    pub(crate) offline: bool,
    pub(crate) resources: Vec<(Resource, Ask)>,
}

impl Resource {
    /// The resource's address, the prefix of its scopes.
    pub(crate) fn uri(self) -> &'static str {
        match self {
            Resource::PowerBi => POWER_BI,
            Resource::Graph => GRAPH,
        }
    }

    /// The name people know.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Resource::PowerBi => "Power BI Service",
            Resource::Graph => "Microsoft Graph",
        }
    }

    fn read(prefix: &str) -> Option<Resource> {
        match prefix {
            POWER_BI | POWER_BI_APP | FABRIC => Some(Resource::PowerBi),
            GRAPH | GRAPH_APP => Some(Resource::Graph),
            _ => None,
        }
    }

    fn has(self, name: &str) -> bool {
        match self {
            Resource::PowerBi => POWER_BI_PERMISSIONS.contains(&name),
            Resource::Graph => GRAPH_PERMISSIONS.contains(&name),
        }
    }
}

impl Permission {
    /// Reads a permission of a registration: a full address, or a bare name that is sought in both resources.
    pub(crate) fn read(text: &str) -> Option<Permission> {
        let (resource, name) = match text.rsplit_once('/') {
            Some((prefix, name)) => (Resource::read(prefix)?, name),
            None if Resource::Graph.has(text) => (Resource::Graph, text),
            None => (Resource::PowerBi, text),
        };
        resource.has(name).then(|| Permission {
            resource,
            name: name.to_owned(),
        })
    }

    /// Only an administrator may grant it.
    pub(crate) fn is_admin_only(&self) -> bool {
        ADMIN_ONLY.contains(&self.name.as_str())
    }

    /// The full scope text.
    pub(crate) fn scope(&self) -> String {
        format!("{}/{}", self.resource.uri(), self.name)
    }
}

impl Wanted {
    /// Reads a scope parameter. Scopes are separated by spaces; an unprefixed one belongs to Graph.
    pub(crate) fn read(text: &str) -> Result<Wanted, Failure> {
        let mut wanted = Wanted::default();
        for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
            match scope {
                "openid" => wanted.openid = true,
                "profile" => wanted.profile = true,
                "email" => wanted.email = true,
                "offline_access" => wanted.offline = true,
                _ => wanted.add(scope)?,
            }
        }
        Ok(wanted)
    }

    /// The resource a token is for, with what is asked of it; sign-in alone is Graph's.
    pub(crate) fn first(&self) -> (Resource, Ask) {
        self.resources
            .first()
            .cloned()
            .unwrap_or((Resource::Graph, Ask::Named(BTreeSet::new())))
    }

    fn add(&mut self, scope: &str) -> Result<(), Failure> {
        let (prefix, name) = scope.rsplit_once('/').unwrap_or((GRAPH, scope));
        let Some(resource) = Resource::read(prefix) else {
            return Err(Failure::about(500011, format!("resource '{prefix}'")));
        };
        let is_default = name == ".default";
        if !is_default && !resource.has(name) {
            return Err(Failure::about(
                650053,
                format!("scope '{name}' on {}", resource.title()),
            ));
        }
        let asked = self
            .resources
            .iter_mut()
            .find(|(known, _)| *known == resource)
            .map(|(_, ask)| ask);
        match asked {
            None if is_default => self.resources.push((resource, Ask::Default)),
            None => self
                .resources
                .push((resource, Ask::Named(BTreeSet::from([name.to_owned()])))),
            Some(Ask::Default) if is_default => {}
            Some(Ask::Named(names)) if !is_default => {
                names.insert(name.to_owned());
            }
            Some(_) => return Err(Failure::about(70011, "'.default' stands alone, without named scopes")),
        }
        Ok(())
    }
}
