//! Dataflows of the first generation saved as items of the second; the first stays as it is.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports;
use crate::powerbi::rights;
use crate::world::World;
use crate::world::access::Role;
use crate::world::content::Dataflow;
use crate::world::content::NativeDataflow;
use crate::world::ids::Kind;
use crate::world::time;

pub(super) fn save(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let with_schedule = fields.find_bool("includeSchedule")?.unwrap_or(false);
    let mut world = call.world();
    let origin = rights::dataflow(call, &mut world, Role::Contributor)?.clone();
    let home = reports::target_workspace(call, &mut world, &fields, origin.workspace)?;
    let capacity = world.capacity_of(home, call.now_ms).map(|capacity| capacity.id);
    let capacity = capacity.ok_or_else(|| {
        Refusal::coded(
            "WorkspaceNotOnCapacity",
            "a dataflow of the second generation needs a workspace on a capacity",
        )
    })?;
    let saved = NativeDataflow {
        id: world.fresh.id(Kind::NativeDataflow),
        workspace: home,
        name: name(&world, &fields, &origin, home)?,
        description: fields
            .find_text("description")?
            .unwrap_or(&origin.description)
            .to_owned(),
        origin: origin.id,
        schedule: with_schedule.then(|| origin.schedule.clone()),
    };
    let metadata = metadata(call, &saved, capacity);
    world.native_dataflows.push(saved);
    Ok(Answer::json(&json!({"artifactMetadata": metadata, "errors": []})))
}

/// The name asked for, or that of the origin; no two items of a workspace may have the same.
fn name(world: &World, fields: &Fields, origin: &Dataflow, home: uuid::Uuid) -> Result<String, Refusal> {
    let name = fields
        .find_text("displayName")?
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .unwrap_or(&origin.name);
    let is_taken = |known: &NativeDataflow| known.workspace == home && known.name.eq_ignore_ascii_case(name);
    if world.native_dataflows.iter().any(is_taken) {
        return Err(Refusal::Coded {
            status: StatusCode::CONFLICT,
            code: "PowerBIEntityAlreadyExists",
            message: Some(format!("an item named {name:?} exists already")),
        });
    }
    Ok(name.to_owned())
}

fn metadata(call: &Call, saved: &NativeDataflow, capacity: uuid::Uuid) -> Map<String, Value> {
    let person = json!({"objectId": call.who.oid, "displayName": call.who_name, "emailAddress": call.who.upn});
    let moment = time::in_seconds(call.now_ms);
    object([
        ("objectId", saved.id.to_string().into()),
        ("artifactType", "Dataflow".into()),
        ("displayName", saved.name.clone().into()),
        ("description", saved.description.clone().into()),
        ("provisionState", "Active".into()),
        ("lastUpdatedDate", moment.clone().into()),
        ("createdDate", moment.into()),
        ("capacityObjectId", capacity.to_string().into()),
        ("ownerUser", person.clone()),
        ("createdByUser", person.clone()),
        ("modifiedByUser", person),
    ])
}
