//! Members of any workspace, as administrators see and change them.

use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::admin::access;
use crate::powerbi::admin::groups;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::workspaces;
use crate::world::World;
use crate::world::access::Member;
use crate::world::access::Principal;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let home = groups::workspace(call, &world)?;
    let items = access::members(home)
        .into_iter()
        .map(|(principal, role)| access::user(&principal, "groupUserAccessRight", role.name()));
    Ok(admin::list("users", items))
}

pub(in crate::powerbi) fn add(call: &Call) -> Result<Answer, Refusal> {
    let (named, role) = workspaces::named_member(call, &call.fields()?)?;
    let mut world = call.world();
    workspaces::join(for_change(call, &mut world)?, named, role)?;
    Ok(Answer::empty())
}

pub(in crate::powerbi) fn remove(call: &Call) -> Result<Answer, Refusal> {
    if call
        .query("profileId")
        .is_some_and(|profile| Uuid::try_parse(profile).is_err())
    {
        return Err(Refusal::bad("profileId must be a GUID"));
    }
    let is_group = admin::flag(call, "isGroup")?;
    let mut world = call.world();
    let members = for_change(call, &mut world)?;
    let named = members
        .iter()
        .find(|member| member.principal.is_named(call.text("user")))
        .ok_or_else(Refusal::not_found)?;
    // A group is taken out only by a call that says that it means a group.
    if is_group != matches!(named.principal, Principal::Group { .. }) {
        return Err(Refusal::not_found());
    }
    workspaces::leave(members, call.text("user"))?;
    Ok(Answer::empty())
}

fn for_change<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Vec<Member>, Refusal> {
    let home = groups::workspace_mut(call, world)?;
    if home.personal_owner.is_some() {
        return Err(Refusal::bad("My workspace has no members"));
    }
    Ok(&mut home.members)
}
