//! Dashboards, apps, dataflows and imports.

use uuid::Uuid;

use crate::world::access::Grant;
use crate::world::access::Principal;
use crate::world::model::Model;
use crate::world::report::Report;

/// One dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// Id.
    pub id: Uuid,
    /// Workspace it lives in.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// Tiles in order.
    pub tiles: Vec<Tile>,
    /// Whom it was shared with.
    pub grants: Vec<Grant>,
}

/// One tile of a dashboard.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Id.
    pub id: Uuid,
    /// Title.
    pub title: String,
    /// Report it was pinned from.
    pub report: Option<Uuid>,
    /// Semantic model behind it.
    pub model: Option<Uuid>,
    /// Rows covered.
    pub row_span: u32,
    /// Columns covered.
    pub column_span: u32,
}

/// One published app: items of a workspace that its audience may read without a role there.
#[derive(Clone, Debug)]
pub struct App {
    /// Id.
    pub id: Uuid,
    /// Workspace it was published from.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who published it.
    pub published_by: String,
    /// When it was last published.
    pub updated_ms: i64,
    /// Reports in it.
    pub reports: Vec<Uuid>,
    /// Dashboards in it.
    pub dashboards: Vec<Uuid>,
    /// Who may read it besides the workspace's members.
    pub audience: Vec<Principal>,
    /// The audience may also build on the semantic models behind it.
    pub allows_build: bool,
}

/// One dataflow of the first generation.
#[derive(Clone, Debug)]
pub struct Dataflow {
    /// Id.
    pub id: Uuid,
    /// Workspace it lives in.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// What it prepares.
    pub description: String,
    /// Sign-in name of the owner.
    pub configured_by: String,
    /// The whole definition (`model.json`).
    pub definition: serde_json::Value,
    /// Where the data comes from.
    pub source: DataflowSource,
    /// Refresh plan as last set.
    pub schedule: serde_json::Value,
    /// What happened, the newest first.
    pub transactions: Vec<Transaction>,
    /// Dataflows that feed it.
    pub upstream: Vec<Uuid>,
    /// Enhanced compute engine and direct query switches, as last set.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// The data source of a dataflow.
#[derive(Clone, Debug)]
pub struct DataflowSource {
    /// Id of the data source.
    pub id: Uuid,
    /// Gateway it goes through.
    pub gateway: Uuid,
    /// Web address read.
    pub url: String,
}

/// One refresh of a dataflow.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Id, with `@` and `$` in it.
    pub id: String,
    /// `OnDemand` or `Scheduled`.
    pub refresh_type: &'static str,
    /// When it began.
    pub started_ms: i64,
    /// When it ends unless cancelled.
    pub ends_ms: i64,
    /// When it was cancelled.
    pub cancelled_ms: Option<i64>,
}

impl Transaction {
    /// Not finished at `now_ms`.
    pub fn is_running(&self, now_ms: i64) -> bool {
        self.cancelled_ms.is_none() && now_ms < self.ends_ms
    }

    /// Status word and end at `now_ms`.
    pub fn status(&self, now_ms: i64) -> (&'static str, Option<i64>) {
        match self.cancelled_ms {
            Some(at_ms) => ("Cancelled", Some(at_ms)),
            None if now_ms < self.ends_ms => ("InProgress", None),
            None => ("Success", Some(self.ends_ms)),
        }
    }
}

/// One upload on its way to becoming items.
#[derive(Clone)]
pub struct Import {
    /// Id.
    pub id: Uuid,
    /// Workspace it goes to.
    pub workspace: Uuid,
    /// Name of the items, without the file's extension.
    pub name: String,
    /// Where the file was.
    pub origin: ImportOrigin,
    /// When it came.
    pub started_ms: i64,
    /// When it ends.
    pub ends_ms: i64,
    /// Why it fails.
    pub failure: Option<&'static str>,
    /// What it makes when it succeeds; taken out at that moment.
    pub pending: Option<Pending>,
    /// Semantic models made.
    pub models: Vec<Uuid>,
    /// Reports made.
    pub reports: Vec<Uuid>,
    /// Dataflows made.
    pub dataflows: Vec<Uuid>,
}

/// Where the file of an import was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOrigin {
    /// It was sent.
    Upload,
    /// It lies on `OneDrive` for Business.
    OneDrive {
        /// `import`: its tables became a model; `connect`: it is shown as it is.
        connection: &'static str,
    },
}

/// Items an import will make, with the ids of those it replaces.
#[derive(Clone, Default)]
pub struct Pending {
    /// Semantic model.
    pub model: Option<Box<Model>>,
    /// Report.
    pub report: Option<Box<Report>>,
    /// Dataflow.
    pub dataflow: Option<Box<Dataflow>>,
    /// Connected workbook.
    pub workbook: Option<ConnectedWorkbook>,
}

/// A workbook on `OneDrive` that a workspace shows as it is.
#[derive(Clone, Debug)]
pub struct ConnectedWorkbook {
    /// Id; the API has none for workbooks.
    pub id: Uuid,
    /// Workspace that shows it.
    pub workspace: Uuid,
    /// Its name.
    pub name: String,
}

/// One dataflow of the second generation, made from one of the first.
#[derive(Clone, Debug)]
pub struct NativeDataflow {
    /// Id.
    pub id: Uuid,
    /// Workspace it lives in.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// What it prepares.
    pub description: String,
    /// The dataflow it was made from.
    pub origin: Uuid,
    /// Refresh plan, if it was taken along.
    pub schedule: Option<serde_json::Value>,
}
