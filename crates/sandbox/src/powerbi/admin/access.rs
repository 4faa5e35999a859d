//! Who can reach one item: members of its workspace, named people, the audience of apps.

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::admin::artifacts;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::access::Grant;
use crate::world::access::Principal;
use crate::world::access::Rights;
use crate::world::access::Role;
use crate::world::content::App;
use crate::world::content::Dashboard;
use crate::world::content::Dataflow;
use crate::world::model::Model;
use crate::world::report::Report;
use crate::world::workspace::Capacity;
use crate::world::workspace::Workspace;

/// Somebody who can reach an item.
pub(super) struct Holder {
    principal: Principal,
    rights: Rights,
    owns: bool,
}

impl Holder {
    fn word(&self) -> &'static str {
        word(self.rights, self.owns)
    }
}

/// The word for what somebody may do with a report, dashboard or dataflow.
pub(super) fn word(rights: Rights, owns: bool) -> &'static str {
    match rights {
        _ if owns => "Owner",
        rights if rights.write => "ReadWrite",
        rights if rights.reshare => "ReadReshare",
        rights if rights.read => "Read",
        _ => "None",
    }
}

/// One principal as the administrators' lists show it.
pub(super) fn principal(principal: &Principal) -> Map<String, Value> {
    let is_person = matches!(principal, Principal::User { .. });
    let kind = if principal.identifier().contains("#EXT#") {
        "Guest"
    } else {
        "Member"
    };
    object([
        ("displayName", principal.name().into()),
        (
            "emailAddress",
            is_person.then(|| principal.identifier().to_owned()).into(),
        ),
        ("identifier", principal.identifier().into()),
        ("graphId", principal.oid().into()),
        ("principalType", principal.kind().into()),
        ("userType", is_person.then_some(kind).into()),
    ])
}

/// The same, with a right in a field of that name.
pub(super) fn user(of: &Principal, field: &'static str, right: &str) -> Map<String, Value> {
    let mut shape = principal(of);
    shape.insert(field.to_owned(), right.into());
    shape
}

/// Everybody with a role in a workspace; My workspace has its owner alone.
pub(super) fn members(home: &Workspace) -> Vec<(Principal, Role)> {
    match &home.personal_owner {
        Some(owner) => vec![(Principal::person(&home.tid, owner), Role::Admin)],
        None => home
            .members
            .iter()
            .map(|member| (member.principal.clone(), member.role))
            .collect(),
    }
}

/// Everybody who can reach an item of a workspace.
fn holders(world: &World, home: Uuid, grants: &[Grant], owner: &str, audience: Vec<Grant>) -> Vec<Holder> {
    let mut all: Vec<Holder> = Vec::new();
    let mut add = |principal: &Principal, rights: Rights, owns: bool| match all
        .iter_mut()
        .find(|known| known.principal.oid() == principal.oid())
    {
        Some(known) => {
            known.rights = known.rights.and(rights);
            known.owns |= owns;
        }
        None => all.push(Holder {
            principal: principal.clone(),
            rights,
            owns,
        }),
    };
    for (principal, role) in world.workspace(home).map(members).unwrap_or_default() {
        let owns = role == Role::Admin || principal.is_named(owner);
        add(&principal, role.rights(), owns);
    }
    for grant in grants.iter().chain(&audience) {
        add(&grant.principal, grant.rights, false);
    }
    all
}

/// What the audience of the apps that hold an item may do with it.
fn audience(world: &World, holds: impl Fn(&App) -> bool, build: bool) -> Vec<Grant> {
    let grants = world.apps.iter().filter(|app| holds(app)).flat_map(|app| {
        let rights = if build && app.allows_build {
            Rights::READ_EXPLORE
        } else {
            Rights::READ
        };
        app.audience.iter().map(move |principal| Grant {
            principal: principal.clone(),
            rights,
        })
    });
    grants.collect()
}

