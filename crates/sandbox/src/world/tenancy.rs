//! What administrators of an organisation keep and see: keys, labels, scans, wide sharing, subscriptions, limits.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::world::access::Principal;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::time;

/// The administrators' side of the world.
#[derive(Default)]
pub struct Tenancy {
    /// Encryption keys customers brought.
    pub keys: Vec<TenantKey>,
    /// Which key a capacity uses, and since when.
    pub capacity_keys: HashMap<Uuid, CapacityKey>,
    /// Sensitivity label of each item that has one.
    pub labels: HashMap<Uuid, Uuid>,
    /// Metadata scans, the newest last.
    pub scans: Vec<Scan>,
    /// What is shared more widely than with named people.
    pub shared: Vec<Shared>,
    /// E-mail subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Log Analytics workspace of each workspace that has one.
    pub log_analytics: HashMap<Uuid, LogAnalytics>,
    /// Who made and changed an item, where that happened while the sandbox ran.
    pub origins: HashMap<Uuid, Origin>,
    /// When something in a workspace last changed, where that happened while the sandbox ran.
    pub changed: HashMap<Uuid, i64>,
    /// Moments of calls that count against a limit: by caller or directory, and operation.
    pub asked: HashMap<(String, &'static str, &'static str), VecDeque<i64>>,
    /// When the seeded world began.
    pub began_ms: i64,
}

/// One encryption key of a directory.
#[derive(Clone, Debug)]
pub struct TenantKey {
    /// Id.
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Name, unique in the directory.
    pub name: String,
    /// Address of the key and its version in the vault.
    pub identifier: String,
    /// New capacities use it.
    pub is_default: bool,
    /// When it was added.
    pub created_ms: i64,
    /// When it was last rotated or changed.
    pub updated_ms: i64,
}

/// A capacity's use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapacityKey {
    /// The key.
    pub key: Uuid,
    /// Since when.
    pub since_ms: i64,
}

impl Tenancy {
    /// How long a capacity takes to encrypt its models with another key, or another version of it.
    const ENCRYPTING_MS: i64 = 60 * time::SECOND_MS;

    /// The key a capacity uses.
    pub fn key_of(&self, capacity: Uuid) -> Option<&TenantKey> {
        let used = self.capacity_keys.get(&capacity)?;
        self.keys.iter().find(|key| key.id == used.key)
    }

    /// Whether the models on a capacity are encrypted with the present version of its key; none without a key.
    pub fn is_in_sync(&self, capacity: Uuid, now_ms: i64) -> Option<bool> {
        let since_ms = self.capacity_keys.get(&capacity)?.since_ms;
        let updated_ms = self.key_of(capacity)?.updated_ms;
        Some(now_ms - since_ms.max(updated_ms) >= Self::ENCRYPTING_MS)
    }
}

/// Who made an item and who changed it last.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Sign-in name of whoever made it; none if the seeded owner did.
    pub created_by: Option<String>,
    /// When it was made; none if it was there at the beginning.
    pub created_ms: Option<i64>,
    /// Sign-in name of whoever changed it last.
    pub modified_by: String,
    /// When.
    pub modified_ms: i64,
}

/// The labels the organisation has published, from the least to the most sensitive.
const LABELS: [&str; 4] = ["Public", "General", "Confidential", "Highly confidential"];

/// The name of a published label.
pub fn label_name(id: Uuid) -> Option<&'static str> {
    let place = (1..).zip(LABELS).find(|(number, _)| seeded(Kind::Label, *number) == id);
    place.map(|(_, name)| name)
}

/// One metadata scan.
#[derive(Clone)]
pub struct Scan {
    /// Id.
    pub id: Uuid,
    /// Directory it looked at.
    pub tid: String,
    /// When it was asked for.
    pub created_ms: i64,
    /// What it found.
    pub result: Arc<Value>,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanState {
    /// Queued.
    NotStarted,
    /// Under way.
    Running,
    /// The result can be had.
    Succeeded,
    /// The result is gone.
    Expired,
}

impl Scan {
    /// How long a result is kept.
    pub const KEPT_MS: i64 = time::DAY_MS;
    const QUEUED_MS: i64 = time::SECOND_MS;
    const TAKES_MS: i64 = 4 * time::SECOND_MS;

    /// How far it is at `now_ms`.
    pub fn state(&self, now_ms: i64) -> ScanState {
        match now_ms - self.created_ms {
            passed if passed < Self::QUEUED_MS => ScanState::NotStarted,
            passed if passed < Self::TAKES_MS => ScanState::Running,
            passed if passed < Self::TAKES_MS + Self::KEPT_MS => ScanState::Succeeded,
            _ => ScanState::Expired,
        }
    }
}

impl ScanState {
    /// The word the service uses.
    pub fn name(self) -> &'static str {
        match self {
            ScanState::NotStarted => "NotStarted",
            ScanState::Running => "Running",
            ScanState::Succeeded | ScanState::Expired => "Succeeded",
        }
    }
}

/// One report that more people than the named ones can open.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The report.
    pub report: Uuid,
    /// How.
    pub reach: Reach,
    /// What it gives: `Read`, `ReadReshare` …
    pub right: &'static str,
    /// Who shared it.
    pub sharer: Principal,
}

/// How widely a report is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A link that works for the whole organisation.
    Organisation,
    /// Published to the web, for anybody.
    Web,
}

/// One e-mail subscription to a report or dashboard.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Id.
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Title of the mail.
    pub title: String,
    /// The report or dashboard.
    pub item: Uuid,
    /// The page sent, where there is one.
    pub page: Option<String>,
    /// Is it on?
    pub enabled: bool,
    /// `Daily`, `Weekly` …
    pub frequency: &'static str,
    /// First day.
    pub start_ms: i64,
    /// Last day.
    pub end_ms: i64,
    /// The full report is attached as this; none attaches nothing.
    pub attachment: Option<&'static str>,
    /// Who gets it.
    pub users: Vec<Principal>,
}

/// The Log Analytics workspace a workspace sends its traces to.
#[derive(Clone, Debug)]
pub struct LogAnalytics {
    /// The object as it was given.
    pub fields: Map<String, Value>,
}
