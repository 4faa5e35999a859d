//! Profiles of the calling service principal; people have none.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::access::Who;
use crate::world::ids::Kind;
use crate::world::profiles::Profile;

/// Names the profile a service principal acts as.
pub(super) const HEADER: &str = "x-powerbi-profile-id";
/// Profiles one service principal may have.
const MOST_PROFILES: usize = 100_000;
/// The longest display name.
const MOST_LETTERS: usize = 256;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    refuse_people(call)?;
    let world = call.world();
    let own = world.profiles.iter().filter(|profile| is_own(call, profile));
    let items = odata::filtered(call, own.map(shape).collect())?;
    Ok(odata::list(call, "profiles", odata::slice(call, items)?))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    refuse_people(call)?;
    let id = call.id("profile")?;
    let mut world = call.world();
    let item = shape(find(call, &mut world, id)?);
    Ok(odata::entity(call, "profiles", item))
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    refuse_people(call)?;
    let name = display_name(call)?;
    let mut world = call.world();
    let own = world.profiles.iter().filter(|profile| is_own(call, profile));
    if own.count() >= MOST_PROFILES {
        return Err(Refusal::bad(format!(
            "a service principal may have at most {MOST_PROFILES} profiles"
        )));
    }
    let profile = Profile {
        id: world.fresh.id(Kind::Profile),
        tid: call.who.tid.clone(),
        principal: call.who.oid.clone(),
        name,
    };
    let item = shape(&profile);
    world.profiles.push(profile);
    Ok(odata::entity(call, "profiles", item))
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    refuse_people(call)?;
    let (id, name) = (call.id("profile")?, display_name(call)?);
    let mut world = call.world();
    let profile = find(call, &mut world, id)?;
    profile.name = name;
    let item = shape(profile);
    Ok(odata::entity(call, "profiles", item))
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    refuse_people(call)?;
    let id = call.id("profile")?;
    let mut world = call.world();
    find(call, &mut world, id)?;
    remove(&mut world, id);
    Ok(Answer::empty())
}

/// Removes a profile, with all the access it has.
pub(super) fn remove(world: &mut World, id: Uuid) {
    world.profiles.retain(|profile| profile.id != id);
    let oid = id.to_string();
    for workspace in &mut world.workspaces {
        workspace.members.retain(|member| member.principal.oid() != oid);
    }
}

/// One profile as the API shows it.
pub(super) fn shape(profile: &Profile) -> Map<String, Value> {
    object([
        ("id", profile.id.to_string().into()),
        ("displayName", profile.name.clone().into()),
    ])
}

fn display_name(call: &Call) -> Result<String, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("displayName")?.trim();
    if name.chars().count() > MOST_LETTERS {
        return Err(Refusal::bad(format!(
            "displayName may have at most {MOST_LETTERS} letters"
        )));
    }
    Ok(name.to_owned())
}

fn is_own(call: &Call, profile: &Profile) -> bool {
    profile.tid == call.who.tid && profile.principal == call.who.oid
}

/// One of the caller's own profiles; those of others are not there.
fn find<'w>(call: &Call, world: &'w mut World, id: Uuid) -> Result<&'w mut Profile, Refusal> {
    world
        .profiles
        .iter_mut()
        .find(|profile| profile.id == id && is_own(call, profile))
        .ok_or_else(Refusal::not_found)
}

/// Only service principals have profiles, and only they may ask.
pub(super) fn refuse_people(call: &Call) -> Result<(), Refusal> {
    if call.who.app_only {
        return Ok(());
    }
    Err(Refusal::Coded {
        status: StatusCode::FORBIDDEN,
        code: "PowerBINotAuthorizedException",
        message: Some("API is only accessible for service principals".to_owned()),
    })
}

/// Lets a service principal act as one of its profiles, which has rights of its own and none of the principal's.
pub(super) fn act_as(world: &World, who: &mut Who, id: &str) -> Result<(), Refusal> {
    let id = Uuid::try_parse(id).map_err(|_| Refusal::bad(format!("{HEADER} must be a GUID")))?;
    let is_own =
        |profile: &&Profile| profile.id == id && profile.tid == who.tid && profile.principal == who.oid && who.app_only;
    let profile = world.profiles.iter().find(is_own).ok_or_else(Refusal::no_right)?;
    who.oid = profile.id.to_string();
    who.upn.clone_from(&who.oid);
    Ok(())
}

/// Some operations are not for profiles.
pub(super) fn refuse(call: &Call, world: &World) -> Result<(), Refusal> {
    match world
        .profiles
        .iter()
        .any(|profile| profile.id.to_string() == call.who.oid)
    {
        true => Err(Refusal::no_application()),
        false => Ok(()),
    }
}

/// The profile a principal is, if it is one.
pub(super) fn of_principal<'w>(world: &'w World, principal: &Principal) -> Option<&'w Profile> {
    let is_same = |profile: &&Profile| profile.id.to_string() == principal.oid();
    world.profiles.iter().find(is_same)
}

/// The profile a body names, of the service principal with that object id.
pub(super) fn principal(call: &Call, owner: &str, fields: &Fields) -> Result<Principal, Refusal> {
    let id = id_field(fields, "id")?.ok_or_else(|| Refusal::bad("profile needs an id"))?;
    let world = call.world();
    let mut known = world.profiles.iter();
    let profile = known.find(|profile| profile.id == id && profile.tid == call.who.tid && profile.principal == owner);
    let profile = profile.ok_or_else(|| Refusal::bad(format!("the service principal {owner} has no profile {id}")))?;
    Ok(Principal::App {
        oid: profile.id.to_string(),
        name: profile.name.clone(),
    })
}
