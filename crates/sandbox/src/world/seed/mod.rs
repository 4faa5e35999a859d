//! What the world holds when it begins: two organisations whose items reach the edges of the API.

mod archive;
mod finance;
mod goals;
mod infrastructure;
mod marketing;
mod offices;
mod pages;
mod sales;
mod tenancy;

use std::sync::Arc;

use uuid::Uuid;

use crate::data;
use crate::people;
use crate::world::World;
use crate::world::access::Grant;
use crate::world::access::Member;
use crate::world::access::Principal;
use crate::world::access::Rights;
use crate::world::access::Role;
use crate::world::access::Who;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::model::DirectQuerySchedule;
use crate::world::model::Model;
use crate::world::model::RefreshBehaviour;
use crate::world::model::ScaleOut;
use crate::world::model::Schedule;
use crate::world::model::Storage;
use crate::world::refresh::Attempt;
use crate::world::refresh::AttemptEnd;
use crate::world::refresh::Refresh;
use crate::world::refresh::Via;
use crate::world::report::ExportBehaviour;
use crate::world::report::Page;
use crate::world::report::Report;
use crate::world::report::ReportKind;
use crate::world::time::DAY_MS;
use crate::world::time::SECOND_MS;
use crate::world::workspace::Workspace;

/// How long an ordinary refresh takes.
pub(crate) const QUICK_MS: i64 = 4 * SECOND_MS;

/// The seeded world as it stands at `now_ms`.
pub(super) fn world(now_ms: i64) -> World {
    let mut world = World::default();
    infrastructure::seed(&mut world);
    sales::seed(&mut world, now_ms);
    finance::seed(&mut world, now_ms);
    marketing::seed(&mut world, now_ms);
    archive::seed(&mut world, now_ms);
    offices::seed(&mut world, now_ms);
    goals::seed(&mut world, now_ms);
    tenancy::seed(&mut world, now_ms);
    world
}

/// An empty workspace of Contoso.
fn workspace(number: u64, name: &str, capacity: Option<Uuid>, members: Vec<Member>) -> Workspace {
    Workspace {
        id: seeded(Kind::Workspace, number),
        tid: people::CONTOSO.to_owned(),
        name: name.to_owned(),
        description: None,
        personal_owner: None,
        capacity,
        storage_format: "Small".to_owned(),
        dataflow_storage: None,
        members,
        deleted: false,
        capacity_move: None,
    }
}

/// A person's My workspace.
pub(super) fn personal(id: Uuid, who: &Who) -> Workspace {
    let name = format!("PersonalWorkspace {}", who.upn);
    Workspace {
        id,
        tid: who.tid.clone(),
        name,
        personal_owner: Some(who.oid.clone()),
        ..workspace(0, "", None, Vec::new())
    }
}

fn person(oid: &str, role: Role) -> Member {
    Member {
        principal: Principal::person(people::CONTOSO, oid),
        role,
    }
}

fn build_for(oid: &str) -> Vec<Grant> {
    vec![Grant {
        principal: Principal::person(people::CONTOSO, oid),
        rights: Rights::READ_EXPLORE,
    }]
}

/// An import model of Bo's with the seeded rows of that name.
fn model(number: u64, home: &Workspace, name: &str, rows_of: &str, now_ms: i64) -> Model {
    let data = data::seed(rows_of).unwrap_or_default();
    Model {
        id: seeded(Kind::Model, number),
        workspace: home.id,
        name: name.to_owned(),
        description: None,
        storage: Storage::Import,
        has_roles: !data.roles.is_empty(),
        data,
        configured_by: "bo@contoso.test".to_owned(),
        created_ms: now_ms - (100 + i64::try_from(number).unwrap_or_default()) * DAY_MS,
        parameters: Vec::new(),
        sources: Vec::new(),
        schedule: Schedule::default(),
        direct_query_schedule: DirectQuerySchedule::default(),
        refreshes: history(number, now_ms),
        refresh_behaviour: RefreshBehaviour::Completes { takes_ms: QUICK_MS },
        grants: Vec::new(),
        target_storage_mode: "Abf".to_owned(),
        scale_out: ScaleOut {
            auto_sync: true,
            max_replicas: 0,
            synced_ms: None,
        },
        upstream_dataflows: Vec::new(),
    }
}

/// Three good nights of planned refreshes.
fn history(model: u64, now_ms: i64) -> Vec<Refresh> {
    let night = |ago: i64| {
        let started_ms = (now_ms / DAY_MS - ago) * DAY_MS + 5 * 60 * 60 * SECOND_MS;
        let number = model * 100 + u64::try_from(ago).unwrap_or_default();
        Refresh {
            id: seeded(Kind::Refresh, number),
            number,
            via: Via::Scheduled,
            started_ms,
            attempts: vec![Attempt {
                ends_ms: started_ms + 95 * SECOND_MS,
                end: AttemptEnd::Completed,
            }],
            cancelled_ms: None,
            enhanced: None,
        }
    };
    // Two days back at the least, so that none of them counts against today's quota.
    (2..5).map(night).collect()
}

/// An interactive report of Bo's.
fn report(number: u64, home: &Workspace, name: &str, model: Uuid, pages: Arc<Vec<Page>>) -> Report {
    Report {
        id: seeded(Kind::Report, number),
        workspace: home.id,
        name: name.to_owned(),
        description: None,
        kind: ReportKind::Interactive { pages },
        model: Some(model),
        owner: people::BO.to_owned(),
        grants: Vec::new(),
        exports: ExportBehaviour::Works,
        file: None,
        padding_bytes: 0,
        rebound: false,
    }
}
