//! Every workspace of the organisation, with the deleted ones.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::admin;
use crate::powerbi::admin::expand;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::powerbi::workspaces;
use crate::world::World;
use crate::world::access::Member;
use crate::world::access::Role;
use crate::world::tenancy::LogAnalytics;
use crate::world::workspace::Workspace;

/// Workspaces one page may hold.
const MOST: usize = 5_000;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    admin::required_top(call, MOST)?;
    let parts = expand::asked(call)?;
    // A filter may speak of members that are not asked for.
    let mut known = parts.clone();
    if expand::is_filtered_by(call, "users") && !known.contains(&"users") {
        known.push("users");
    }
    let world = call.world();
    let here = world.workspaces.iter().filter(|home| home.tid == call.who.tid);
    let items = here.map(|home| {
        let mut item = shape(call, &world, home);
        expand::add(call, &world, home, &known, &mut item);
        item
    });
    let items = odata::filtered(call, items.collect())?;
    let count = items.len();
    let mut items = odata::slice(call, items)?;
    for item in &mut items {
        expand::trim(item, &parts, call);
    }
    let items: Vec<Value> = items.into_iter().map(Value::Object).collect();
    Ok(Answer::json(&Value::Object(object([
        ("@odata.context", admin::context("groups").into()),
        ("@odata.count", count.into()),
        ("value", items.into()),
    ]))))
}

pub(in crate::powerbi) fn get(call: &Call) -> Result<Answer, Refusal> {
    let parts = expand::asked(call)?;
    let id = call.id("workspace")?;
    let world = call.world();
    let home = world
        .workspaces
        .iter()
        .find(|home| home.id == id && home.tid == call.who.tid)
        .ok_or_else(Refusal::not_found)?;
    let mut item = shape(call, &world, home);
    if let Some(analytics) = world.tenancy.log_analytics.get(&id) {
        item.insert(
            "logAnalyticsWorkspace".to_owned(),
            Value::Object(analytics.fields.clone()),
        );
    }
    expand::add(call, &world, home, &parts, &mut item);
    item.insert("@odata.context".to_owned(), admin::context("groups/$entity").into());
    Ok(Answer::json(&Value::Object(item)))
}

/// One workspace as administrators see it.
fn shape(call: &Call, world: &World, home: &Workspace) -> Map<String, Value> {
    let capacity = home.capacity_at(call.now_ms);
    let kind = if home.personal_owner.is_some() {
        "PersonalGroup"
    } else {
        "Workspace"
    };
    let pipeline = world
        .pipelines
        .iter()
        .find(|pipeline| pipeline.stages.contains(&Some(home.id)));
    object([
        ("id", home.id.to_string().into()),
        ("isReadOnly", false.into()),
        ("isOnDedicatedCapacity", capacity.is_some().into()),
        ("capacityId", capacity.map(|id| id.to_string()).into()),
        (
            "defaultDatasetStorageFormat",
            capacity.map(|_| home.storage_format.clone()).into(),
        ),
        (
            "dataflowStorageId",
            home.dataflow_storage.map(|id| id.to_string()).into(),
        ),
        ("capacityMigrationStatus", "Migrated".into()),
        ("description", home.description.clone().into()),
        ("type", kind.into()),
        ("state", if home.deleted { "Deleted" } else { "Active" }.into()),
        ("name", home.name.clone().into()),
        ("pipelineId", pipeline.map(|pipeline| pipeline.id.to_string()).into()),
        (
            "hasWorkspaceLevelSettings",
            world.tenancy.log_analytics.contains_key(&home.id).into(),
        ),
    ])
}

/// The workspace in the path, unless it was deleted.
pub(super) fn workspace<'w>(call: &Call, world: &'w World) -> Result<&'w Workspace, Refusal> {
    let found = world.workspace(call.id("workspace")?);
    found
        .filter(|home| home.tid == call.who.tid)
        .ok_or_else(Refusal::not_found)
}

/// The same workspace, to change it.
pub(super) fn workspace_mut<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Workspace, Refusal> {
    let id = workspace(call, world)?.id;
    world.workspace_mut(id).ok_or_else(Refusal::not_found)
}

/// What a change of a workspace sets.
struct Change {
    name: Option<String>,
    description: Option<String>,
    format: Option<String>,
    /// The outer option tells whether it is set at all, the inner one whether it is taken away.
    analytics: Option<Option<LogAnalytics>>,
}

