//! Items of a workspace that nobody has used for a month.

use uuid::Uuid;

use crate::powerbi::admin::groups;
use crate::powerbi::admin::origin;
use crate::powerbi::admin::pages;
use crate::powerbi::admin::pages::List;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::time;

/// Not used for that long counts as unused.
const UNUSED_MS: i64 = 30 * time::DAY_MS;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = groups::workspace(call, &world)?.id;
    let reports = world.reports.iter().filter(|report| report.workspace == home);
    let boards = world.dashboards.iter().filter(|board| board.workspace == home);
    let models = world.models.iter().filter(|model| model.workspace == home);
    let flows = world.dataflows.iter().filter(|flow| flow.workspace == home);
    let all: Vec<(&str, Uuid, &str)> = reports
        .map(|report| ("Report", report.id, report.name.as_str()))
        .chain(boards.map(|board| ("Dashboard", board.id, board.name.as_str())))
        .chain(models.map(|model| ("Dataset", model.id, model.name.as_str())))
        .chain(flows.map(|flow| ("Dataflow", flow.id, flow.name.as_str())))
        .collect();
    let items = all.into_iter().filter_map(|(kind, id, name)| {
        let created_ms = origin::created_ms(&world, id);
        let used_ms = world.activities.last_touched_ms(id).unwrap_or(created_ms);
        (used_ms.max(created_ms) < call.now_ms - UNUSED_MS).then(|| {
            object([
                ("artifactId", id.to_string().into()),
                ("displayName", name.into()),
                ("artifactType", kind.into()),
                ("createdDateTime", time::with_ms(created_ms).into()),
                ("lastAccessedDateTime", time::with_ms(used_ms).into()),
            ])
        })
    });
    let path = format!("/admin/groups/{home}/unused");
    let list = List {
        path: &path,
        field: "unusedArtifactEntities",
        context: None,
    };
    pages::cut(call, list, "", items.collect())
}
