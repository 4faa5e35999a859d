//! Every capacity of the organisation: keys, workspaces moved in numbers, refresh health.

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::activity;
use crate::powerbi::admin;
use crate::powerbi::admin::artifacts;
use crate::powerbi::admin::keys;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::capacities;
use crate::powerbi::fields::Fields;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::World;
use crate::world::activity::SubjectKind;
use crate::world::tenancy::CapacityKey;
use crate::world::workspace::Capacity;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let items = own(call, &world).map(|capacity| {
        let mut item = capacities::shape(capacity, right(call, capacity));
        if let Some(key) = world.tenancy.key_of(capacity.id) {
            item.insert("tenantKeyId".to_owned(), key.id.to_string().into());
            if admin::expands(call, "tenantKey") {
                item.insert("tenantKey".to_owned(), Value::Object(keys::shape(key)));
            }
        }
        item
    });
    Ok(admin::list("capacities", items))
}

/// The capacities of the caller's organisation.
fn own<'w>(call: &'w Call, world: &'w World) -> impl Iterator<Item = &'w Capacity> {
    world.capacities.iter().filter(|capacity| capacity.tid == call.who.tid)
}

fn right(call: &Call, capacity: &Capacity) -> &'static str {
    if capacity.admins.contains(&call.who.oid) {
        "Admin"
    } else {
        "None"
    }
}

fn one<'w>(call: &'w Call, world: &'w World, id: Uuid) -> Result<&'w Capacity, Refusal> {
    own(call, world)
        .find(|capacity| capacity.id == id)
        .ok_or_else(Refusal::not_found)
}

/// Sets the key a capacity encrypts with.
pub(in crate::powerbi) fn update(call: &Call) -> Result<Answer, Refusal> {
    let wanted = id_field(&call.fields()?, "tenantKeyId")?.ok_or_else(|| Refusal::bad("tenantKeyId is required"))?;
    let id = call.id("capacity")?;
    let mut world = call.world();
    one(call, &world, id)?;
    let key = keys::find(call, &world, wanted)?.id;
    let since_ms = call.now_ms;
    world.tenancy.capacity_keys.insert(id, CapacityKey { key, since_ms });
    Ok(Answer::empty())
}

pub(in crate::powerbi) fn assign(call: &Call) -> Result<Answer, Refusal> {
    let wanted = call.fields()?.objects("capacityMigrationAssignments")?;
    if wanted.is_empty() {
        return Err(Refusal::bad(
            "capacityMigrationAssignments must name a capacity and workspaces",
        ));
    }
    let mut world = call.world();
    let mut moves = Vec::new();
    for assignment in &wanted {
        let target = id_field(assignment, "targetCapacityObjectId")?
            .ok_or_else(|| Refusal::bad("targetCapacityObjectId is required"))?;
        one(call, &world, target)?;
        for home in workspaces(call, &world, assignment, "workspacesToAssign")? {
            moves.push((home, Some(target)));
        }
    }
    move_all(call, &mut world, &moves, "MigrateWorkspaceIntoCapacity")
}

pub(in crate::powerbi) fn unassign(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let homes = workspaces(call, &world, &fields, "workspacesToUnassign")?;
    let moves: Vec<_> = homes.into_iter().map(|home| (home, None)).collect();
    move_all(call, &mut world, &moves, "RemoveWorkspacesFromCapacity")
}

/// The workspaces a body lists; one that is not there refuses them all.
fn workspaces(call: &Call, world: &World, fields: &Fields, name: &str) -> Result<Vec<Uuid>, Refusal> {
    let texts = fields.find_texts(name)?.unwrap_or_default();
    if texts.is_empty() {
        return Err(Refusal::bad(format!("{name} must name at least one workspace")));
    }
    let id = |text: &String| {
        let id = Uuid::try_parse(text).map_err(|_| Refusal::bad(format!("{name} must hold GUIDs, not {text:?}")))?;
        match artifacts::is_here(call, world, id) {
            true => Ok(id),
            false => Err(Refusal::not_found()),
        }
    };
    texts.iter().map(id).collect()
}

fn move_all(
    call: &Call,
    world: &mut World,
    moves: &[(Uuid, Option<Uuid>)],
    name: &'static str,
) -> Result<Answer, Refusal> {
    for (home, to) in moves {
        capacities::begin_move(world, *home, *to, call.now_ms)?;
        activity::note(call, world, name, SubjectKind::Workspace, *home);
    }
    Ok(Answer::empty())
}

pub(in crate::powerbi) fn refreshables(call: &Call) -> Result<Answer, Refusal> {
    admin::required_top(call, usize::MAX)?;
    let only = match call.text("capacity") {
        "" => None,
        _ => Some(call.id("capacity")?),
    };
    let world = call.world();
    if let Some(id) = only {
        one(call, &world, id)?;
    }
    let wanted = own(call, &world).filter(|capacity| only.is_none_or(|id| id == capacity.id));
    let items = wanted.flat_map(|capacity| health(call, &world, capacity));
    admin::page(call, "refreshables", items.collect())
}

fn health(call: &Call, world: &World, capacity: &Capacity) -> Vec<Map<String, Value>> {
    capacities::models_on(call, world, capacity.id)
        .map(|model| capacities::refreshable(call, world, capacity, model))
        .collect()
}

/// One model's refresh health; the service answers with a list of one.
pub(in crate::powerbi) fn refreshable(call: &Call) -> Result<Answer, Refusal> {
    let (capacity, model) = (call.id("capacity")?, call.id("refreshable")?);
    let world = call.world();
    let capacity = one(call, &world, capacity)?;
    let model = capacities::models_on(call, &world, capacity.id)
        .find(|known| known.id == model)
        .ok_or_else(Refusal::not_found)?;
    Ok(admin::list(
        "refreshables",
        [capacities::refreshable(call, &world, capacity, model)],
    ))
}
