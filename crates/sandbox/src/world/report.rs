//! Reports, their pages, and the export jobs that render them.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::world::access::Grant;

/// One report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Id.
    pub id: Uuid,
    /// Workspace it lives in.
    pub workspace: Uuid,
    /// Display name.
    pub name: String,
    /// What it shows.
    pub description: Option<String>,
    /// Interactive or paginated.
    pub kind: ReportKind,
    /// The semantic model it reads.
    pub model: Option<Uuid>,
    /// Object id of whoever made it.
    pub owner: String,
    /// Whom it was shared with.
    pub grants: Vec<Grant>,
    /// How its exports end.
    pub exports: ExportBehaviour,
    /// The uploaded definition, if it came in as a file.
    pub file: Option<Bytes>,
    /// How much is added to its download; an upload too large to keep stays as this size alone.
    pub padding_bytes: u64,
    /// Rebound to another model since it was published; then it cannot be downloaded.
    pub rebound: bool,
}

/// What sort of report.
#[derive(Clone, Debug)]
pub enum ReportKind {
    /// Interactive (PBIR).
    Interactive {
        /// Pages in order.
        pages: Arc<Vec<Page>>,
    },
    /// Paginated (RDL).
    Paginated {
        /// The DAX table expression it lists, with `@Name` where the values of a parameter go.
        table: String,
        /// What can be asked for.
        parameters: Vec<RdlParameter>,
        /// Server and database its data source points at.
        source: RdlSource,
    },
}

/// The data source of a paginated report.
#[derive(Clone, Debug)]
pub struct RdlSource {
    /// Id of the data source.
    pub id: Uuid,
    /// Gateway it goes through.
    pub gateway: Uuid,
    /// Server address.
    pub server: String,
    /// Database name.
    pub database: String,
}

/// A parameter of a paginated report.
#[derive(Clone, Debug)]
pub struct RdlParameter {
    /// Name.
    pub name: String,
    /// Its values are numbers.
    pub is_number: bool,
    /// Used when nothing is asked for; empty means that a value is needed.
    pub default: Vec<String>,
    /// The values allowed; empty means any.
    pub allowed: Vec<String>,
}

/// One page of an interactive report.
#[derive(Clone, Debug)]
pub struct Page {
    /// Internal name, such as `ReportSection1`.
    pub name: String,
    /// What the tab says.
    pub title: String,
    /// Not shown to readers.
    pub hidden: bool,
    /// Tables shown.
    pub visuals: Vec<Visual>,
}

/// One visual: a title over the rows of a DAX table expression.
#[derive(Clone, Debug)]
pub struct Visual {
    /// Internal name.
    pub name: String,
    /// Title.
    pub title: String,
    /// The DAX table expression whose rows it shows.
    pub table: String,
    /// What comes behind `ORDER BY`.
    pub order_by: Option<String>,
}

/// How export jobs of a report end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportBehaviour {
    /// With a file.
    #[default]
    Works,
    /// The first job fails and is worth a retry; later ones work.
    FailsOnce,
    /// Every job fails for good.
    FailsAlways,
}

/// One export job.
#[derive(Clone, Debug)]
pub struct Export {
    /// Id: Base64 with `=`, `+` and `/` in it.
    pub id: String,
    /// The report rendered.
    pub report: Uuid,
    /// Its name when the job began.
    pub report_name: String,
    /// Object id of whoever asked.
    pub asked_by: String,
    /// When it was asked for.
    pub started_ms: i64,
    /// How long rendering takes.
    pub takes_ms: i64,
    /// Fails, and whether trying again helps.
    pub failure: Option<ExportFailure>,
    /// Content type of the file.
    pub content_type: &'static str,
    /// Extension of the file, with its dot.
    pub extension: &'static str,
    /// The finished file.
    pub file: Bytes,
    /// On which capacity it counts.
    pub capacity: Option<Uuid>,
}

/// Why an export job fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFailure {
    /// Trying again helps.
    Transient,
    /// Trying again is of no use.
    Permanent,
}

/// How far an export job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportState {
    /// Queued.
    NotStarted,
    /// Rendering.
    Running { percent: i64 },
    /// The file is there.
    Succeeded { at_ms: i64 },
    /// No file will come.
    Failed { at_ms: i64, why: ExportFailure },
    /// The file was there and is gone.
    Expired,
}

impl Export {
    /// How long the file stays.
    pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
    const QUEUED_MS: i64 = 500;

    /// How far the job is at `now_ms`.
    pub fn state(&self, now_ms: i64) -> ExportState {
        let passed = now_ms - self.started_ms;
        let end_ms = self.started_ms + self.takes_ms;
        if passed < Self::QUEUED_MS {
            return ExportState::NotStarted;
        }
        if passed < self.takes_ms {
            return ExportState::Running {
                percent: (passed * 100 / self.takes_ms).clamp(1, 99),
            };
        }
        if now_ms >= end_ms + Self::KEPT_MS {
            return ExportState::Expired;
        }
        match self.failure {
            Some(why) => ExportState::Failed { at_ms: end_ms, why },
            None => ExportState::Succeeded { at_ms: end_ms },
        }
    }
}
