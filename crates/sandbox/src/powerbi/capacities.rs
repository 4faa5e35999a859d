//! Capacities, moves onto them, refresh health, and the features of the caller.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::people;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refresh;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::World;
use crate::world::access::NO_CAPACITY;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::model::Model;
use crate::world::refresh::Phase;
use crate::world::refresh::Refresh;
use crate::world::time;
use crate::world::workspace::Capacity;
use crate::world::workspace::CapacityMove;
use crate::world::workspace::MoveState;

/// One caller may have their rights read again once in an hour.
const RIGHTS_EVERY_MS: i64 = time::HOUR_MS;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let items: Vec<_> = world
        .capacities
        .iter()
        .filter_map(|capacity| Some(shape(capacity, right(call, &world, capacity)?)))
        .collect();
    Ok(odata::list(call, "capacities", items))
}

/// What the caller may do with a capacity: its administrators all, admins of workspaces on it assign.
pub(super) fn right(call: &Call, world: &World, capacity: &Capacity) -> Option<&'static str> {
    if capacity.tid != call.who.tid {
        return None;
    }
    if capacity.admins.contains(&call.who.oid) {
        return Some("Admin");
    }
    let on_it = world
        .workspaces
        .iter()
        .filter(|workspace| workspace.capacity_at(call.now_ms) == Some(capacity.id));
    on_it
        .into_iter()
        .any(|workspace| workspace.role(&call.who) >= Some(Role::Member))
        .then_some("Assign")
}

/// One capacity as the API shows it.
pub(super) fn shape(capacity: &Capacity, right: &str) -> Map<String, Value> {
    let admins: Vec<String> = capacity
        .admins
        .iter()
        .filter_map(|oid| people::find_by_oid(oid))
        .map(|person| person.upn)
        .collect();
    object([
        ("id", capacity.id.to_string().into()),
        ("displayName", capacity.name.clone().into()),
        ("admins", json!(admins)),
        ("sku", capacity.sku.clone().into()),
        ("state", "Active".into()),
        ("region", capacity.region.clone().into()),
        ("capacityUserAccessRight", right.into()),
        ("users", json!([])),
    ])
}

pub(super) fn assign(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let wanted = id_field(&fields, "capacityId")?.ok_or_else(|| Refusal::bad("capacityId is required"))?;
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Admin)?;
    let to = (wanted != NO_CAPACITY).then_some(wanted);
    if let Some(id) = to {
        let capacity = world
            .capacities
            .iter()
            .find(|capacity| capacity.id == id)
            .ok_or_else(Refusal::not_found)?;
        right(call, &world, capacity).ok_or_else(Refusal::no_right)?;
    }
    begin_move(&mut world, home, to, call.now_ms)?;
    Ok(Answer::empty())
}

/// Sets a workspace moving onto a capacity, or off all of them.
pub(super) fn begin_move(world: &mut World, home: Uuid, to: Option<Uuid>, now_ms: i64) -> Result<(), Refusal> {
    let activity_id = world.fresh.id(Kind::Deployment);
    let workspace = world.workspace_mut(home).ok_or_else(Refusal::no_workspace)?;
    // What an earlier move reached is where the new one starts.
    workspace.capacity = workspace.capacity_at(now_ms);
    workspace.capacity_move = Some(CapacityMove {
        to,
        started_ms: now_ms,
        activity_id,
    });
    Ok(())
}

pub(super) fn assignment_status(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    let workspace = world.workspace(home).ok_or_else(Refusal::no_workspace)?;
    let Some(moved) = &workspace.capacity_move else {
        let status = if workspace.capacity.is_some() {
            "CompletedSuccessfully"
        } else {
            "Pending"
        };
        return Ok(Answer::json(&Value::Object(object([
            ("status", status.into()),
            ("capacityId", workspace.capacity.map(|id| id.to_string()).into()),
        ]))));
    };
    let (status, ended_ms) = match moved.state(call.now_ms) {
        MoveState::Pending => ("Pending", None),
        MoveState::InProgress => ("InProgress", None),
        MoveState::Completed { at_ms } => ("CompletedSuccessfully", Some(at_ms)),
    };
    let shape = object([
        ("status", status.into()),
        ("activityId", ended_ms.map(|_| moved.activity_id.to_string()).into()),
        ("startTime", time::with_ms(moved.started_ms).into()),
        ("endTime", ended_ms.map(time::with_ms).into()),
        ("capacityId", moved.to.unwrap_or(NO_CAPACITY).to_string().into()),
    ]);
    Ok(Answer::json(&Value::Object(shape)))
}

pub(super) fn refreshables(call: &Call) -> Result<Answer, Refusal> {
    if call.query("$top").is_none() {
        return Err(Refusal::bad("$top is required"));
    }
    let one = if call.text("capacity").is_empty() {
        None
    } else {
        Some(call.id("capacity")?)
    };
    let world = call.world();
    let mut items = Vec::new();
    for capacity in world
        .capacities
        .iter()
        .filter(|capacity| one.is_none_or(|id| id == capacity.id))
    {
        if right(call, &world, capacity) == Some("Admin") {
            items.extend(models_on(call, &world, capacity.id).map(|model| refreshable(call, &world, capacity, model)));
        }
    }
    let items = odata::filtered(call, items)?;
    Ok(odata::list(call, "refreshables", odata::slice(call, items)?))
}

