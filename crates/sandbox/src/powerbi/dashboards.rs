//! Dashboards: lists, one, making and deleting.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::access::Role;
use crate::world::content::Dashboard;
use crate::world::ids::Kind;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, role) = call.home(&mut world)?;
    let here = world.dashboards.iter().filter(|dashboard| dashboard.workspace == home);
    let items: Vec<_> = here
        .map(|dashboard| shape(call, dashboard, role == Role::Viewer))
        .collect();
    Ok(odata::list(call, "dashboards", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (dashboard, rights) = rights::dashboard(call, &world, Need::Read)?;
    Ok(odata::entity(call, "dashboards", shape(call, dashboard, !rights.write)))
}

/// One dashboard as the API shows it.
pub(super) fn shape(call: &Call, dashboard: &Dashboard, read_only: bool) -> Map<String, Value> {
    let embed = call.portal_url(&format!(
        "/dashboardEmbed?dashboardId={}&groupId={}",
        dashboard.id, dashboard.workspace
    ));
    object([
        ("id", dashboard.id.to_string().into()),
        ("displayName", dashboard.name.clone().into()),
        ("isReadOnly", read_only.into()),
        (
            "webUrl",
            call.portal_url(&format!("/groups/{}/dashboards/{}", dashboard.workspace, dashboard.id))
                .into(),
        ),
        ("embedUrl", embed.into()),
        ("users", json!([])),
        ("subscriptions", json!([])),
    ])
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let name = call.fields()?.text("name")?.to_owned();
    let mut world = call.world();
    let workspace = call.home_as(&mut world, Role::Contributor)?;
    let dashboard = Dashboard {
        id: world.fresh.id(Kind::Dashboard),
        workspace,
        name,
        tiles: Vec::new(),
        grants: Vec::new(),
    };
    let item = shape(call, &dashboard, false);
    world.dashboards.push(dashboard);
    Ok(odata::entity(call, "dashboards", item))
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = rights::dashboard(call, &world, Need::Write)?.0.id;
    world.dashboards.retain(|dashboard| dashboard.id != id);
    for app in &mut world.apps {
        app.dashboards.retain(|dashboard| *dashboard != id);
    }
    Ok(Answer::empty())
}
