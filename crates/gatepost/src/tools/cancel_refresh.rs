//! `cancel_refresh`: stops the refresh of a semantic model that runs now.

use serde_json::{Map, Value, json};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Meant};
use super::outcome::Said;
use super::refreshes::{HISTORY, history, on};
use super::run_dax::title;
use super::tool::{Emits, Hints, Tool};

const CANCELS: &[&str] = &["datasets.cancel_refresh", "datasets.cancel_refresh_in_group"];

pub(super) const TOOL: Tool = Tool {
    name: "cancel_refresh",
    title: "Cancel a running refresh",
    description: "Stops the refresh of a semantic model that runs now. Only enhanced refreshes, started over the API on capacity, can be cancelled; Power BI refuses others. An administrator's approval may be needed.",
    input: r#"{
  "type": "object",
  "properties": {
    "model": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "semantic model: name, workspace/name, id, or pasted Power BI address"}
  },
  "required": ["model"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints {
        idempotent: true,
        ..Hints::CHANGES
    },
    operations: Emits::Listed(&[items::OPERATIONS, HISTORY, CANCELS]),
    needs: CANCELS,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "model").ok_or_else(|| Fault::Words("Give the semantic model.".into()))?;
    let model = items::model(context, asked, Meant::Change).await?;
    let newest = history(context, &model, 1).await?.into_iter().next();
    let Some(running) = newest.filter(super::refreshes::Refresh::is_running) else {
        return Ok(format!("{}: no refresh is running, so nothing was cancelled.", title(&model)).into());
    };
    let (operation, mut call) = on(&model, CANCELS)?;
    call.insert("refreshId".into(), json!(running.id));
    context.call(operation, call).await?;
    Ok(format!(
        "{}: Power BI was told to cancel the refresh that began at {}. refresh_status tells when it has stopped.",
        title(&model),
        running.started
    )
    .into())
}
