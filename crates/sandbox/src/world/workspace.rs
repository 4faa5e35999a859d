//! Workspaces and the capacities they may be on.

use uuid::Uuid;

use crate::world::access::Member;
use crate::world::access::Role;
use crate::world::access::Who;

/// One workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Id (`groupId` in paths).
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Display name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Object id of the only owner, if this is a person's My workspace.
    pub personal_owner: Option<String>,
    /// The capacity it is on; none means shared (Pro).
    pub capacity: Option<Uuid>,
    /// Default storage format of its models: `Small` or `Large`.
    pub storage_format: String,
    /// Dataflow storage account attached.
    pub dataflow_storage: Option<Uuid>,
    /// Who has a role.
    pub members: Vec<Member>,
    /// Deleted, and still restorable by an administrator.
    pub deleted: bool,
    /// The last move onto or off a capacity.
    pub capacity_move: Option<CapacityMove>,
}

/// One move of a workspace onto or off a capacity.
#[derive(Clone, Debug)]
pub struct CapacityMove {
    /// Where to; none means off every capacity.
    pub to: Option<Uuid>,
    /// When it was asked for.
    pub started_ms: i64,
    /// Names the move.
    pub activity_id: Uuid,
}

/// How far a move of a workspace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveState {
    /// Not begun.
    Pending,
    /// Under way.
    InProgress,
    /// Done at that moment.
    Completed { at_ms: i64 },
}

impl CapacityMove {
    const PENDING_MS: i64 = 1_000;
    const TAKES_MS: i64 = 5_000;

    /// How far the move is at `now_ms`.
    pub fn state(&self, now_ms: i64) -> MoveState {
        match now_ms - self.started_ms {
            passed if passed < Self::PENDING_MS => MoveState::Pending,
            passed if passed < Self::TAKES_MS => MoveState::InProgress,
            _ => MoveState::Completed {
                at_ms: self.started_ms + Self::TAKES_MS,
            },
        }
    }
}

impl Workspace {
    /// The strongest role `who` has here.
    pub fn role(&self, who: &Who) -> Option<Role> {
        if self.tid != who.tid || self.deleted {
            return None;
        }
        if let Some(owner) = &self.personal_owner {
            return (*owner == who.oid).then_some(Role::Admin);
        }
        self.members
            .iter()
            .filter(|member| who.is(&member.principal))
            .map(|member| member.role)
            .max()
    }

    /// The capacity it counts as being on at `now_ms`, with a move under way taken into account.
    pub fn capacity_at(&self, now_ms: i64) -> Option<Uuid> {
        match &self.capacity_move {
            Some(moved) if matches!(moved.state(now_ms), MoveState::Completed { .. }) => moved.to,
            _ => self.capacity,
        }
    }
}

/// One capacity.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// Id.
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Display name.
    pub name: String,
    /// Size, such as `F64`.
    pub sku: String,
    /// Azure region.
    pub region: String,
    /// Object ids of its administrators.
    pub admins: Vec<String>,
    /// Its workload switches.
    pub workloads: Vec<Workload>,
}

/// One workload switch of a capacity.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name, such as `Dataflows`.
    pub name: &'static str,
    /// Is it on?
    pub state: WorkloadState,
    /// The share of memory it may take, where it has one.
    pub memory_percentage: Option<i64>,
}

/// Whether a workload runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadState {
    /// On.
    Enabled,
    /// Off.
    Disabled,
    /// The capacity cannot have it.
    Unsupported,
}
