//! Workspaces and their members.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::profiles;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::access::Member;
use crate::world::access::Principal;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::workspace::Workspace;

/// Members a workspace may have.
const MOST_MEMBERS: usize = 1_000;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let open = |workspace: &&Workspace| workspace.personal_owner.is_none() && workspace.role(&call.who).is_some();
    let items = world.workspaces.iter().filter(open);
    let items = odata::filtered(call, items.map(|workspace| shape(call, workspace)).collect())?;
    let count = items.len();
    Ok(odata::counted(call, "groups", count, odata::slice(call, items)?))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (id, _) = call.group(&world)?.ok_or_else(Refusal::no_workspace)?;
    let workspace = world.workspace(id).ok_or_else(Refusal::no_workspace)?;
    // The service leaves the context out of this one answer.
    Ok(Answer::json(&Value::Object(shape(call, workspace))))
}

/// One workspace as the API shows it.
pub(super) fn shape(call: &Call, workspace: &Workspace) -> Map<String, Value> {
    let capacity = workspace.capacity_at(call.now_ms);
    let format = capacity.map(|_| workspace.storage_format.clone());
    object([
        ("id", workspace.id.to_string().into()),
        ("isReadOnly", (workspace.role(&call.who) == Some(Role::Viewer)).into()),
        ("isOnDedicatedCapacity", capacity.is_some().into()),
        ("capacityId", capacity.map(|id| id.to_string()).into()),
        ("defaultDatasetStorageFormat", format.into()),
        (
            "dataflowStorageId",
            workspace.dataflow_storage.map(|id| id.to_string()).into(),
        ),
        (
            "type",
            if workspace.personal_owner.is_some() {
                "PersonalGroup"
            } else {
                "Workspace"
            }
            .into(),
        ),
        ("name", workspace.name.clone().into()),
    ])
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("name")?.trim().to_owned();
    let mut world = call.world();
    refuse_name_in_use(&world, call, &name)?;
    let principal = if call.who.app_only {
        Principal::App {
            oid: call.who.oid.clone(),
            name: call.who_name.clone(),
        }
    } else {
        Principal::User {
            oid: call.who.oid.clone(),
            upn: call.who.upn.clone(),
            name: call.who_name.clone(),
        }
    };
    let workspace = Workspace {
        id: world.fresh.id(Kind::Workspace),
        tid: call.who.tid.clone(),
        name,
        description: None,
        personal_owner: None,
        capacity: None,
        storage_format: "Small".to_owned(),
        dataflow_storage: None,
        members: vec![Member {
            principal,
            role: Role::Admin,
        }],
        deleted: false,
        capacity_move: None,
    };
    let item = shape(call, &workspace);
    world.workspaces.push(workspace);
    Ok(odata::entity(call, "groups", item))
}

/// Names of workspaces are unique in an organisation.
pub(super) fn refuse_name_in_use(world: &World, call: &Call, name: &str) -> Result<(), Refusal> {
    let taken = |workspace: &Workspace| {
        workspace.tid == call.who.tid && !workspace.deleted && workspace.name.eq_ignore_ascii_case(name)
    };
    if world.workspaces.iter().any(taken) {
        return Err(Refusal::Coded {
            status: StatusCode::CONFLICT,
            code: "PowerBIEntityAlreadyExists",
            message: Some(format!("a workspace named {name:?} exists already")),
        });
    }
    Ok(())
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let id = call.home_as(&mut world, Role::Admin)?;
    let name = fields.find_text("name")?.map(str::trim).map(str::to_owned);
    let format = fields
        .find_text("defaultDatasetStorageFormat")?
        .map(storage_format)
        .transpose()?;
    if name.is_none() && format.is_none() || name.as_deref() == Some("") {
        return Err(Refusal::bad("expected name or defaultDatasetStorageFormat"));
    }
    if format.is_some() && world.capacity_of(id, call.now_ms).is_none() {
        return Err(Refusal::bad(
            "defaultDatasetStorageFormat needs a workspace on a capacity",
        ));
    }
    let is_own = |name: &String| {
        world
            .workspace(id)
            .is_some_and(|workspace| workspace.name.eq_ignore_ascii_case(name))
    };
    if let Some(name) = name.as_ref().filter(|name| !is_own(name)) {
        refuse_name_in_use(&world, call, name)?;
    }
    let workspace = world.workspace_mut(id).ok_or_else(Refusal::no_workspace)?;
    if let Some(name) = name {
        workspace.name = name;
    }
    if let Some(format) = format {
        workspace.storage_format = format;
    }
    Ok(Answer::empty())
}

/// `Small` or `Large`.
pub(super) fn storage_format(text: &str) -> Result<String, Refusal> {
    ["Small", "Large"]
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(text))
        .map(str::to_owned)
        .ok_or_else(|| Refusal::bad("defaultDatasetStorageFormat must be Small or Large"))
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = call.home_as(&mut world, Role::Admin)?;
    let workspace = world.workspace_mut(id).ok_or_else(Refusal::no_workspace)?;
    if workspace.personal_owner.is_some() {
        return Err(Refusal::bad("My workspace cannot be deleted"));
    }
    workspace.deleted = true;
    Ok(Answer::empty())
}

