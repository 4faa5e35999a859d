//! Dataflow storage accounts.

use crate::people;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::ids::seeded;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let item = object([
        ("id", seeded(Kind::Storage, 1).to_string().into()),
        ("name", "contosodataflows".into()),
        ("isEnabled", true.into()),
    ]);
    let items = if call.who.tid == people::CONTOSO {
        vec![item]
    } else {
        Vec::new()
    };
    Ok(odata::list(call, "dataflowStorageAccounts", items))
}

pub(super) fn assign(call: &Call) -> Result<Answer, Refusal> {
    let wanted =
        id_field(&call.fields()?, "dataflowStorageId")?.ok_or_else(|| Refusal::bad("dataflowStorageId is required"))?;
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Admin)?;
    if !wanted.is_nil() && wanted != seeded(Kind::Storage, 1) {
        return Err(Refusal::not_found());
    }
    let workspace = world.workspace_mut(home).ok_or_else(Refusal::no_workspace)?;
    workspace.dataflow_storage = (!wanted.is_nil()).then_some(wanted);
    Ok(Answer::empty())
}
