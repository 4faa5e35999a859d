//! `completion/complete`: names for the arguments of prompts and templates, from what the caller can reach.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::mcp::fixture;
use crate::mcp::prompts;
use crate::mcp::resources;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::tools;

/// 2026-07-28, completion: at most a hundred values.
const MOST: usize = 100;
const TEXT_MAX: usize = 200;

/// The values that fit what was typed so far.
pub(super) async fn complete(app: &App, caller: &Caller, message: &Message) -> Result<Value, Failure> {
    let params = &message.params;
    let text = |place: &str, name: &str| {
        let value = params.get(place).and_then(|it| it.get(name)).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let missing = || Failure::invalid_params("expected `ref` and `argument` with `name` and `value`");
    let (argument, typed) = (text("argument", "name"), text("argument", "value"));
    let (argument, typed) = (argument.ok_or_else(missing)?, typed.ok_or_else(missing)?);
    let typed: String = typed.chars().take(TEXT_MAX).collect();
    let found = match text("ref", "type").as_deref() {
        Some("ref/prompt") => {
            let name = text("ref", "name").ok_or_else(missing)?;
            if let Some(values) = fixture::completion(app, &name) {
                return Ok(said(values));
            }
            let prompt = prompts::ALL.iter().find(|it| it.name == name);
            prompt.is_some_and(|it| it.arguments.iter().any(|it| it.name == argument))
        }
        Some("ref/resource") => {
            let uri = text("ref", "uri").ok_or_else(missing)?;
            let mut kinds = resources::KINDS.iter().filter(|it| it.template() == uri);
            kinds.any(|it| it.variable == argument)
        }
        _ => return Err(missing()),
    };
    if !found {
        return Err(Failure::invalid_params("there is no such prompt, template or argument"));
    }
    Ok(said(values(app, caller, &argument, &typed).await))
}

async fn values(app: &App, caller: &Caller, argument: &str, typed: &str) -> Vec<String> {
    let kind = match argument {
        "workspace" => "workspace",
        "model" => "semantic_model",
        "report" => "report",
        "operation" => return tools::operations_like(app, caller, typed).await,
        // Nobody's data can complete a month.
        _ => return vec![],
    };
    let named = tools::names(app, caller, kind, typed).await;
    let mut count: HashMap<&str, usize> = HashMap::new();
    named.iter().for_each(|it| *count.entry(&it.name).or_default() += 1);
    let mut seen = HashSet::new();
    let value = |it: &tools::Named| {
        // A name that stands in two workspaces means an item only together with its workspace.
        let is_alone = it.workspace.is_empty() || count[it.name.as_str()] == 1;
        let value = if is_alone {
            it.name.clone()
        } else {
            format!("{}/{}", it.workspace, it.name)
        };
        tools::short(&value, TEXT_MAX)
    };
    named.iter().map(value).filter(|it| seen.insert(it.clone())).collect()
}

fn said(values: Vec<String>) -> Value {
    let total = values.len();
    let shown: Vec<String> = values.into_iter().take(MOST).collect();
    json!({ "completion": { "values": shown, "total": total, "hasMore": MOST < total } })
}
