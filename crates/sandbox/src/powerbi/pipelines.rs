//! Deployment pipelines: stages, members, workspaces.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::powerbi::workspaces;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::infrastructure::Pipeline;
use crate::world::time;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let items: Vec<_> = world
        .pipelines
        .iter()
        .filter(|pipeline| is_open(call, pipeline))
        .map(shape)
        .collect();
    Ok(odata::list(call, "pipelines", items))
}

fn is_open(call: &Call, pipeline: &Pipeline) -> bool {
    pipeline.tid == call.who.tid && pipeline.admins.iter().any(|principal| call.who.is(principal))
}

/// One pipeline as the API shows it.
pub(super) fn shape(pipeline: &Pipeline) -> Map<String, Value> {
    object([
        ("id", pipeline.id.to_string().into()),
        ("displayName", pipeline.name.clone().into()),
        ("description", pipeline.description.clone().into()),
    ])
}

/// The pipeline in the path, if the caller may use it.
pub(super) fn find<'w>(call: &Call, world: &'w World) -> Result<&'w Pipeline, Refusal> {
    let id = call.id("pipeline")?;
    let found = world
        .pipelines
        .iter()
        .find(|pipeline| pipeline.id == id && is_open(call, pipeline));
    found.ok_or(Refusal::Coded {
        status: StatusCode::NOT_FOUND,
        code: "Alm_InvalidRequest_PipelineNotFound",
        message: None,
    })
}

/// The same pipeline, to change it.
pub(super) fn find_mut<'w>(call: &Call, world: &'w mut World) -> Result<&'w mut Pipeline, Refusal> {
    let id = find(call, world)?.id;
    world
        .pipelines
        .iter_mut()
        .find(|pipeline| pipeline.id == id)
        .ok_or_else(Refusal::not_found)
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let pipeline = find(call, &world)?;
    let mut item = shape(pipeline);
    if call
        .query("$expand")
        .is_some_and(|expand| expand.eq_ignore_ascii_case("stages"))
    {
        let stages: Vec<Value> = stage_shapes(&world, pipeline).into_iter().map(Value::Object).collect();
        item.insert("stages".to_owned(), stages.into());
    }
    Ok(odata::entity(call, "pipelines", item))
}

/// The stages of a pipeline as the API shows them.
pub(super) fn stage_shapes(world: &World, pipeline: &Pipeline) -> Vec<Map<String, Value>> {
    let stage = |(order, id): (usize, &Option<Uuid>)| {
        let workspace = id.and_then(|id| world.workspace(id));
        object([
            ("order", order.into()),
            (
                "workspaceId",
                workspace.map(|workspace| workspace.id.to_string()).into(),
            ),
            (
                "workspaceName",
                workspace.map(|workspace| workspace.name.clone()).into(),
            ),
        ])
    };
    pipeline.stages.iter().enumerate().map(stage).collect()
}

