//! `deploy_stage`: moves the content of one stage of a deployment pipeline to the next.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::arguments::{text, whole};
use super::context::Context;
use super::fault::Fault;
use super::items::{Fit, Reference, fit, parse};
use super::outcome::Said;
use super::text::{DATA_NOTE, counted, short, table};
use super::tool::{Emits, Hints, Tool};
use crate::call::Request;

const USUAL_WAIT: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_secs(3);
const READS: &[&str] = &[
    "pipelines.list",
    "pipelines.list_stages",
    "pipelines.list_stage_items",
    "pipelines.get_operation",
];
const DEPLOYS: &[&str] = &["pipelines.deploy_all"];
const LISTS: [(&str, &str); 4] = [
    ("datasets", "semantic model"),
    ("reports", "report"),
    ("dashboards", "dashboard"),
    ("dataflows", "dataflow"),
];

pub(super) const TOOL: Tool = Tool {
    name: "deploy_stage",
    title: "Deploy a pipeline stage",
    description: "Deploys everything in one stage of a deployment pipeline to the next stage and waits for the end. Call it with preview first: it then only tells what would be created and overwritten. An administrator's approval may be needed.",
    input: r#"{
  "type": "object",
  "properties": {
    "pipeline": {"type": "string", "minLength": 1, "maxLength": 300, "description": "deployment pipeline: name or id"},
    "from_stage": {"type": "string", "enum": ["development", "test"], "description": "the stage to deploy from"},
    "preview": {"type": "boolean", "description": "only tell what would happen"},
    "note": {"type": "string", "maxLength": 500, "description": "note kept with the deployment"},
    "wait_seconds": {"type": "integer", "minimum": 0, "maximum": 60, "description": "how long to wait for the end; 45 if absent"}
  },
  "required": ["pipeline", "from_stage"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::CHANGES,
    operations: Emits::Listed(&[READS, DEPLOYS]),
    needs: DEPLOYS,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "pipeline").ok_or_else(|| Fault::Words("Give the pipeline.".into()))?;
    let from = if text(arguments, "from_stage") == Some("test") {
        1
    } else {
        0
    };
    let (id, name) = pipeline(context, asked).await?;
    if arguments.get("preview").and_then(Value::as_bool) == Some(true) {
        return preview(context, &id, &name, from).await;
    }
    let options = json!({ "allowCreateArtifact": true, "allowOverwriteArtifact": true });
    let mut body = json!({ "sourceStageOrder": from, "options": options });
    if let Some(note) = text(arguments, "note") {
        body["note"] = json!(note);
    }
    let call = Request::arguments_of([("pipelineId", json!(id)), ("body", body)]);
    let begun = context.json(DEPLOYS[0], call).await?;
    let operation = begun["id"].as_str().ok_or(Fault::Unreadable)?.to_owned();
    let usual = context.progress.longest_wait(USUAL_WAIT);
    let longest = whole(arguments, "wait_seconds").map_or(usual, |it| Duration::from_secs(it as u64));
    wait(context, (&id, &name), &operation, longest).await
}

/// The pipeline of this id or name.
async fn pipeline(context: &Context<'_>, asked: &str) -> Result<(String, String), Fault> {
    let all = context.list("pipelines.list", Map::new()).await?;
    let of = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    let is_it = |it: &&Value| match parse(asked) {
        Ok(Reference::Id(id)) => of(it, "id").eq_ignore_ascii_case(&id),
        _ => fit(asked, &of(it, "displayName")).is_some_and(|it| it <= Fit::Same),
    };
    let hits: Vec<&Value> = all.iter().filter(is_it).collect();
    if let [only] = hits[..] {
        return Ok((of(only, "id"), of(only, "displayName")));
    }
    let shown = if hits.is_empty() { all.iter().collect() } else { hits };
    let lines: Vec<_> = shown
        .iter()
        .take(30)
        .map(|it| vec![of(it, "displayName"), of(it, "id")])
        .collect();
    let list = table(&["pipeline", "id"], &lines, 6_000).0;
    let words = format!("Give one of these pipelines by name or id.\n{DATA_NOTE}\n{list}");
    Err(if lines.is_empty() {
        Fault::NotFound("There is no deployment pipeline this person can see.".into())
    } else {
        Fault::NotFound(words)
    })
}

/// What would be created and what overwritten.
async fn preview(context: &Context<'_>, id: &str, name: &str, from: u8) -> Result<Said, Fault> {
    let call = Request::arguments_of([("pipelineId", json!(id)), ("stageOrder", json!(from))]);
    let items = context.json("pipelines.list_stage_items", call).await?;
    let mut lines = Vec::new();
    for (list, kind) in LISTS {
        for item in items[list].as_array().into_iter().flatten() {
            let is_there = item["targetArtifactId"].is_string();
            let what = if is_there { "overwrite" } else { "create" };
            let name = item["artifactDisplayName"].as_str().unwrap_or_default();
            lines.push(vec![what.to_owned(), kind.to_owned(), name.to_owned()]);
        }
    }
    lines.sort();
    let overwritten = lines.iter().filter(|it| it[0] == "overwrite").count();
    let list = table(&["would", "type", "name"], &lines, 20_000).0;
    Ok(format!(
        "{} from {} to {}: {} would be deployed, {overwritten} of them over what is there. Nothing was changed.\n{DATA_NOTE}\n{list}",
        short(name, 120),
        stage(from),
        stage(from + 1),
        counted(lines.len(), "item"),
    )
    .into())
}

fn stage(order: u8) -> &'static str {
    match order {
        0 => "development",
        1 => "test",
        _ => "production",
    }
}

async fn wait(
    context: &Context<'_>,
    (id, name): (&str, &str),
    operation: &str,
    longest: Duration,
) -> Result<Said, Fault> {
    let began = Instant::now();
    let call = || Request::arguments_of([("pipelineId", json!(id)), ("operationId", json!(operation))]);
    loop {
        let status = context.json("pipelines.get_operation", call()).await?;
        let word = status["status"].as_str().unwrap_or("unknown");
        match word {
            "Succeeded" => return Ok(format!("{}: the deployment succeeded.", short(name, 120)).into()),
            "Failed" => {
                let error = short(&status["error"].to_string(), 500);
                return Err(Fault::Words(format!(
                    "{}: the deployment failed. Power BI says: “{error}”. Look at its steps with call_read_operation, pipelines.get_operation, pipelineId {id}, operationId {operation}.",
                    short(name, 120)
                )));
            }
            _ => {}
        }
        if longest < began.elapsed() + LOOK_EVERY {
            return Ok(format!(
                "{}: the deployment was started and still runs ({}). Ask again with call_read_operation, operation pipelines.get_operation, pipelineId {id}, operationId {operation}; do not start it again.",
                short(name, 120),
                short(word, 40)
            )
            .into());
        }
        let waited = began.elapsed().as_secs_f64();
        context.progress.say(waited, None, "the deployment is running");
        sleep(LOOK_EVERY).await;
    }
}