pub(super) fn refreshable_of(call: &Call) -> Result<Answer, Refusal> {
    let (capacity, model) = (call.id("capacity")?, call.id("refreshable")?);
    let world = call.world();
    let capacity = world
        .capacities
        .iter()
        .find(|known| known.id == capacity)
        .ok_or_else(Refusal::not_found)?;
    if right(call, &world, capacity) != Some("Admin") {
        return Err(Refusal::no_right());
    }
    let model = models_on(call, &world, capacity.id)
        .find(|known| known.id == model)
        .ok_or_else(Refusal::not_found)?;
    // The service answers a list here too, of one.
    let item = refreshable(call, &world, capacity, model);
    Ok(odata::list(call, "refreshables", [item]))
}

/// Models of a capacity that were ever refreshed.
pub(super) fn models_on<'w>(call: &Call, world: &'w World, capacity: Uuid) -> impl Iterator<Item = &'w Model> {
    let now_ms = call.now_ms;
    world.models.iter().filter(move |model| {
        let home = world.workspace(model.workspace);
        !model.refreshes.is_empty() && home.is_some_and(|home| home.capacity_at(now_ms) == Some(capacity))
    })
}

/// One model's refresh health as the API shows it.
pub(super) fn refreshable(call: &Call, world: &World, capacity: &Capacity, model: &Model) -> Map<String, Value> {
    let now_ms = call.now_ms;
    let took = |refresh: &Refresh| {
        refresh
            .phase(now_ms)
            .ended_ms()
            .map(|end_ms| end_ms - refresh.started_ms)
    };
    let mut durations: Vec<i64> = model.refreshes.iter().filter_map(took).collect();
    durations.sort_unstable();
    let count = model.refreshes.len();
    let failures = model
        .refreshes
        .iter()
        .filter(|refresh| matches!(refresh.phase(now_ms), Phase::Failed { .. } | Phase::TimedOut { .. }))
        .count();
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let average = durations
        .iter()
        .sum::<i64>()
        .checked_div(i64::try_from(durations.len()).unwrap_or(1));
    let expand = call.query("$expand").unwrap_or_default().to_ascii_lowercase();
    let group = world.workspace(model.workspace).filter(|_| expand.contains("group"));
    let begun_ms = model.refreshes.last().map(|refresh| refresh.started_ms);
    object([
        ("id", model.id.to_string().into()),
        ("name", model.name.clone().into()),
        ("kind", "Dataset".into()),
        ("startTime", begun_ms.map(time::with_ms).into()),
        (
            "endTime",
            model
                .refreshes
                .first()
                .and_then(|refresh| refresh.phase(now_ms).ended_ms())
                .map(time::with_ms)
                .into(),
        ),
        ("refreshCount", count.into()),
        ("refreshFailures", failures.into()),
        ("averageDuration", average.map(seconds).into()),
        (
            "medianDuration",
            durations.get(durations.len() / 2).copied().map(seconds).into(),
        ),
        ("refreshesPerDay", 1.into()),
        (
            "lastRefresh",
            model
                .refreshes
                .first()
                .map(|last| Value::Object(refresh::shape(last, now_ms)))
                .into(),
        ),
        (
            "refreshSchedule",
            json!({
                "days": model.schedule.days, "times": model.schedule.times, "enabled": model.schedule.enabled,
                "localTimeZoneId": model.schedule.time_zone, "notifyOption": model.schedule.notify,
            }),
        ),
        ("configuredBy", json!([model.configured_by])),
        (
            "capacity",
            if expand.contains("capacity") {
                json!({"id": capacity.id, "displayName": capacity.name, "sku": capacity.sku})
            } else {
                Value::Null
            },
        ),
        (
            "group",
            group.map(|home| json!({"id": home.id, "name": home.name})).into(),
        ),
    ])
}

/// The features the service tells of.
fn features() -> [Map<String, Value>; 1] {
    [object([
        ("name", "embedTrial".into()),
        ("state", "Enabled".into()),
        ("extendedState", "Enabled".into()),
        ("additionalInfo", json!({"usage": 65})),
    ])]
}

pub(super) fn available_features(call: &Call) -> Result<Answer, Refusal> {
    let features: Vec<Value> = features().into_iter().map(Value::Object).collect();
    Ok(odata::complex(
        call,
        "AvailableFeatures",
        object([("features", features.into())]),
    ))
}

pub(super) fn available_feature(call: &Call) -> Result<Answer, Refusal> {
    let wanted = call.text("feature");
    let found = features().into_iter().find(|feature| {
        feature["name"]
            .as_str()
            .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
    });
    Ok(odata::complex(
        call,
        "AvailableFeature",
        found.ok_or_else(Refusal::not_found)?,
    ))
}

pub(super) fn refresh_user_permissions(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let last_ms = world.rights_refreshed.get(&call.who.oid).copied();
    if let Some(wait_ms) = last_ms
        .map(|last_ms| last_ms + RIGHTS_EVERY_MS - call.now_ms)
        .filter(|wait_ms| *wait_ms > 0)
    {
        let seconds = wait_ms / 1000 + 1;
        return Err(Refusal::Later {
            seconds,
            message: format!("rights can be read again once in an hour. Retry in {seconds} seconds."),
        });
    }
    world.rights_refreshed.insert(call.who.oid.clone(), call.now_ms);
    Ok(Answer::empty())
}