impl Change {
    fn read(fields: &Fields) -> Result<Change, Refusal> {
        let name = fields.find_text("name")?.map(str::trim).map(str::to_owned);
        if name.as_deref() == Some("") {
            return Err(Refusal::bad("name must not be blank"));
        }
        let change = Change {
            name,
            description: fields.find_text("description")?.map(str::to_owned),
            format: fields
                .find_text("defaultDatasetStorageFormat")?
                .map(workspaces::storage_format)
                .transpose()?,
            analytics: analytics(fields)?,
        };
        if change.name.is_none()
            && change.description.is_none()
            && change.format.is_none()
            && change.analytics.is_none()
        {
            return Err(Refusal::bad(
                "expected name, description, defaultDatasetStorageFormat or logAnalyticsWorkspace",
            ));
        }
        Ok(change)
    }
}

/// `null` takes the Log Analytics workspace away.
fn analytics(fields: &Fields) -> Result<Option<Option<LogAnalytics>>, Refusal> {
    let Some(given) = fields.find_object("logAnalyticsWorkspace")? else {
        let all = fields.clone().into_map();
        let is_null = all
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("logAnalyticsWorkspace") && value.is_null());
        return Ok(is_null.then_some(None));
    };
    id_field(&given, "subscriptionId")?.ok_or_else(|| Refusal::bad("subscriptionId is required"))?;
    given.text("resourceGroup")?;
    given.text("resourceName")?;
    Ok(Some(Some(LogAnalytics {
        fields: given.into_map(),
    })))
}

pub(in crate::powerbi) fn update(call: &Call) -> Result<Answer, Refusal> {
    let change = Change::read(&call.fields()?)?;
    let mut world = call.world();
    let home = workspace(call, &world)?;
    let (id, own_name) = (home.id, home.name.clone());
    if home.personal_owner.is_some() {
        return Err(Refusal::bad("My workspace cannot be changed"));
    }
    let needs_capacity = change.format.is_some() || change.analytics.is_some();
    if needs_capacity && world.capacity_of(id, call.now_ms).is_none() {
        return Err(Refusal::bad(
            "defaultDatasetStorageFormat and logAnalyticsWorkspace need a workspace on a capacity",
        ));
    }
    if let Some(name) = change
        .name
        .as_ref()
        .filter(|name| !name.eq_ignore_ascii_case(&own_name))
    {
        workspaces::refuse_name_in_use(&world, call, name)?;
    }
    match change.analytics {
        Some(Some(analytics)) => {
            world.tenancy.log_analytics.insert(id, analytics);
        }
        Some(None) => {
            world.tenancy.log_analytics.remove(&id);
        }
        None => {}
    }
    let home = workspace_mut(call, &mut world)?;
    home.name = change.name.unwrap_or(own_name);
    home.description = change.description.or_else(|| home.description.take());
    home.storage_format = change.format.unwrap_or_else(|| home.storage_format.clone());
    Ok(Answer::empty())
}

/// Brings a deleted workspace back, with a new administrator and, if need be, under a new name.
pub(in crate::powerbi) fn restore(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mail = fields.text("emailAddress")?;
    let (principal, _) = call
        .find_person(mail)
        .ok_or_else(|| Refusal::bad(format!("no person of the directory is named {mail:?}")))?;
    let id = call.id("workspace")?;
    let mut world = call.world();
    let deleted = world
        .workspaces
        .iter()
        .find(|home| home.id == id && home.tid == call.who.tid)
        .ok_or_else(Refusal::not_found)?;
    if !deleted.deleted {
        return Err(Refusal::bad("the workspace was not deleted"));
    }
    let name = fields.find_text("name")?.map(str::trim).filter(|name| !name.is_empty());
    let name = name.unwrap_or(&deleted.name).to_owned();
    workspaces::refuse_name_in_use(&world, call, &name)?;
    let home = world.workspaces.iter_mut().find(|home| home.id == id);
    let home = home.ok_or_else(Refusal::not_found)?;
    home.deleted = false;
    home.name = name;
    home.members.retain(|member| member.principal.oid() != principal.oid());
    home.members.push(Member {
        principal,
        role: Role::Admin,
    });
    Ok(Answer::empty())
}
