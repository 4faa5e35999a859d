//! Every deployment pipeline of the organisation, and who manages it.

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::pipelines;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::workspaces;
use crate::world::World;
use crate::world::infrastructure::Pipeline;

/// Pipelines one page may hold.
const MOST: usize = 5_000;

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    if call.query("$top").is_some() {
        admin::required_top(call, MOST)?;
    }
    let world = call.world();
    let own = world.pipelines.iter().filter(|pipeline| pipeline.tid == call.who.tid);
    let items = own.map(|pipeline| {
        let mut item = pipelines::shape(pipeline);
        item.insert("users".to_owned(), values(users(pipeline)));
        if admin::expands(call, "stages") {
            item.insert("stages".to_owned(), values(pipelines::stage_shapes(&world, pipeline)));
        }
        item
    });
    // A filter may speak of users that are not asked for.
    let mut items = odata::filtered(call, items.collect())?;
    if !admin::expands(call, "users") {
        for item in &mut items {
            item.remove("users");
        }
    }
    Ok(admin::list("pipelines", odata::slice(call, items)?))
}

fn values(items: Vec<Map<String, Value>>) -> Value {
    items.into_iter().map(Value::Object).collect()
}

fn users(pipeline: &Pipeline) -> Vec<Map<String, Value>> {
    pipeline.admins.iter().map(pipelines::user_shape).collect()
}

fn find(call: &Call, world: &World) -> Result<Uuid, Refusal> {
    let id = call.id("pipeline")?;
    let known = |pipeline: &Pipeline| pipeline.id == id && pipeline.tid == call.who.tid;
    match world.pipelines.iter().any(known) {
        true => Ok(id),
        false => Err(Refusal::not_found()),
    }
}

fn find_mut<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Pipeline, Refusal> {
    let id = find(call, world)?;
    let found = world.pipelines.iter_mut().find(|pipeline| pipeline.id == id);
    found.ok_or_else(Refusal::not_found)
}

pub(in crate::powerbi) fn list_users(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    Ok(admin::list("users", users(find_mut(call, &mut world)?)))
}

pub(in crate::powerbi) fn add_user(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    fields.text("identifier")?;
    fields.text("principalType")?;
    if fields
        .find_text("accessRight")?
        .is_some_and(|right| !right.eq_ignore_ascii_case("Admin"))
    {
        return Err(Refusal::bad("accessRight must be Admin"));
    }
    let principal = workspaces::principal(call, &fields)?;
    let mut world = call.world();
    let admins = &mut find_mut(call, &mut world)?.admins;
    admins.retain(|known| known.oid() != principal.oid());
    admins.push(principal);
    Ok(Answer::empty())
}

pub(in crate::powerbi) fn delete_user(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    pipelines::dismiss(&mut find_mut(call, &mut world)?.admins, call.text("identifier"))?;
    Ok(Answer::empty())
}