pub(super) fn report_users(world: &World, report: &Report) -> Vec<Map<String, Value>> {
    let audience = audience(world, |app| app.reports.contains(&report.id), false);
    holders(world, report.workspace, &report.grants, &report.owner, audience)
        .iter()
        .map(|holder| user(&holder.principal, "reportUserAccessRight", holder.word()))
        .collect()
}

pub(super) fn dashboard_users(world: &World, board: &Dashboard) -> Vec<Map<String, Value>> {
    let audience = audience(world, |app| app.dashboards.contains(&board.id), false);
    holders(world, board.workspace, &board.grants, "", audience)
        .iter()
        .map(|holder| user(&holder.principal, "dashboardUserAccessRight", holder.word()))
        .collect()
}

pub(super) fn model_users(world: &World, model: &Model) -> Vec<Map<String, Value>> {
    let reads = |report: &Uuid| {
        world
            .report(*report)
            .is_some_and(|report| report.model == Some(model.id))
    };
    let audience = audience(world, |app| app.reports.iter().any(reads), true);
    holders(world, model.workspace, &model.grants, "", audience)
        .iter()
        .map(|holder| user(&holder.principal, "datasetUserAccessRight", &holder.rights.name()))
        .collect()
}

pub(super) fn dataflow_users(world: &World, flow: &Dataflow) -> Vec<Map<String, Value>> {
    holders(world, flow.workspace, &[], &flow.configured_by, Vec::new())
        .iter()
        .map(|holder| user(&holder.principal, "dataflowUserAccessRight", holder.word()))
        .collect()
}

/// Members of the workspace an app was published from, and its audience.
fn app_users(world: &World, app: &App) -> Vec<Map<String, Value>> {
    let audience = audience(world, |known| known.id == app.id, true);
    holders(world, app.workspace, &[], "", audience)
        .iter()
        .map(|holder| user(&holder.principal, "appUserAccessRight", &holder.rights.name()))
        .collect()
}

/// Administrators of a capacity, and whoever manages a workspace on it and may thus assign others.
fn capacity_users(call: &Call, world: &World, capacity: &Capacity) -> Vec<Map<String, Value>> {
    let admins = capacity.admins.iter().map(|oid| Principal::person(&capacity.tid, oid));
    let mut all: Vec<(Principal, &str)> = admins.map(|admin| (admin, "Admin")).collect();
    let on_it = world
        .workspaces
        .iter()
        .filter(|home| !home.deleted && home.capacity_at(call.now_ms) == Some(capacity.id));
    for (principal, role) in on_it.flat_map(members) {
        if role >= Role::Member && all.iter().all(|(known, _)| known.oid() != principal.oid()) {
            all.push((principal, "Assign"));
        }
    }
    all.iter()
        .map(|(principal, right)| user(principal, "capacityUserAccessRight", right))
        .collect()
}

pub(in crate::powerbi) fn of_report(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(admin::list(
        "users",
        report_users(&world, artifacts::report(call, &world)?),
    ))
}

pub(in crate::powerbi) fn of_dashboard(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(admin::list(
        "users",
        dashboard_users(&world, artifacts::dashboard(call, &world)?),
    ))
}

pub(in crate::powerbi) fn of_model(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(admin::list(
        "users",
        model_users(&world, artifacts::model(call, &world)?),
    ))
}

pub(in crate::powerbi) fn of_dataflow(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(admin::list(
        "users",
        dataflow_users(&world, artifacts::dataflow(call, &world)?),
    ))
}

pub(in crate::powerbi) fn of_app(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("app")?;
    let world = call.world();
    let app = world
        .apps
        .iter()
        .find(|app| app.id == id && artifacts::is_here(call, &world, app.workspace))
        .ok_or_else(Refusal::not_found)?;
    Ok(admin::list("users", app_users(&world, app)))
}

pub(in crate::powerbi) fn of_capacity(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("capacity")?;
    let world = call.world();
    let capacity = world
        .capacities
        .iter()
        .find(|known| known.id == id && known.tid == call.who.tid)
        .ok_or_else(Refusal::not_found)?;
    Ok(admin::list("users", capacity_users(call, &world, capacity)))
}
