//! Deployments: copying the items of a stage to its neighbour, step by step.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::pipelines;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::powerbi::rights;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::infrastructure::Deployment;
use crate::world::infrastructure::Pairing;
use crate::world::infrastructure::Step;
use crate::world::time;

/// How long a deployment takes, and how much of that before its first step.
const TAKES_MS: i64 = 6_000;
const QUEUED_MS: i64 = 1_000;
/// Items one request may move, and deployments the list shows.
const MOST_ITEMS: usize = 300;
const LISTED: usize = 20;

pub(super) fn deploy_all(call: &Call) -> Result<Answer, Refusal> {
    deploy(call, &call.fields()?, None)
}

pub(super) fn deploy_some(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut chosen = Vec::new();
    for kind in ["datasets", "reports", "dashboards", "dataflows"] {
        for item in fields.objects(kind)? {
            chosen.push(id_field(&item, "sourceId")?.ok_or_else(|| Refusal::bad("sourceId is required"))?);
        }
    }
    if chosen.is_empty() || chosen.len() > MOST_ITEMS {
        return Err(Refusal::bad(format!("expected 1 to {MOST_ITEMS} items to deploy")));
    }
    deploy(call, &fields, Some(&chosen))
}

fn deploy(call: &Call, fields: &Fields, chosen: Option<&[Uuid]>) -> Result<Answer, Refusal> {
    let (from, to) = direction(fields)?;
    let mut world = call.world();
    let pipeline = pipelines::find(call, &world)?;
    pipelines::refuse_while_deploying(call, pipeline)?;
    let source = pipeline.stages[from].ok_or_else(|| Refusal::bad("the stage to deploy from has no workspace"))?;
    let target = pipeline.stages[to].ok_or_else(|| Refusal::bad("the stage to deploy to has no workspace"))?;
    for home in [source, target] {
        match world.workspace(home).and_then(|workspace| workspace.role(&call.who)) {
            Some(role) if role >= Role::Contributor => {}
            _ => return Err(Refusal::no_right()),
        }
    }
    let steps = steps(&mut world, source, target, chosen, from > to)?;
    refuse_by_options(&fields.find_object("options")?.unwrap_or_default(), &steps)?;
    let deployment = Deployment {
        id: world.fresh.id(Kind::Deployment),
        from,
        to,
        started_ms: call.now_ms,
        ends_ms: call.now_ms + TAKES_MS,
        by: rights::owner_name(call),
        note: fields.find_text("note")?.map(str::to_owned),
        steps,
        is_settled: false,
    };
    let item = shape(&deployment, call.now_ms, false);
    pipelines::find_mut(call, &mut world)?.deployments.insert(0, deployment);
    Ok(odata::entity(call, "operations", item).status(StatusCode::ACCEPTED))
}

/// From which stage to which.
fn direction(fields: &Fields) -> Result<(usize, usize), Refusal> {
    let order = fields
        .find_integer("sourceStageOrder")?
        .ok_or_else(|| Refusal::bad("sourceStageOrder is required"))?;
    let from = usize::try_from(order)
        .ok()
        .filter(|from| *from < 3)
        .ok_or_else(|| Refusal::bad("sourceStageOrder must be 0, 1 or 2"))?;
    let backward = fields.find_bool("isBackwardDeployment")?.unwrap_or(false);
    match (from, backward) {
        (2, false) => Err(Refusal::bad("nothing comes after the last stage")),
        (0, true) => Err(Refusal::bad("nothing comes before the first stage")),
        (from, false) => Ok((from, from + 1)),
        (from, true) => Ok((from, from - 1)),
    }
}

