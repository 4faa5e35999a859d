//! Sensitivity labels on items, put on and taken off in numbers.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::activity;
use crate::powerbi::admin::artifacts;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::World;
use crate::world::activity::SubjectKind;

/// Items one call may name.
const MOST: usize = 2_000;
const SORTS: [(&str, SubjectKind); 4] = [
    ("dashboards", SubjectKind::Dashboard),
    ("reports", SubjectKind::Report),
    ("datasets", SubjectKind::Model),
    ("dataflows", SubjectKind::Dataflow),
];

pub(in crate::powerbi) fn set(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let label = id_field(&fields, "labelId")?.filter(|id| !id.is_nil());
    let label = label.ok_or_else(|| Refusal::bad("labelId is required"))?;
    let artifacts = fields
        .find_object("artifacts")?
        .ok_or_else(|| Refusal::bad("artifacts is required"))?;
    let method = fields.find_text("assignmentMethod")?.unwrap_or("Standard");
    // The service spells the second word this way.
    if !["Standard", "Priviledged"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(method))
    {
        return Err(Refusal::bad("assignmentMethod must be Standard or Priviledged"));
    }
    let unknown_delegate = match fields.find_object("delegatedUser")? {
        Some(user) => call.find_person(user.text("emailAddress")?).is_none(),
        None => false,
    };
    change(call, &artifacts, |call, world, kind, id| {
        if unknown_delegate {
            return "FailedToGetUsageRights";
        }
        let activity = match world.tenancy.labels.insert(id, label) {
            Some(_) => "SensitivityLabelChanged",
            None => "SensitivityLabelApplied",
        };
        activity::note(call, world, activity, kind, id);
        "Succeeded"
    })
}

pub(in crate::powerbi) fn remove(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    // The items stand in the body itself, or, as some clients send them, under `artifacts`.
    let artifacts = fields.find_object("artifacts")?.unwrap_or(fields);
    change(call, &artifacts, |call, world, kind, id| {
        if world.tenancy.labels.remove(&id).is_some() {
            activity::note(call, world, "SensitivityLabelRemoved", kind, id);
        }
        "Succeeded"
    })
}

/// Changes the label of each item named, and says of each how it went.
fn change(
    call: &Call,
    artifacts: &Fields,
    mut one: impl FnMut(&Call, &mut World, SubjectKind, Uuid) -> &'static str,
) -> Result<Answer, Refusal> {
    let mut named = Vec::new();
    for (sort, kind) in SORTS {
        for item in artifacts.objects(sort)? {
            named.push((sort, kind, item.text("id")?.to_owned()));
        }
    }
    if named.is_empty() || named.len() > MOST {
        return Err(Refusal::bad(format!("1 to {MOST} items must be named")));
    }
    let mut world = call.world();
    let mut outcome: Map<String, Value> = Map::new();
    for (sort, kind, text) in named {
        let id = Uuid::try_parse(&text)
            .ok()
            .filter(|id| is_there(call, &world, kind, *id));
        let status = match id {
            Some(id) => one(call, &mut world, kind, id),
            None => "NotFound",
        };
        let line = json!({"id": text, "status": status});
        match outcome.entry(sort.to_owned()).or_insert_with(|| json!([])) {
            Value::Array(lines) => lines.push(line),
            other => *other = json!([line]),
        }
    }
    Ok(Answer::json(&Value::Object(outcome)))
}

fn is_there(call: &Call, world: &World, kind: SubjectKind, id: Uuid) -> bool {
    let home = match kind {
        SubjectKind::Report => world.report(id).map(|report| report.workspace),
        SubjectKind::Model => world.model(id).map(|model| model.workspace),
        SubjectKind::Dashboard => {
            let board = world.dashboards.iter().find(|board| board.id == id);
            board.map(|board| board.workspace)
        }
        _ => {
            let flow = world.dataflows.iter().find(|flow| flow.id == id);
            flow.map(|flow| flow.workspace)
        }
    };
    home.is_some_and(|home| artifacts::is_here(call, world, home))
}
