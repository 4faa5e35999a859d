//! Gateways, deployment pipelines and dataflow storage.

use serde_json::Value;
use uuid::Uuid;

use crate::world::access::Principal;

/// One on-premises data gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Id.
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Display name.
    pub name: String,
    /// Object ids of its administrators.
    pub admins: Vec<String>,
    /// Can it be reached?
    pub online: bool,
    /// The data sources defined on it.
    pub sources: Vec<GatewaySource>,
}

/// One data source defined on a gateway.
#[derive(Clone, Debug)]
pub struct GatewaySource {
    /// Id.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// `Sql`, `Web` …
    pub kind: String,
    /// `connectionDetails` as an object; a gateway shows it as text.
    pub details: Value,
    /// `Windows`, `Basic` …
    pub credential_type: String,
    /// Who may use it.
    pub users: Vec<(Principal, String)>,
}

/// One deployment pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Id.
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Display name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who may deploy.
    pub admins: Vec<Principal>,
    /// The workspace of each stage: development, test, production.
    pub stages: [Option<Uuid>; 3],
    /// Deployments, the newest first.
    pub deployments: Vec<Deployment>,
}

/// One deployment from a stage to its neighbour.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Id.
    pub id: Uuid,
    /// Stage it came from.
    pub from: usize,
    /// Stage it goes to.
    pub to: usize,
    /// When it was asked for.
    pub started_ms: i64,
    /// When it ends.
    pub ends_ms: i64,
    /// Sign-in name of whoever asked.
    pub by: String,
    /// Words left with it.
    pub note: Option<String>,
    /// What is moved.
    pub steps: Vec<Step>,
    /// The copies are in the world.
    pub is_settled: bool,
}

/// One item of a deployment.
#[derive(Clone, Debug)]
pub struct Step {
    /// `DatasetDeployment`, `ReportDeployment` …
    pub kind: &'static str,
    /// Item copied.
    pub source: Uuid,
    /// Its copy.
    pub target: Uuid,
    /// Name of both.
    pub name: String,
    /// The copy did not exist before.
    pub is_new: bool,
}

/// Which copy in one stage came from which item in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Item in the earlier stage.
    pub source: Uuid,
    /// Its copy in the later stage.
    pub target: Uuid,
    /// When it was last deployed.
    pub deployed_ms: i64,
}
