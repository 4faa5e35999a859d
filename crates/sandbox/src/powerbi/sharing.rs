//! Who may use a semantic model, item by item.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::powerbi::workspaces;
use crate::world::access::Grant;
use crate::world::access::Principal;
use crate::world::access::Rights;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Share)?;
    let members = world
        .workspace(model.workspace)
        .map(|home| home.members.as_slice())
        .unwrap_or_default();
    let mut all: Vec<Grant> = members
        .iter()
        .map(|member| Grant {
            principal: member.principal.clone(),
            rights: member.role.rights(),
        })
        .collect();
    for grant in &model.grants {
        match all
            .iter_mut()
            .find(|known| known.principal.oid() == grant.principal.oid())
        {
            Some(known) => known.rights = known.rights.and(grant.rights),
            None => all.push(grant.clone()),
        }
    }
    let items: Vec<_> = all.iter().map(shape).collect();
    Ok(odata::list(call, "users", items))
}

fn shape(grant: &Grant) -> Map<String, Value> {
    object([
        ("datasetUserAccessRight", grant.rights.name().into()),
        ("identifier", grant.principal.identifier().into()),
        ("principalType", grant.principal.kind().into()),
    ])
}

/// POST adds to what somebody holds.
pub(super) fn add(call: &Call) -> Result<Answer, Refusal> {
    let (principal, asked) = read(call)?;
    if !asked.read {
        return Err(Refusal::bad("None takes rights away: use PUT"));
    }
    let mut world = call.world();
    let grants = &mut rights::model_mut(call, &mut world, Need::Share)?.grants;
    match grants.iter_mut().find(|grant| grant.principal.oid() == principal.oid()) {
        Some(grant) => grant.rights = grant.rights.and(asked),
        None => grants.push(Grant {
            principal,
            rights: asked,
        }),
    }
    Ok(Answer::empty())
}

/// PUT replaces what somebody holds; `None` takes it away.
pub(super) fn set(call: &Call) -> Result<Answer, Refusal> {
    let (principal, asked) = read(call)?;
    let mut world = call.world();
    let grants = &mut rights::model_mut(call, &mut world, Need::Share)?.grants;
    grants.retain(|grant| grant.principal.oid() != principal.oid());
    if asked.read {
        grants.push(Grant {
            principal,
            rights: asked,
        });
    }
    Ok(Answer::empty())
}

fn read(call: &Call) -> Result<(Principal, Rights), Refusal> {
    let fields = call.fields()?;
    let principal = workspaces::principal(call, &fields)?;
    if matches!(principal, Principal::App { .. }) {
        return Err(Refusal::bad(
            "access of service principals cannot be set with this operation",
        ));
    }
    let right = fields.text("datasetUserAccessRight")?;
    let rights = Rights::parse(right).ok_or_else(|| Refusal::bad(format!("{right:?} is not an access right")))?;
    if rights.write {
        return Err(Refusal::bad(
            "write permission cannot be given with this operation; use a workspace role",
        ));
    }
    Ok((principal, rights))
}
