//! Tiles of dashboards.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports;
use crate::powerbi::reports::id_field;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::content::Dashboard;
use crate::world::content::Tile;
use crate::world::ids::Kind;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (dashboard, _) = rights::dashboard(call, &world, Need::Read)?;
    let items: Vec<_> = dashboard
        .tiles
        .iter()
        .map(|tile| shape(call, dashboard, tile))
        .collect();
    Ok(odata::list(call, "tiles", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (dashboard, _) = rights::dashboard(call, &world, Need::Read)?;
    let tile = find(call, dashboard)?;
    Ok(odata::entity(call, "tiles", shape(call, dashboard, tile)))
}

/// The tile in the path.
pub(super) fn find<'d>(call: &Call, dashboard: &'d Dashboard) -> Result<&'d Tile, Refusal> {
    let id = call.id("tile")?;
    dashboard
        .tiles
        .iter()
        .find(|tile| tile.id == id)
        .ok_or_else(Refusal::not_found)
}

/// One tile as the API shows it.
pub(super) fn shape(call: &Call, dashboard: &Dashboard, tile: &Tile) -> Map<String, Value> {
    let embed = format!(
        "/embed?dashboardId={}&tileId={}&groupId={}",
        dashboard.id, tile.id, dashboard.workspace
    );
    object([
        ("id", tile.id.to_string().into()),
        ("title", tile.title.clone().into()),
        ("rowSpan", tile.row_span.into()),
        ("colSpan", tile.column_span.into()),
        ("embedUrl", call.portal_url(&embed).into()),
        ("embedData", "".into()),
        ("reportId", tile.report.map(|id| id.to_string()).into()),
        ("datasetId", tile.model.map(|id| id.to_string()).into()),
    ])
}

pub(super) fn clone(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let target =
        id_field(&fields, "targetDashboardId")?.ok_or_else(|| Refusal::bad("targetDashboardId is required"))?;
    let aborts = match fields.find_text("positionConflictAction")? {
        None | Some("Tail") => false,
        Some("Abort") => true,
        Some(_) => return Err(Refusal::bad("positionConflictAction must be Tail or Abort")),
    };
    let mut world = call.world();
    let (source, _) = rights::dashboard(call, &world, Need::Read)?;
    let (home, mut tile) = (source.workspace, find(call, source)?.clone());
    let place = source
        .tiles
        .iter()
        .position(|known| known.id == tile.id)
        .unwrap_or_default();
    let home = reports::target_workspace(call, &mut world, &fields, home)?;
    if let Some(id) = id_field(&fields, "targetReportId")? {
        let report = world.report(id).ok_or_else(Refusal::not_found)?;
        rights::judge(world.report_rights(&call.who, report), Need::Read)?;
        tile.report = Some(id);
    }
    if let Some(id) = id_field(&fields, "targetModelId")? {
        tile.model = Some(reports::buildable_model(call, &world, id)?);
    }
    tile.id = world.fresh.id(Kind::Tile);
    let dashboard = world
        .dashboards
        .iter_mut()
        .find(|dashboard| dashboard.id == target && dashboard.workspace == home);
    let dashboard = dashboard.ok_or_else(Refusal::not_found)?;
    if aborts && dashboard.tiles.len() > place {
        return Err(Refusal::Coded {
            status: StatusCode::CONFLICT,
            code: "TilePositionConflict",
            message: Some("the place of the tile is taken".to_owned()),
        });
    }
    dashboard.tiles.push(tile.clone());
    let item = shape(call, dashboard, &tile);
    Ok(odata::entity(call, "tiles", item))
}
