//! Workload switches of capacities, which their administrators turn.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::capacities;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::workspace::Capacity;
use crate::world::workspace::Workload;
use crate::world::workspace::WorkloadState;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let items: Vec<_> = capacity(call, &mut world)?.workloads.iter().map(shape).collect();
    Ok(odata::list(call, "workloads", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let item = shape(find(call, capacity(call, &mut world)?)?);
    Ok(odata::entity(call, "workloads", item))
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let state = match fields.text("state")? {
        word if word.eq_ignore_ascii_case("Enabled") => WorkloadState::Enabled,
        word if word.eq_ignore_ascii_case("Disabled") => WorkloadState::Disabled,
        _ => return Err(Refusal::bad("state must be Enabled or Disabled")),
    };
    let percentage = fields.find_integer("maxMemoryPercentageSetByUser")?;
    if percentage.is_some_and(|percentage| !(1..=100).contains(&percentage)) {
        return Err(Refusal::bad("maxMemoryPercentageSetByUser must be between 1 and 100"));
    }
    let mut world = call.world();
    let workload = find(call, capacity(call, &mut world)?)?;
    if workload.state == WorkloadState::Unsupported {
        return Err(Refusal::bad(format!(
            "the capacity does not support the workload {}",
            workload.name
        )));
    }
    workload.state = state;
    workload.memory_percentage = match (percentage, workload.memory_percentage) {
        (Some(_), None) => {
            return Err(Refusal::bad(format!(
                "the workload {} has no memory limit of its own",
                workload.name
            )));
        }
        (given, before) => given.or(before),
    };
    Ok(Answer::empty())
}

fn shape(workload: &Workload) -> Map<String, Value> {
    let state = match workload.state {
        WorkloadState::Enabled => "Enabled",
        WorkloadState::Disabled => "Disabled",
        WorkloadState::Unsupported => "Unsupported",
    };
    object([
        ("state", state.into()),
        ("name", workload.name.into()),
        ("maxMemoryPercentageSetByUser", workload.memory_percentage.into()),
    ])
}

/// The capacity in the path, if the caller administers it; to others of its directory it says no, to strangers nothing.
fn capacity<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Capacity, Refusal> {
    let id = call.id("capacity")?;
    let place = world
        .capacities
        .iter()
        .position(|capacity| capacity.id == id && capacity.tid == call.who.tid)
        .ok_or_else(Refusal::not_found)?;
    if capacities::right(call, world, &world.capacities[place]) != Some("Admin") {
        return Err(Refusal::no_right());
    }
    Ok(&mut world.capacities[place])
}

fn find<'c>(call: &Call, capacity: &'c mut Capacity) -> Result<&'c mut Workload, Refusal> {
    let name = call.text("workload");
    capacity
        .workloads
        .iter_mut()
        .find(|workload| workload.name.eq_ignore_ascii_case(name))
        .ok_or_else(Refusal::not_found)
}
