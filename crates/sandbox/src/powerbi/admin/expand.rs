//! What `$expand` adds to a workspace: its members and its items.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::admin;
use crate::powerbi::admin::access;
use crate::powerbi::admin::artifacts;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::workspace::Workspace;

/// What can be added.
const PARTS: [&str; 6] = ["users", "reports", "dashboards", "datasets", "dataflows", "workbooks"];

/// The parts asked for.
pub(super) fn asked(call: &Call) -> Result<Vec<&'static str>, Refusal> {
    let expand = call.query("$expand").unwrap_or_default();
    let words = expand.split(',').map(str::trim).filter(|word| !word.is_empty());
    let part = |word: &str| {
        let known = PARTS.into_iter().find(|part| part.eq_ignore_ascii_case(word));
        known.ok_or_else(|| Refusal::bad(format!("$expand knows {}, not {word}", PARTS.join(", "))))
    };
    words.map(part).collect()
}

/// Adds the parts to an item. Of a deleted workspace only the name is left.
pub(super) fn add(call: &Call, world: &World, home: &Workspace, parts: &[&str], item: &mut Map<String, Value>) {
    for part in parts {
        let values = if home.deleted {
            Vec::new()
        } else {
            values(call, world, home, part)
        };
        let values: Vec<Value> = values.into_iter().map(Value::Object).collect();
        item.insert((*part).to_owned(), values.into());
    }
}

fn values(call: &Call, world: &World, home: &Workspace, part: &str) -> Vec<Map<String, Value>> {
    let id = home.id;
    match part {
        "users" => access::members(home)
            .iter()
            .map(|(principal, role)| access::user(principal, "groupUserAccessRight", role.name()))
            .collect(),
        "reports" => {
            let here = world.reports.iter().filter(|report| report.workspace == id);
            here.map(|report| artifacts::report_shape(call, world, report))
                .collect()
        }
        "dashboards" => {
            let here = world.dashboards.iter().filter(|board| board.workspace == id);
            here.map(|board| artifacts::dashboard_shape(call, world, board))
                .collect()
        }
        "datasets" => {
            let here = world.models.iter().filter(|model| model.workspace == id);
            here.map(|model| artifacts::model_shape(call, world, model)).collect()
        }
        "dataflows" => {
            let here = world.dataflows.iter().filter(|flow| flow.workspace == id);
            here.map(|flow| artifacts::dataflow_shape(world, flow)).collect()
        }
        "workbooks" => {
            let here = world.workbooks.iter().filter(|book| book.workspace == id);
            here.map(|book| object([("name", book.name.clone().into())])).collect()
        }
        _ => Vec::new(),
    }
}

/// Does `$filter` speak of a part of the item?
pub(super) fn is_filtered_by(call: &Call, part: &str) -> bool {
    let filter = call.query("$filter").unwrap_or_default().to_ascii_lowercase();
    filter.contains(&format!("{part}/"))
}

/// Takes what was only needed for the filter off again.
pub(super) fn trim(item: &mut Map<String, Value>, parts: &[&str], call: &Call) {
    for part in PARTS {
        if !parts.contains(&part) && !admin::expands(call, part) {
            item.remove(part);
        }
    }
}
