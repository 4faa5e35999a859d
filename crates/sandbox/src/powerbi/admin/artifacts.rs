//! Items of the whole organisation, or of one workspace.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::admin::origin;
use crate::powerbi::answer::Answer;
use crate::powerbi::apps;
use crate::powerbi::call::Call;
use crate::powerbi::dashboards;
use crate::powerbi::dataflows;
use crate::powerbi::datasets;
use crate::powerbi::imports;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports;
use crate::powerbi::sources;
use crate::powerbi::tiles;
use crate::world::World;
use crate::world::access::Rights;
use crate::world::content::Dashboard;
use crate::world::content::Dataflow;
use crate::world::model::Model;
use crate::world::report::Report;

/// Does a workspace belong to the caller's organisation, and still exist?
pub(super) fn is_here(call: &Call, world: &World, home: Uuid) -> bool {
    world.workspace(home).is_some_and(|home| home.tid == call.who.tid)
}

/// The workspace in the path, where there is one.
fn home(call: &Call, world: &World) -> Result<Option<Uuid>, Refusal> {
    if call.text("workspace").is_empty() {
        return Ok(None);
    }
    let id = call.id("workspace")?;
    if is_here(call, world, id) {
        Ok(Some(id))
    } else {
        Err(Refusal::not_found())
    }
}

/// Is an item of that workspace asked for?
fn is_wanted(call: &Call, world: &World, home: Option<Uuid>, of: Uuid) -> bool {
    match home {
        Some(home) => home == of,
        None => is_here(call, world, of),
    }
}

pub(super) fn report<'w>(call: &Call, world: &'w World) -> Result<&'w Report, Refusal> {
    let found = world.report(call.id("report")?);
    found
        .filter(|report| is_here(call, world, report.workspace))
        .ok_or_else(Refusal::not_found)
}

pub(super) fn model<'w>(call: &Call, world: &'w World) -> Result<&'w Model, Refusal> {
    let found = world.model(call.id("dataset")?);
    found
        .filter(|model| is_here(call, world, model.workspace))
        .ok_or_else(Refusal::not_found)
}

pub(super) fn dashboard<'w>(call: &Call, world: &'w World) -> Result<&'w Dashboard, Refusal> {
    let id = call.id("dashboard")?;
    let found = world.dashboards.iter().find(|board| board.id == id);
    found
        .filter(|board| is_here(call, world, board.workspace))
        .ok_or_else(Refusal::not_found)
}

pub(super) fn dataflow<'w>(call: &Call, world: &'w World) -> Result<&'w Dataflow, Refusal> {
    let id = call.id("dataflow")?;
    let home = home(call, world)?;
    let found = world.dataflows.iter().find(|flow| flow.id == id);
    found
        .filter(|flow| is_wanted(call, world, home, flow.workspace))
        .ok_or_else(Refusal::not_found)
}

/// Adds what only administrators see of an item: its workspace and its label.
fn for_administrators(world: &World, mut item: Map<String, Value>, id: Uuid, home: Uuid) -> Map<String, Value> {
    item.insert("workspaceId".to_owned(), home.to_string().into());
    if let Some(label) = world.tenancy.labels.get(&id) {
        item.insert("sensitivityLabel".to_owned(), json!({"labelId": label}));
    }
    item
}

pub(super) fn report_shape(call: &Call, world: &World, report: &Report) -> Map<String, Value> {
    let mut item = reports::shape(call, report);
    item.extend(origin::of_report(world, &call.who.tid, report));
    for_administrators(world, item, report.id, report.workspace)
}

pub(super) fn dashboard_shape(call: &Call, world: &World, board: &Dashboard) -> Map<String, Value> {
    let item = dashboards::shape(call, board, false);
    for_administrators(world, item, board.id, board.workspace)
}

pub(super) fn model_shape(call: &Call, world: &World, model: &Model) -> Map<String, Value> {
    let mut item = datasets::shape(call, model, Rights::ALL);
    item.insert("isInPlaceSharingEnabled".to_owned(), false.into());
    for_administrators(world, item, model.id, model.workspace)
}

pub(super) fn dataflow_shape(world: &World, flow: &Dataflow) -> Map<String, Value> {
    for_administrators(world, dataflows::shape(flow), flow.id, flow.workspace)
}

