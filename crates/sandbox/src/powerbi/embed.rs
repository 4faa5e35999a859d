//! Embed tokens: opaque, short-lived, and good for nothing but being passed on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports;
use crate::powerbi::reports::id_field;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::powerbi::tiles;
use crate::world::World;
use crate::world::access::Role;
use crate::world::model::Model;
use crate::world::time;

/// Items of one kind a token may name.
const MOST_ITEMS: usize = 50;
/// How long a token lives when the request does not say.
const LIFETIME_MINUTES: i64 = 60;

/// A token for several items at once.
pub(super) fn generate(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let (models, reports, homes) = (
        ids(&fields, "datasets")?,
        ids(&fields, "reports")?,
        ids(&fields, "targetWorkspaces")?,
    );
    if models.is_empty() && reports.is_empty() {
        return Err(Refusal::bad("expected at least one of datasets and reports"));
    }
    let world = call.world();
    for id in reports {
        let report = world.report(id).ok_or_else(Refusal::not_found)?;
        rights::judge(world.report_rights(&call.who, report), Need::Read)?;
    }
    for id in models {
        let model = world.model(id).ok_or_else(Refusal::not_found)?;
        rights::judge(world.model_rights(&call.who, model), Need::Read)?;
        refuse_without_identity(model, &fields)?;
    }
    for id in homes {
        let role = world
            .workspace(id)
            .and_then(|workspace| workspace.role(&call.who))
            .ok_or_else(Refusal::no_workspace)?;
        if role < Role::Contributor {
            return Err(Refusal::no_right());
        }
    }
    token(call, &fields)
}

fn ids(fields: &Fields, name: &str) -> Result<Vec<Uuid>, Refusal> {
    let items = fields.objects(name)?;
    if items.len() > MOST_ITEMS {
        return Err(Refusal::bad(format!("{name} may hold at most {MOST_ITEMS} items")));
    }
    items
        .iter()
        .map(|item| id_field(item, "id")?.ok_or_else(|| Refusal::bad(format!("{name} needs an id for each item"))))
        .collect()
}

/// A token for a model with roles must say whose eyes it has.
fn refuse_without_identity(model: &Model, fields: &Fields) -> Result<(), Refusal> {
    if model.has_roles && fields.list("identities")?.is_empty() {
        return Err(Refusal::bad("the semantic model needs an effective identity"));
    }
    Ok(())
}

fn refuse_report_without_identity(world: &World, model: Option<Uuid>, fields: &Fields) -> Result<(), Refusal> {
    model
        .and_then(|id| world.model(id))
        .map_or(Ok(()), |model| refuse_without_identity(model, fields))
}

pub(super) fn for_report(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let world = call.world();
    let need = if fields.find_text("accessLevel")? == Some("Edit") {
        Need::Write
    } else {
        Need::Read
    };
    let model = rights::report(call, &world, need)?.0.model;
    refuse_report_without_identity(&world, model, &fields)?;
    token(call, &fields)
}

pub(super) fn for_model(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let world = call.world();
    refuse_without_identity(rights::model(call, &world, Need::Build)?.0, &fields)?;
    token(call, &fields)
}

pub(super) fn for_dashboard(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    rights::dashboard(call, &call.world(), Need::Read)?;
    token(call, &fields)
}

pub(super) fn for_tile(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let world = call.world();
    let (dashboard, _) = rights::dashboard(call, &world, Need::Read)?;
    let model = tiles::find(call, dashboard)?.model;
    refuse_report_without_identity(&world, model, &fields)?;
    token(call, &fields)
}

/// A token with which a report may be made over a model in the workspace.
pub(super) fn for_new_report(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    if !fields.text("accessLevel")?.eq_ignore_ascii_case("Create") {
        return Err(Refusal::bad("accessLevel must be Create"));
    }
    let id = id_field(&fields, "datasetId")?.ok_or_else(|| Refusal::bad("datasetId is required"))?;
    let mut world = call.world();
    call.home_as(&mut world, Role::Contributor)?;
    reports::buildable_model(call, &world, id)?;
    refuse_report_without_identity(&world, Some(id), &fields)?;
    token(call, &fields)
}

fn token(call: &Call, fields: &Fields) -> Result<Answer, Refusal> {
    let minutes = fields.find_integer("lifetimeInMinutes")?.unwrap_or(LIFETIME_MINUTES);
    if minutes < 1 {
        return Err(Refusal::bad("lifetimeInMinutes must be at least 1"));
    }
    let mut secret = [0; 96];
    call.sandbox.fill_random(&mut secret);
    let expires_ms = call.now_ms + minutes.min(LIFETIME_MINUTES) * time::MINUTE_MS;
    let item = object([
        ("token", Value::from(STANDARD.encode(secret))),
        ("tokenId", call.sandbox.new_id().into()),
        ("expiration", time::in_seconds(expires_ms).into()),
    ]);
    Ok(odata::complex(call, "GenerateTokenResponse", item))
}
