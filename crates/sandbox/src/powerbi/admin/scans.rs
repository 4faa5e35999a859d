//! The scanner: metadata of many workspaces, gathered in the background.

use std::sync::Arc;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::admin::scan_items;
use crate::powerbi::admin::scan_items::Details;
use crate::powerbi::answer::Answer;
use crate::powerbi::answer::JSON;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::ids::Kind;
use crate::world::tenancy::Scan;
use crate::world::tenancy::ScanState;
use crate::world::time;
use crate::world::workspace::Workspace;

/// Workspaces one scan may look at.
const MOST_WORKSPACES: usize = 100;
/// Scans that may be under way at once.
const MOST_AT_ONCE: usize = 16;
/// `modifiedSince` must lie this far back, and not further.
const LATEST_AGO_MS: i64 = 30 * time::MINUTE_MS;
const EARLIEST_AGO_MS: i64 = 30 * time::DAY_MS;

pub(in crate::powerbi) fn start(call: &Call) -> Result<Answer, Refusal> {
    let details = Details {
        lineage: admin::flag(call, "lineage")?,
        sources: admin::flag(call, "datasourceDetails")?,
        schema: admin::flag(call, "datasetSchema")?,
        expressions: admin::flag(call, "datasetExpressions")?,
        users: admin::flag(call, "getArtifactUsers")?,
    };
    let wanted = wanted(call)?;
    let mut world = call.world();
    let now_ms = call.now_ms;
    world
        .tenancy
        .scans
        .retain(|scan| scan.state(now_ms) != ScanState::Expired);
    let under_way = |scan: &&Scan| {
        let state = scan.state(now_ms);
        scan.tid == call.who.tid && matches!(state, ScanState::NotStarted | ScanState::Running)
    };
    if world.tenancy.scans.iter().filter(under_way).count() >= MOST_AT_ONCE {
        return Err(admin::too_often(5));
    }
    let scan = Scan {
        id: world.fresh.id(Kind::Scan),
        tid: call.who.tid.clone(),
        created_ms: now_ms,
        result: Arc::new(scan_items::result(call, &world, &wanted, details)),
    };
    let item = shape(&scan, now_ms);
    let status = call.own_url(&format!("/admin/workspaces/scanStatus/{}", scan.id));
    world.tenancy.scans.push(scan);
    Ok(Answer::json(&Value::Object(item))
        .status(StatusCode::ACCEPTED)
        .location(status))
}

fn wanted(call: &Call) -> Result<Vec<Uuid>, Refusal> {
    let texts = call.fields()?.find_texts("workspaces")?.unwrap_or_default();
    if texts.is_empty() || texts.len() > MOST_WORKSPACES {
        return Err(Refusal::bad(format!(
            "workspaces must name 1 to {MOST_WORKSPACES} workspaces"
        )));
    }
    let id = |text: &String| {
        Uuid::try_parse(text).map_err(|_| Refusal::bad(format!("workspaces must hold GUIDs, not {text:?}")))
    };
    let mut ids: Vec<Uuid> = texts.iter().map(id).collect::<Result<_, _>>()?;
    let mut seen = Vec::new();
    ids.retain(|id| {
        let is_new = !seen.contains(id);
        seen.push(*id);
        is_new
    });
    Ok(ids)
}

fn shape(scan: &Scan, now_ms: i64) -> Map<String, Value> {
    object([
        ("id", scan.id.to_string().into()),
        ("createdDateTime", time::with_ticks(scan.created_ms).into()),
        ("status", scan.state(now_ms).name().into()),
    ])
}

/// The scan in the path, as long as it is kept.
fn find<'w>(call: &Call, world: &'w World) -> Result<&'w Scan, Refusal> {
    let id = call.id("scan")?;
    let found = world.tenancy.scans.iter().find(|scan| scan.id == id);
    found
        .filter(|scan| scan.tid == call.who.tid && scan.state(call.now_ms) != ScanState::Expired)
        .ok_or_else(Refusal::not_found)
}

pub(in crate::powerbi) fn status(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(Answer::json(&Value::Object(shape(find(call, &world)?, call.now_ms))))
}

pub(in crate::powerbi) fn result(call: &Call) -> Result<Answer, Refusal> {
    let result = {
        let world = call.world();
        let scan = find(call, &world)?;
        if scan.state(call.now_ms) != ScanState::Succeeded {
            return Err(Refusal::bad("the scan has not ended yet; ask for its status"));
        }
        scan.result.clone()
    };
    Ok(Answer::json(&result))
}

/// Workspaces that changed since a moment, or all of them; the service answers with a bare array.
pub(in crate::powerbi) fn modified(call: &Call) -> Result<Answer, Refusal> {
    let since_ms = since(call)?;
    let without_personal = admin::flag(call, "excludePersonalWorkspaces")?;
    let without_inactive = admin::flag(call, "excludeInActiveWorkspaces")?;
    let world = call.world();
    let is_wanted = |home: &&Workspace| {
        home.tid == call.who.tid
            && !(without_personal && home.personal_owner.is_some())
            && !(without_inactive && !is_active(call, &world, home))
            && since_ms.is_none_or(|since_ms| changed_ms(&world, home.id) >= since_ms)
    };
    let items: Vec<Value> = world
        .workspaces
        .iter()
        .filter(is_wanted)
        .map(|home| json!({"id": home.id}))
        .collect();
    Ok(Answer::json(&Value::Array(items)).header(CONTENT_TYPE, JSON))
}

fn since(call: &Call) -> Result<Option<i64>, Refusal> {
    let Some(text) = call.query("modifiedSince") else {
        return Ok(None);
    };
    let moment =
        time::parse(text).ok_or_else(|| Refusal::bad("modifiedSince must be a moment such as 2026-08-01T00:00:00Z"))?;
    let ago_ms = call.now_ms - moment;
    if !(LATEST_AGO_MS..=EARLIEST_AGO_MS).contains(&ago_ms) {
        return Err(Refusal::bad(
            "modifiedSince must lie between 30 minutes and 30 days in the past",
        ));
    }
    Ok(Some(moment))
}

/// When something in a workspace last changed.
fn changed_ms(world: &World, home: Uuid) -> i64 {
    let models = world.models.iter().filter(|model| model.workspace == home);
    let imports = world.imports.iter().filter(|import| import.workspace == home);
    let apps = world.apps.iter().filter(|app| app.workspace == home);
    let by_call = world.tenancy.changed.get(&home).copied();
    models
        .map(|model| model.created_ms)
        .chain(imports.map(|import| import.ends_ms))
        .chain(apps.map(|app| app.updated_ms))
        .chain(by_call)
        .max()
        .unwrap_or_default()
}

/// Somebody was there, or something changed or was refreshed there, within 30 days.
fn is_active(call: &Call, world: &World, home: &Workspace) -> bool {
    let models = world.models.iter().filter(|model| model.workspace == home.id);
    let refreshed_ms = models
        .flat_map(|model| &model.refreshes)
        .map(|refresh| refresh.started_ms)
        .max();
    let last_ms = [
        Some(changed_ms(world, home.id)),
        world.activities.last_in_ms(home.id),
        refreshed_ms,
    ];
    !home.deleted && last_ms.into_iter().flatten().max() >= Some(call.now_ms - EARLIEST_AGO_MS)
}
