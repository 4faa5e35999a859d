//! Semantic models and their settings.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::data;
use crate::world::access::Grant;
use crate::world::push::Arrivals;
use crate::world::push::PushTable;
use crate::world::refresh::Refresh;

/// One semantic model.
#[derive(Clone)]
pub struct Model {
    /// Id (`datasetId` in paths).
    pub id: Uuid,
    /// Workspace it lives in.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// What it holds.
    pub description: Option<String>,
    /// Where its rows are.
    pub storage: Storage,
    /// Its tables and rows.
    pub data: Arc<data::Model>,
    /// Sign-in name of the owner, who alone may change schedules and parameters.
    pub configured_by: String,
    /// When it was made.
    pub created_ms: i64,
    /// Rows are filtered by role for people without Write.
    pub has_roles: bool,
    /// Parameters of its queries.
    pub parameters: Vec<Parameter>,
    /// Where the data comes from.
    pub sources: Vec<Source>,
    /// Plan of refreshes.
    pub schedule: Schedule,
    /// Plan of a `DirectQuery` model's tile refreshes.
    pub direct_query_schedule: DirectQuerySchedule,
    /// What happened, the newest first.
    pub refreshes: Vec<Refresh>,
    /// How a refresh goes.
    pub refresh_behaviour: RefreshBehaviour,
    /// To whom it was given directly.
    pub grants: Vec<Grant>,
    /// `Abf` or `PremiumFiles`.
    pub target_storage_mode: String,
    /// Read replicas.
    pub scale_out: ScaleOut,
    /// Dataflows that feed it.
    pub upstream_dataflows: Vec<Uuid>,
}

/// Where a model's rows are.
#[derive(Clone, Debug)]
pub enum Storage {
    /// Copied in by refreshes.
    Import,
    /// Left at the source.
    DirectQuery,
    /// Pushed in over the API.
    Push {
        /// Which of the rows stay.
        kept: Kept,
        /// The tables as declared, with their rows.
        tables: Vec<PushTable>,
        /// How many came lately.
        arrivals: Arrivals,
    },
    /// In Analysis Services, which is asked live.
    Live,
}

/// Which of the rows pushed into a model stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All, up to a limit.
    All,
    /// The newest 200,000 of each table (`basicFIFO`).
    Newest,
    /// None: they stream to dashboards, and no database is behind the model.
    Nothing,
}

/// How refreshes of a model go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshBehaviour {
    /// Completes after that long.
    Completes { takes_ms: i64 },
    /// Fails after that long, with that code and words.
    Fails {
        takes_ms: i64,
        code: &'static str,
        words: &'static str,
    },
}

/// One parameter of a model's queries.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// `Text`, `Number`, `Logical` …
    pub kind: &'static str,
    /// Must have a value.
    pub required: bool,
    /// Value now.
    pub value: String,
    /// Values offered; empty means any.
    pub suggested: Vec<String>,
}

/// One data source of a model.
#[derive(Clone, Debug)]
pub struct Source {
    /// Id.
    pub id: Uuid,
    /// Gateway it goes through.
    pub gateway: Uuid,
    /// `Sql`, `Web` …
    pub kind: &'static str,
    /// `connectionDetails` as an object.
    pub details: Value,
    /// Needs a gateway on premises.
    pub on_premises: bool,
}

/// Plan of a model's refreshes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Weekdays by name.
    pub days: Vec<String>,
    /// Times of day on the half hour.
    pub times: Vec<String>,
    /// Is it on?
    pub enabled: bool,
    /// Windows name of the time zone.
    pub time_zone: String,
    /// `NoNotification` or `MailOnFailure`.
    pub notify: String,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule {
            days: Vec::new(),
            times: Vec::new(),
            enabled: false,
            time_zone: "UTC".to_owned(),
            notify: "MailOnFailure".to_owned(),
        }
    }
}

/// Plan of a `DirectQuery` model: every so many minutes, or at days and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectQuerySchedule {
    /// Minutes between two refreshes.
    pub frequency: Option<i64>,
    /// Weekdays by name.
    pub days: Vec<String>,
    /// Times of day.
    pub times: Vec<String>,
    /// Windows name of the time zone.
    pub time_zone: String,
}

impl Default for DirectQuerySchedule {
    fn default() -> DirectQuerySchedule {
        DirectQuerySchedule {
            frequency: Some(60),
            days: Vec::new(),
            times: Vec::new(),
            time_zone: "UTC".to_owned(),
        }
    }
}

/// Read replicas of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleOut {
    /// Replicas follow by themselves.
    pub auto_sync: bool,
    /// How many; 0 switches them off, -1 leaves the number to the service.
    pub max_replicas: i64,
    /// When they were last brought up to date.
    pub synced_ms: Option<i64>,
}

impl Model {
    /// Can it be refreshed at all?
    pub fn is_refreshable(&self) -> bool {
        matches!(self.storage, Storage::Import | Storage::DirectQuery)
    }

    /// Takes rows over the API.
    pub fn takes_rows(&self) -> bool {
        matches!(self.storage, Storage::Push { .. })
    }

    /// Only passes rows on to dashboards.
    pub fn only_streams(&self) -> bool {
        matches!(
            self.storage,
            Storage::Push {
                kept: Kept::Nothing,
                ..
            }
        )
    }

    /// Needs a gateway on premises for one of its sources.
    pub fn needs_gateway(&self) -> bool {
        self.sources.iter().any(|source| source.on_premises)
    }

    /// The refresh that has not ended at `now_ms`.
    pub fn running_refresh(&self, now_ms: i64) -> Option<&Refresh> {
        self.refreshes.iter().find(|refresh| refresh.is_running(now_ms))
    }
}