pub(super) fn stages(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    Ok(odata::list(call, "stages", stage_shapes(&world, find(call, &world)?)))
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("displayName")?.to_owned();
    let admin = if call.who.app_only {
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
    let mut world = call.world();
    let pipeline = Pipeline {
        id: world.fresh.id(Kind::Pipeline),
        tid: call.who.tid.clone(),
        name,
        description: fields.find_text("description")?.unwrap_or_default().to_owned(),
        admins: vec![admin],
        stages: [None; 3],
        deployments: Vec::new(),
    };
    let item = shape(&pipeline);
    world.pipelines.push(pipeline);
    Ok(odata::entity(call, "pipelines", item).status(StatusCode::CREATED))
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let pipeline = find_mut(call, &mut world)?;
    if let Some(name) = fields.find_text("displayName")? {
        name.clone_into(&mut pipeline.name);
    }
    if let Some(description) = fields.find_text("description")? {
        description.clone_into(&mut pipeline.description);
    }
    let item = shape(pipeline);
    Ok(odata::entity(call, "pipelines", item))
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    refuse_while_deploying(call, find(call, &world)?)?;
    let id = find(call, &world)?.id;
    world.pipelines.retain(|pipeline| pipeline.id != id);
    Ok(Answer::empty())
}

/// Nothing about a pipeline changes under a running deployment.
pub(super) fn refuse_while_deploying(call: &Call, pipeline: &Pipeline) -> Result<(), Refusal> {
    if pipeline
        .deployments
        .iter()
        .any(|deployment| deployment.ends_ms > call.now_ms)
    {
        return Err(Refusal::coded(
            "Alm_InvalidRequest_DeploymentInProgress",
            "a deployment of the pipeline is running",
        ));
    }
    Ok(())
}

/// The number of the stage in the path.
pub(super) fn stage(call: &Call) -> Result<usize, Refusal> {
    let order = call.text("stage").parse().ok().filter(|order| *order < 3);
    order.ok_or_else(|| Refusal::bad("the stage must be 0, 1 or 2"))
}

pub(super) fn assign(call: &Call) -> Result<Answer, Refusal> {
    let wanted = id_field(&call.fields()?, "workspaceId")?.ok_or_else(|| Refusal::bad("workspaceId is required"))?;
    let order = stage(call)?;
    let mut world = call.world();
    refuse_while_deploying(call, find(call, &world)?)?;
    let role = world
        .workspace(wanted)
        .and_then(|workspace| workspace.role(&call.who))
        .ok_or_else(Refusal::no_workspace)?;
    if role < Role::Admin {
        return Err(Refusal::no_right());
    }
    if world.capacity_of(wanted, call.now_ms).is_none() {
        return Err(Refusal::bad("a workspace in a pipeline must be on a capacity"));
    }
    if world
        .pipelines
        .iter()
        .any(|pipeline| pipeline.stages.contains(&Some(wanted)))
    {
        return Err(Refusal::coded(
            "Alm_InvalidRequest_WorkspaceAlreadyAssigned",
            "the workspace is in a pipeline already",
        ));
    }
    let slot = &mut find_mut(call, &mut world)?.stages[order];
    if slot.is_some() {
        return Err(Refusal::coded(
            "Alm_InvalidRequest_StageAlreadyAssigned",
            "the stage has a workspace already",
        ));
    }
    *slot = Some(wanted);
    Ok(Answer::empty())
}

pub(super) fn unassign(call: &Call) -> Result<Answer, Refusal> {
    let order = stage(call)?;
    let mut world = call.world();
    refuse_while_deploying(call, find(call, &world)?)?;
    let slot = &mut find_mut(call, &mut world)?.stages[order];
    if slot.take().is_none() {
        return Err(Refusal::bad("the stage has no workspace"));
    }
    Ok(Answer::empty())
}

pub(super) fn users(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let items = find(call, &world)?.admins.iter().map(user_shape);
    Ok(odata::list(call, "users", items))
}

/// One administrator of a pipeline as the API shows them.
pub(super) fn user_shape(principal: &Principal) -> Map<String, Value> {
    object([
        ("identifier", principal.identifier().into()),
        ("principalType", principal.kind().into()),
        ("accessRight", "Admin".into()),
    ])
}

pub(super) fn add_user(call: &Call) -> Result<Answer, Refusal> {
    let principal = workspaces::principal(call, &call.fields()?)?;
    let mut world = call.world();
    let admins = &mut find_mut(call, &mut world)?.admins;
    admins.retain(|known| known.oid() != principal.oid());
    admins.push(principal);
    Ok(Answer::empty())
}

pub(super) fn delete_user(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    dismiss(&mut find_mut(call, &mut world)?.admins, call.text("user"))?;
    Ok(Answer::empty())
}

/// Takes somebody out of a pipeline.
pub(super) fn dismiss(admins: &mut Vec<Principal>, name: &str) -> Result<(), Refusal> {
    let place = admins
        .iter()
        .position(|principal| principal.is_named(name))
        .ok_or_else(Refusal::not_found)?;
    if admins.len() == 1 {
        return Err(Refusal::bad("a pipeline keeps at least one admin"));
    }
    admins.remove(place);
    Ok(())
}

/// The items of a stage, each with its counterparts before and behind.
pub(super) fn artifacts(call: &Call) -> Result<Answer, Refusal> {
    let order = stage(call)?;
    let world = call.world();
    let home = find(call, &world)?.stages[order].ok_or_else(|| Refusal::bad("the stage has no workspace"))?;
    let item = |id: Uuid, name: &str| {
        let source = world.pairings.iter().find(|pairing| pairing.target == id);
        let target = world.pairings.iter().find(|pairing| pairing.source == id);
        Value::Object(object([
            ("artifactId", id.to_string().into()),
            ("artifactDisplayName", name.into()),
            (
                "sourceArtifactId",
                source.map(|pairing| pairing.source.to_string()).into(),
            ),
            (
                "targetArtifactId",
                target.map(|pairing| pairing.target.to_string()).into(),
            ),
            (
                "lastDeploymentTime",
                source.map(|pairing| time::with_ms(pairing.deployed_ms)).into(),
            ),
        ]))
    };
    let models = world
        .models
        .iter()
        .filter(|model| model.workspace == home)
        .map(|model| item(model.id, &model.name));
    let reports = world
        .reports
        .iter()
        .filter(|report| report.workspace == home)
        .map(|report| item(report.id, &report.name));
    let dashboards = world
        .dashboards
        .iter()
        .filter(|board| board.workspace == home)
        .map(|board| item(board.id, &board.name));
    let dataflows = world
        .dataflows
        .iter()
        .filter(|flow| flow.workspace == home)
        .map(|flow| item(flow.id, &flow.name));
    Ok(Answer::json(&Value::Object(object([
        ("dataflows", dataflows.collect::<Vec<_>>().into()),
        ("datasets", models.collect::<Vec<_>>().into()),
        ("reports", reports.collect::<Vec<_>>().into()),
        ("dashboards", dashboards.collect::<Vec<_>>().into()),
    ]))))
}
