//! From an id in a path to the item, if the caller may have it.

use uuid::Uuid;

use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::access::Rights;
use crate::world::access::Role;
use crate::world::content::Dashboard;
use crate::world::content::Dataflow;
use crate::world::model::Model;
use crate::world::report::Report;

/// What an operation needs on an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Seeing it.
    Read,
    /// Building on it; who lacks this is told that it is not there.
    Build,
    /// Changing it.
    Write,
    /// Changing it and handing it on.
    Share,
}

/// Judges rights: an item nobody may read is not there.
pub(crate) fn judge(rights: Rights, need: Need) -> Result<(), Refusal> {
    match need {
        _ if !rights.read => Err(Refusal::not_found()),
        Need::Build if !rights.explore => Err(Refusal::not_found()),
        Need::Write if !rights.write => Err(Refusal::no_right()),
        Need::Share if !(rights.write && rights.reshare) => Err(Refusal::no_right()),
        _ => Ok(()),
    }
}

/// An item named under a workspace must live there; without one it may live anywhere the caller can see.
fn in_place(call: &Call, world: &World, home: Uuid) -> Result<(), Refusal> {
    match call.group(world)? {
        Some((group, _)) if group != home => Err(Refusal::not_found()),
        _ => Ok(()),
    }
}

/// The semantic model in the path, and what the caller may do with it.
pub(crate) fn model<'w>(call: &Call, world: &'w World, need: Need) -> Result<(&'w Model, Rights), Refusal> {
    call.group(world)?;
    let model = world.model(call.id("dataset")?).ok_or_else(Refusal::not_found)?;
    in_place(call, world, model.workspace)?;
    let rights = world.model_rights(&call.who, model);
    judge(rights, need)?;
    Ok((model, rights))
}

/// The same model, to change it.
pub(crate) fn model_mut<'w>(call: &Call, world: &'w mut World, need: Need) -> Result<&'w mut Model, Refusal> {
    let id = model(call, world, need)?.0.id;
    world.model_mut(id).ok_or_else(Refusal::not_found)
}

/// The report in the path, and what the caller may do with it.
pub(crate) fn report<'w>(call: &Call, world: &'w World, need: Need) -> Result<(&'w Report, Rights), Refusal> {
    call.group(world)?;
    let report = world.report(call.id("report")?).ok_or_else(Refusal::not_found)?;
    in_place(call, world, report.workspace)?;
    let rights = world.report_rights(&call.who, report);
    judge(rights, need)?;
    Ok((report, rights))
}

/// The same report, to change it.
pub(crate) fn report_mut<'w>(call: &Call, world: &'w mut World, need: Need) -> Result<&'w mut Report, Refusal> {
    let id = report(call, world, need)?.0.id;
    world.report_mut(id).ok_or_else(Refusal::not_found)
}

/// The dashboard in the path.
pub(crate) fn dashboard<'w>(call: &Call, world: &'w World, need: Need) -> Result<(&'w Dashboard, Rights), Refusal> {
    call.group(world)?;
    let id = call.id("dashboard")?;
    let dashboard = world
        .dashboards
        .iter()
        .find(|dashboard| dashboard.id == id)
        .ok_or_else(Refusal::not_found)?;
    in_place(call, world, dashboard.workspace)?;
    let rights = world.dashboard_rights(&call.who, dashboard);
    judge(rights, need)?;
    Ok((dashboard, rights))
}

/// The dataflow in the path; only members of its workspace reach it.
pub(crate) fn dataflow<'w>(call: &Call, world: &'w mut World, least: Role) -> Result<&'w mut Dataflow, Refusal> {
    let home = call.home_as(world, least)?;
    let id = call.id("dataflow")?;
    world
        .dataflows
        .iter_mut()
        .find(|dataflow| dataflow.id == id && dataflow.workspace == home)
        .ok_or_else(Refusal::not_found)
}

/// Only the owner changes a model's schedule and parameters.
pub(crate) fn owned<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Model, Refusal> {
    let model = model_mut(call, world, Need::Write)?;
    if model.configured_by.eq_ignore_ascii_case(&owner_name(call)) {
        return Ok(model);
    }
    Err(Refusal::Bare {
        status: http::StatusCode::FORBIDDEN,
        reason: "PowerBINotAuthorizedException",
    })
}

/// What `configuredBy` says when the caller owns something.
pub(crate) fn owner_name(call: &Call) -> String {
    if call.who.app_only {
        call.who.oid.clone()
    } else {
        call.who.upn.clone()
    }
}