/// One step for each item: to its counterpart, or to a new copy.
fn steps(
    world: &mut World,
    source: Uuid,
    target: Uuid,
    chosen: Option<&[Uuid]>,
    backward: bool,
) -> Result<Vec<Step>, Refusal> {
    let mut items: Vec<(&'static str, Kind, Uuid, String)> = Vec::new();
    items.extend(
        world
            .dataflows
            .iter()
            .filter(|flow| flow.workspace == source)
            .map(|flow| ("DataflowDeployment", Kind::Dataflow, flow.id, flow.name.clone())),
    );
    items.extend(
        world
            .models
            .iter()
            .filter(|model| model.workspace == source)
            .map(|model| ("DatasetDeployment", Kind::Model, model.id, model.name.clone())),
    );
    items.extend(
        world
            .reports
            .iter()
            .filter(|report| report.workspace == source)
            .map(|report| ("ReportDeployment", Kind::Report, report.id, report.name.clone())),
    );
    items.extend(
        world
            .dashboards
            .iter()
            .filter(|board| board.workspace == source)
            .map(|board| ("DashboardDeployment", Kind::Dashboard, board.id, board.name.clone())),
    );
    if let Some(chosen) = chosen {
        if let Some(stranger) = chosen.iter().find(|id| !items.iter().any(|item| item.2 == **id)) {
            return Err(Refusal::bad(format!("the stage holds no item {stranger}")));
        }
        items.retain(|item| chosen.contains(&item.2));
    }
    let mut steps = Vec::new();
    for (kind, id_kind, id, name) in items {
        let pairing = world.pairings.iter().find(|pairing| {
            if backward {
                pairing.target == id
            } else {
                pairing.source == id
            }
        });
        let known = pairing.map(|pairing| if backward { pairing.source } else { pairing.target });
        let known = known.filter(|known| exists(world, *known, target));
        steps.push(Step {
            kind,
            source: id,
            target: known.unwrap_or_else(|| world.fresh.id(id_kind)),
            name,
            is_new: known.is_none(),
        });
    }
    Ok(steps)
}

fn exists(world: &World, id: Uuid, home: Uuid) -> bool {
    world
        .models
        .iter()
        .any(|model| model.id == id && model.workspace == home)
        || world
            .reports
            .iter()
            .any(|report| report.id == id && report.workspace == home)
        || world
            .dashboards
            .iter()
            .any(|board| board.id == id && board.workspace == home)
        || world
            .dataflows
            .iter()
            .any(|flow| flow.id == id && flow.workspace == home)
}

/// Without leave to create or overwrite, items that would need it stop the whole request.
fn refuse_by_options(options: &Fields, steps: &[Step]) -> Result<(), Refusal> {
    if !options.find_bool("allowCreateArtifact")?.unwrap_or(false) && steps.iter().any(|step| step.is_new) {
        return Err(Refusal::coded(
            "Alm_InvalidRequest_CreateNotAllowed",
            "new items need the option allowCreateArtifact",
        ));
    }
    if !options.find_bool("allowOverwriteArtifact")?.unwrap_or(false) && steps.iter().any(|step| !step.is_new) {
        return Err(Refusal::coded(
            "Alm_InvalidRequest_OverwriteNotAllowed",
            "items that are there need the option allowOverwriteArtifact",
        ));
    }
    Ok(())
}

/// Puts the copies of finished deployments into the world.
pub(super) fn settle(world: &mut World, now_ms: i64) {
    let mut finished = Vec::new();
    for pipeline in &mut world.pipelines {
        let stages = pipeline.stages;
        for deployment in pipeline
            .deployments
            .iter_mut()
            .filter(|deployment| !deployment.is_settled && deployment.ends_ms <= now_ms)
        {
            deployment.is_settled = true;
            finished.extend(stages[deployment.to].map(|home| (home, deployment.clone())));
        }
    }
    for (home, deployment) in finished {
        for step in &deployment.steps {
            copy(world, step, home);
            let (source, target) = if deployment.from < deployment.to {
                (step.source, step.target)
            } else {
                (step.target, step.source)
            };
            world
                .pairings
                .retain(|pairing| (pairing.source, pairing.target) != (source, target));
            world.pairings.push(Pairing {
                source,
                target,
                deployed_ms: deployment.ends_ms,
            });
        }
        rebind(world, &deployment);
    }
}

/// Copies one item; what belongs to the copy alone (rights, history, schedule) stays as it was.
fn copy(world: &mut World, step: &Step, home: Uuid) {
    if let Some(mut model) = world.model(step.source).cloned() {
        (model.id, model.workspace) = (step.target, home);
        match world.models.iter_mut().find(|known| known.id == step.target) {
            Some(known) => (known.name, known.data, known.has_roles) = (model.name, model.data, model.has_roles),
            None => {
                model.refreshes.clear();
                model.grants.clear();
                world.models.push(model);
            }
        }
    }
    if let Some(mut report) = world.report(step.source).cloned() {
        (report.id, report.workspace) = (step.target, home);
        match world.reports.iter_mut().find(|known| known.id == step.target) {
            Some(known) => (known.name, known.kind) = (report.name, report.kind),
            None => world.reports.push(report),
        }
    }
    if let Some(mut board) = world.dashboards.iter().find(|board| board.id == step.source).cloned() {
        (board.id, board.workspace) = (step.target, home);
        world.dashboards.retain(|known| known.id != step.target);
        world.dashboards.push(board);
    }
    if let Some(mut flow) = world.dataflows.iter().find(|flow| flow.id == step.source).cloned() {
        (flow.id, flow.workspace) = (step.target, home);
        flow.transactions.clear();
        world.dataflows.retain(|known| known.id != step.target);
        world.dataflows.push(flow);
    }
}

/// New reports read the copy of their model in the same stage.
fn rebind(world: &mut World, deployment: &Deployment) {
    for step in &deployment.steps {
        let Some(model) = world.report(step.source).and_then(|report| report.model) else {
            continue;
        };
        let forward = deployment.from < deployment.to;
        let pairing = world
            .pairings
            .iter()
            .find(|pairing| model == if forward { pairing.source } else { pairing.target });
        let Some(counterpart) = pairing.map(|pairing| if forward { pairing.target } else { pairing.source }) else {
            continue;
        };
        if let Some(report) = world.report_mut(step.target) {
            report.model = Some(counterpart);
        }
    }
}

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let deployments = pipelines::find(call, &world)?.deployments.iter().take(LISTED);
    let items: Vec<_> = deployments
        .map(|deployment| shape(deployment, call.now_ms, false))
        .collect();
    Ok(odata::list(call, "operations", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("operation")?;
    let world = call.world();
    let deployment = pipelines::find(call, &world)?
        .deployments
        .iter()
        .find(|deployment| deployment.id == id);
    Ok(odata::entity(
        call,
        "operations",
        shape(deployment.ok_or_else(Refusal::not_found)?, call.now_ms, true),
    ))
}

fn shape(deployment: &Deployment, now_ms: i64, with_plan: bool) -> Map<String, Value> {
    let status = match now_ms - deployment.started_ms {
        passed if passed < QUEUED_MS => "NotStarted",
        passed if passed < TAKES_MS => "Executing",
        _ => "Succeeded",
    };
    let has_begun = status != "NotStarted";
    let new = deployment.steps.iter().filter(|step| step.is_new).count();
    let note = deployment
        .note
        .as_ref()
        .map(|note| json!({"content": note, "isTruncated": false}));
    let plan = with_plan.then(|| plan(deployment, now_ms));
    let diff = json!({"newArtifactsCount": new, "differentArtifactsCount": deployment.steps.len() - new, "noDifferenceArtifactsCount": 0});
    object([
        ("id", deployment.id.to_string().into()),
        ("type", "Deploy".into()),
        ("status", status.into()),
        ("lastUpdatedTime", time::with_ms(now_ms.min(deployment.ends_ms)).into()),
        (
            "executionStartTime",
            has_begun
                .then(|| time::with_ms(deployment.started_ms + QUEUED_MS))
                .into(),
        ),
        (
            "executionEndTime",
            (status == "Succeeded")
                .then(|| time::with_ms(deployment.ends_ms))
                .into(),
        ),
        ("sourceStageOrder", deployment.from.into()),
        ("targetStageOrder", deployment.to.into()),
        (
            "performedBy",
            json!({"userPrincipalName": deployment.by, "principalType": "User"}),
        ),
        ("note", note.into()),
        (
            "preDeploymentDiffInformation",
            if with_plan { diff } else { Value::Null },
        ),
        ("executionPlan", plan.into()),
    ])
}

/// The steps, which end one after the other.
fn plan(deployment: &Deployment, now_ms: i64) -> Value {
    let count = i64::try_from(deployment.steps.len().max(1)).unwrap_or(i64::MAX);
    let each_ms = (TAKES_MS - QUEUED_MS) / count;
    let step = |(index, step): (i64, &Step)| {
        let begins_ms = deployment.started_ms + QUEUED_MS + index * each_ms;
        let status = match now_ms {
            now_ms if now_ms < begins_ms => "NotStarted",
            now_ms if now_ms < begins_ms + each_ms && now_ms < deployment.ends_ms => "Executing",
            _ => "Succeeded",
        };
        let kind = step.kind.trim_end_matches("Deployment").to_lowercase();
        json!({
            "index": index, "type": step.kind, "status": status, "preDeploymentDiffState": if step.is_new { "New" } else { "Different" },
            "sourceAndTarget": {"source": step.source, "sourceDisplayName": step.name, "target": step.target, "targetDisplayName": step.name, "type": kind},
        })
    };
    json!({"steps": (0..).zip(&deployment.steps).map(step).collect::<Vec<Value>>()})
}