pub(super) fn users(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (id, role) = call.group(&world)?.ok_or_else(Refusal::no_workspace)?;
    if role < Role::Member {
        return Err(Refusal::no_right());
    }
    let workspace = world.workspace(id).ok_or_else(Refusal::no_workspace)?;
    let items = workspace
        .members
        .iter()
        .map(|member| user_shape(&world, member))
        .collect();
    Ok(odata::list(call, "users", odata::slice(call, items)?))
}

/// One member as the API shows it.
fn user_shape(world: &World, member: &Member) -> Map<String, Value> {
    let principal = &member.principal;
    let mail = matches!(principal, Principal::User { .. }).then(|| principal.identifier().to_owned());
    let profile = profiles::of_principal(world, principal);
    // A profile stands beside the service principal it belongs to.
    let identifier = profile.map_or(principal.identifier(), |profile| &profile.principal);
    object([
        ("groupUserAccessRight", member.role.name().into()),
        ("emailAddress", mail.into()),
        ("displayName", principal.name().into()),
        ("identifier", identifier.into()),
        ("principalType", principal.kind().into()),
        (
            "profile",
            profile.map(|profile| Value::Object(profiles::shape(profile))).into(),
        ),
    ])
}

pub(super) fn add_user(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let (named, role) = named_member(call, &fields)?;
    let mut world = call.world();
    join(members_for_change(call, &mut world, role)?, named, role)?;
    Ok(Answer::empty())
}

/// Makes somebody a member of a workspace.
pub(super) fn join(members: &mut Vec<Member>, named: Principal, role: Role) -> Result<(), Refusal> {
    if members.iter().any(|member| member.principal.oid() == named.oid()) {
        return Err(Refusal::code("AddingAlreadyExistsGroupUserNotSupportedError"));
    }
    if members.len() >= MOST_MEMBERS {
        return Err(Refusal::bad(format!(
            "a workspace holds at most {MOST_MEMBERS} members"
        )));
    }
    members.push(Member { principal: named, role });
    Ok(())
}

pub(super) fn update_user(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let (named, role) = named_member(call, &fields)?;
    let mut world = call.world();
    let members = members_for_change(call, &mut world, role)?;
    let place = members
        .iter()
        .position(|member| member.principal.oid() == named.oid())
        .ok_or_else(Refusal::not_found)?;
    if members[place].role == Role::Admin && role != Role::Admin {
        refuse_last_admin(members)?;
    }
    members[place].role = role;
    Ok(Answer::empty())
}

pub(super) fn delete_user(call: &Call) -> Result<Answer, Refusal> {
    // With a profile, the name before is that of the service principal it belongs to.
    let name = call.query("profileId").unwrap_or(call.text("user"));
    let mut world = call.world();
    leave(members_for_change(call, &mut world, Role::Viewer)?, name)?;
    Ok(Answer::empty())
}

/// Takes somebody's role in a workspace away.
pub(super) fn leave(members: &mut Vec<Member>, name: &str) -> Result<(), Refusal> {
    let place = members
        .iter()
        .position(|member| member.principal.is_named(name))
        .ok_or_else(Refusal::not_found)?;
    if members[place].role == Role::Admin {
        refuse_last_admin(members)?;
    }
    members.remove(place);
    Ok(())
}

fn refuse_last_admin(members: &[Member]) -> Result<(), Refusal> {
    if members.iter().filter(|member| member.role == Role::Admin).count() < 2 {
        return Err(Refusal::bad("a workspace keeps at least one Admin"));
    }
    Ok(())
}

/// The members of the workspace, if the caller may give (or take) `role` there: a Member cannot make an Admin.
fn members_for_change<'w>(call: &Call, world: &'w mut World, role: Role) -> Result<&'w mut Vec<Member>, Refusal> {
    let least = if role == Role::Admin { Role::Admin } else { Role::Member };
    let id = call.home_as(world, least)?;
    let workspace = world.workspace_mut(id).ok_or_else(Refusal::no_workspace)?;
    if workspace.personal_owner.is_some() {
        return Err(Refusal::bad("My workspace has no members"));
    }
    Ok(&mut workspace.members)
}

/// Whom a body names, and the role it gives them.
pub(super) fn named_member(call: &Call, fields: &Fields) -> Result<(Principal, Role), Refusal> {
    let role = fields.text("groupUserAccessRight")?;
    let role = Role::parse(role)
        .ok_or_else(|| Refusal::bad("groupUserAccessRight must be Admin, Member, Contributor or Viewer"))?;
    Ok((principal(call, fields)?, role))
}

/// Whom a body names by `emailAddress` or by `identifier` and `principalType`.
pub(super) fn principal(call: &Call, fields: &Fields) -> Result<Principal, Refusal> {
    let name = match fields.find_text("identifier")? {
        Some(name) => name,
        None => fields
            .find_text("emailAddress")?
            .ok_or_else(|| Refusal::bad("expected emailAddress, or identifier and principalType"))?,
    };
    let unknown = || Refusal::bad(format!("no principal of the directory is named {name:?}"));
    match fields
        .find_text("principalType")?
        .unwrap_or("User")
        .to_ascii_lowercase()
        .as_str()
    {
        "user" => call.find_person(name).map(|(found, _)| found).ok_or_else(unknown),
        "group" => Principal::find_group(name).ok_or_else(unknown),
        "app" => match fields.find_object("profile")? {
            Some(profile) => profiles::principal(call, name, &profile),
            None => Principal::find_app(name).ok_or_else(unknown),
        },
        _ => Err(Refusal::bad("principalType must be User, Group or App")),
    }
}
