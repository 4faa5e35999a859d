//! Apps: what plain readers have instead of workspaces.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::dashboards;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports;
use crate::powerbi::tiles;
use crate::world::World;
use crate::world::content::App;
use crate::world::content::Dashboard;
use crate::world::time;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    refuse_applications(call)?;
    let world = call.world();
    let items: Vec<_> = world.apps_of(&call.who).map(shape).collect();
    Ok(odata::list(call, "apps", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(odata::entity(call, "apps", shape(find(call, &world)?)))
}

fn refuse_applications(call: &Call) -> Result<(), Refusal> {
    if call.who.app_only {
        Err(Refusal::no_application())
    } else {
        Ok(())
    }
}

/// The app in the path, if the caller may open it.
fn find<'w>(call: &'w Call, world: &'w World) -> Result<&'w App, Refusal> {
    refuse_applications(call)?;
    let id = call.id("app")?;
    world
        .apps_of(&call.who)
        .find(|app| app.id == id)
        .ok_or_else(Refusal::not_found)
}

/// One app as the API shows it.
pub(super) fn shape(app: &App) -> Map<String, Value> {
    object([
        ("id", app.id.to_string().into()),
        ("name", app.name.clone().into()),
        ("description", app.description.clone().into()),
        ("lastUpdate", time::with_ms(app.updated_ms).into()),
        ("publishedBy", app.published_by.clone().into()),
        ("workspaceId", app.workspace.to_string().into()),
    ])
}

/// An item of an app carries the app's id.
fn in_app(app: &App, mut item: Map<String, Value>) -> Map<String, Value> {
    item.insert("appId".to_owned(), app.id.to_string().into());
    item
}

pub(super) fn reports(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let app = find(call, &world)?;
    let items: Vec<_> = app
        .reports
        .iter()
        .filter_map(|id| world.report(*id))
        .map(|report| in_app(app, reports::shape(call, report)))
        .collect();
    Ok(odata::list(call, "reports", items))
}

pub(super) fn report(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("report")?;
    let world = call.world();
    let app = find(call, &world)?;
    let report = world
        .report(id)
        .filter(|_| app.reports.contains(&id))
        .ok_or_else(Refusal::not_found)?;
    Ok(odata::entity(
        call,
        "reports",
        in_app(app, reports::shape(call, report)),
    ))
}

pub(super) fn dashboards(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let app = find(call, &world)?;
    let held = world
        .dashboards
        .iter()
        .filter(|dashboard| app.dashboards.contains(&dashboard.id));
    let items: Vec<_> = held
        .map(|dashboard| in_app(app, dashboards::shape(call, dashboard, true)))
        .collect();
    Ok(odata::list(call, "dashboards", items))
}

pub(super) fn dashboard(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let app = find(call, &world)?;
    let dashboard = dashboard_in(call, &world, app)?;
    Ok(odata::entity(
        call,
        "dashboards",
        in_app(app, dashboards::shape(call, dashboard, true)),
    ))
}

fn dashboard_in<'w>(call: &Call, world: &'w World, app: &App) -> Result<&'w Dashboard, Refusal> {
    let id = call.id("dashboard")?;
    let held = |dashboard: &&Dashboard| dashboard.id == id && app.dashboards.contains(&id);
    world.dashboards.iter().find(held).ok_or_else(Refusal::not_found)
}

pub(super) fn tiles(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let dashboard = dashboard_in(call, &world, find(call, &world)?)?;
    let items: Vec<_> = dashboard
        .tiles
        .iter()
        .map(|tile| tiles::shape(call, dashboard, tile))
        .collect();
    Ok(odata::list(call, "tiles", items))
}

pub(super) fn tile(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let dashboard = dashboard_in(call, &world, find(call, &world)?)?;
    Ok(odata::entity(
        call,
        "tiles",
        tiles::shape(call, dashboard, tiles::find(call, dashboard)?),
    ))
}