pub(in crate::powerbi) fn reports(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = home(call, &world)?;
    let found = world.reports.iter();
    let items = found
        .filter(|report| is_wanted(call, &world, home, report.workspace))
        .map(|report| report_shape(call, &world, report));
    admin::page(call, "reports", items.collect())
}

pub(in crate::powerbi) fn dashboards(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = home(call, &world)?;
    let found = world.dashboards.iter();
    let items = found
        .filter(|board| is_wanted(call, &world, home, board.workspace))
        .map(|board| {
            let mut item = dashboard_shape(call, &world, board);
            if admin::expands(call, "tiles") {
                item.insert("tiles".to_owned(), tile_shapes(call, board).into());
            }
            item
        });
    admin::page(call, "dashboards", items.collect())
}

fn tile_shapes(call: &Call, board: &Dashboard) -> Vec<Value> {
    let tiles = board.tiles.iter();
    tiles
        .map(|tile| Value::Object(tiles::shape(call, board, tile)))
        .collect()
}

pub(in crate::powerbi) fn tiles(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let board = dashboard(call, &world)?;
    let items = board.tiles.iter().map(|tile| tiles::shape(call, board, tile));
    Ok(admin::list("tiles", items))
}

pub(in crate::powerbi) fn models(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = home(call, &world)?;
    let with_encryption = home.is_some() && admin::expands(call, "encryption");
    let found = world.models.iter();
    let items = found
        .filter(|model| is_wanted(call, &world, home, model.workspace))
        .map(|model| {
            let mut item = model_shape(call, &world, model);
            if with_encryption {
                item.insert("encryption".to_owned(), encryption(call, &world, model));
            }
            item
        });
    admin::page(call, "datasets", items.collect())
}

/// How a model is encrypted follows from the key of its workspace's capacity.
fn encryption(call: &Call, world: &World, model: &Model) -> Value {
    let capacity = world.capacity_of(model.workspace, call.now_ms);
    let in_sync = capacity.and_then(|capacity| world.tenancy.is_in_sync(capacity.id, call.now_ms));
    let status = match in_sync {
        None => "NotSupported",
        Some(true) => "InSyncWithWorkspace",
        Some(false) => "NotInSyncWithWorkspace",
    };
    json!({"id": model.id, "encryptionStatus": status})
}

pub(in crate::powerbi) fn model_sources(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let model = model(call, &world)?;
    Ok(admin::list(
        "datasources",
        model.sources.iter().map(sources::source_shape),
    ))
}

pub(in crate::powerbi) fn upstream_of_models(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = home(call, &world)?.ok_or_else(Refusal::not_found)?;
    Ok(admin::list("upstreamDataflows", datasets::links(&world, home)))
}

pub(in crate::powerbi) fn dataflows(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = home(call, &world)?;
    let found = world.dataflows.iter();
    let items = found
        .filter(|flow| is_wanted(call, &world, home, flow.workspace))
        .map(|flow| dataflow_shape(&world, flow));
    admin::page(call, "dataflows", items.collect())
}

pub(in crate::powerbi) fn dataflow_export(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(dataflows::file(dataflow(call, &world)?))
}

pub(in crate::powerbi) fn dataflow_sources(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let flow = dataflow(call, &world)?;
    Ok(admin::list("datasources", [dataflows::source_shape(flow)]))
}

pub(in crate::powerbi) fn upstream_of_dataflow(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let flow = dataflow(call, &world)?;
    Ok(admin::list(
        "upstreamDataflows",
        dataflows::upstream_shapes(&world, flow),
    ))
}

pub(in crate::powerbi) fn imports(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let found = world.imports.iter();
    let items = found
        .filter(|import| is_here(call, &world, import.workspace))
        .map(|import| imports::shape(call, &world, import));
    admin::page(call, "imports", items.collect())
}

pub(in crate::powerbi) fn apps(call: &Call) -> Result<Answer, Refusal> {
    admin::required_top(call, usize::MAX)?;
    let world = call.world();
    let found = world.apps.iter();
    let items = found
        .filter(|app| is_here(call, &world, app.workspace))
        .map(apps::shape);
    admin::page(call, "apps", items.collect())
}
