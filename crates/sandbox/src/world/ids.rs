//! Ids of the sandbox: GUIDs in one recognisable range, the same in every run.

use uuid::Uuid;

/// What an id names; it shows in the id's second group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A workspace.
    Workspace = 0x10,
    /// A semantic model.
    Model = 0x11,
    /// A report.
    Report = 0x12,
    /// A dashboard.
    Dashboard = 0x13,
    /// A tile of a dashboard.
    Tile = 0x14,
    /// A published app.
    App = 0x15,
    /// A dataflow.
    Dataflow = 0x16,
    /// An import.
    Import = 0x17,
    /// A capacity.
    Capacity = 0x18,
    /// A data gateway.
    Gateway = 0x19,
    /// A deployment pipeline.
    Pipeline = 0x1a,
    /// A data source.
    Datasource = 0x1b,
    /// A refresh of a semantic model.
    Refresh = 0x1c,
    /// A dataflow storage account.
    Storage = 0x1d,
    /// A deployment of a pipeline.
    Deployment = 0x1e,
    /// A dataflow transaction.
    Transaction = 0x1f,
    /// A profile of a service principal.
    Profile = 0x20,
    /// A scorecard.
    Scorecard = 0x21,
    /// A goal of a scorecard.
    Goal = 0x22,
    /// A note of a check-in.
    Note = 0x23,
    /// A dataflow of the second generation.
    NativeDataflow = 0x24,
    /// A template app.
    TemplateApp = 0x25,
    /// A connected workbook.
    Workbook = 0x26,
    /// A recorded event.
    Event = 0x30,
    /// A metadata scan.
    Scan = 0x31,
    /// An encryption key.
    TenantKey = 0x32,
    /// A subscription.
    Subscription = 0x33,
    /// A sensitivity label.
    Label = 0x34,
}

/// Ids made while the sandbox runs start here, far above the seeded ones.
const FIRST_FRESH: u64 = 0x0000_7000_0000_0000;

/// The id of the seeded thing `number` of a kind.
pub fn seeded(kind: Kind, number: u64) -> Uuid {
    let tail = number.to_be_bytes();
    Uuid::from_fields(
        0x5a4d_b0c5,
        kind as u16,
        0x4000,
        &[0x80, 0x00, tail[2], tail[3], tail[4], tail[5], tail[6], tail[7]],
    )
}

/// Hands out ids that no seeded thing has.
#[derive(Debug, Default)]
pub struct Fresh(u64);

impl Fresh {
    /// The next id of a kind.
    pub fn id(&mut self, kind: Kind) -> Uuid {
        seeded(kind, FIRST_FRESH + self.number())
    }

    /// The next plain number.
    pub fn number(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}
