//! Who is asking: a person, through which client, with which scopes, in which environment.

mod ids;
mod names;
mod scope;

pub use ids::{
    ApiKeyId, ApprovalId, ClientId, ConnectionId, EnvironmentId, GrantId, GroupId, IntegrationId, PersonId, PolicyId,
};
pub use names::look_of;
pub use scope::{Scope, ScopeSet};

use std::net::IpAddr;

use crate::clock::Timestamp;

/// What a person may do in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses their own connections.
    Person,
    /// Manages one environment.
    Administrator,
    /// Manages every environment of the gateway.
    Owner,
}

impl Role {
    /// The word stored in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Administrator => "administrator",
            Self::Owner => "owner",
        }
    }

    /// The role of a stored word; an unknown word gives the least role.
    pub fn from_stored(word: &str) -> Self {
        match word {
            "owner" => Self::Owner,
            "administrator" => Self::Administrator,
            _ => Self::Person,
        }
    }

    /// Whether this role may manage an environment.
    pub fn may_manage(self) -> bool {
        self != Self::Person
    }
}

/// Through what the caller speaks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Through {
    /// The portal, in a browser.
    Portal,
    /// An OAuth client of ours, such as Claude, under one grant.
    Client {
        client: ClientId,
        name: String,
        grant: GrantId,
    },
    /// An API key.
    ApiKey { key: ApiKeyId, name: String },
    /// A periodic job of the gateway.
    Job { name: String },
}

impl std::fmt::Display for Through {
    /// The kind stands before the name, so that no name can pass for another kind.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Portal => f.write_str("the portal"),
            Self::Client { name, .. } => write!(f, "client “{name}”"),
            Self::ApiKey { name, .. } => write!(f, "API key “{name}”"),
            Self::Job { name } => write!(f, "job “{name}”"),
        }
    }
}

/// Who is asking, as established by a face; made once per request and passed down.
#[derive(Clone, Debug)]
pub struct Caller {
    pub environment: EnvironmentId,
    pub person: PersonId,
    /// For display and the audit log only; never decides anything.
    pub person_name: String,
    pub role: Role,
    pub groups: Vec<GroupId>,
    pub through: Through,
    /// What the token or key allows; the portal has all of them.
    pub scopes: ScopeSet,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// The peer's address as the gateway saw it.
    pub address: Option<IpAddr>,
    /// Names this request in logs, audit entries and answers.
    pub trace: String,
}
