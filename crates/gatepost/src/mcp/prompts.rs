//! Ready-made requests a person can start from. They read nothing of Power BI's: the tools they name do, under every policy.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::mcp::rpc::Failure;
use crate::tools;

const ARGUMENT_MAX: usize = 300;

/// One prompt.
pub(super) struct Prompt {
    pub name: &'static str,
    title: &'static str,
    description: &'static str,
    pub arguments: &'static [Argument],
    /// It is offered to those who can use this tool.
    tool: &'static str,
    /// What the person says; `{name}` stands for an argument.
    text: &'static str,
}

/// A value that the person gives.
pub(super) struct Argument {
    pub name: &'static str,
    description: &'static str,
    is_required: bool,
}

pub(super) const ALL: [Prompt; 3] = [
    Prompt {
        name: "explore_model",
        title: "Explore a semantic model",
        description: "What a semantic model holds, and the questions it can answer",
        arguments: &[Argument {
            name: "model",
            description: "semantic model: name, workspace/name, id or pasted address",
            is_required: true,
        }],
        tool: "describe_model",
        text: "Help me to know the semantic model {model}.\n\
            1. Read it with describe_model. If it is large, begin with its tables and measures.\n\
            2. Tell me in plain words what it is about, its most important measures, and how its tables relate.\n\
            3. Run two or three small queries with run_dax that show typical numbers, such as totals by period or by region.\n\
            4. End with five questions that this model can answer well.",
    },
    Prompt {
        name: "investigate_refresh",
        title: "Investigate a failed refresh",
        description: "Why the last refreshes of a semantic model failed, and who can mend it",
        arguments: &[Argument {
            name: "model",
            description: "semantic model: name, workspace/name, id or pasted address",
            is_required: true,
        }],
        tool: "refresh_status",
        text: "The semantic model {model} does not refresh as it should. Find out why.\n\
            1. Read its history and schedule with refresh_status, and its data sources with describe_item.\n\
            2. Tell me which runs failed, since when, and what failed first.\n\
            3. Explain the cause in plain words, who can mend it (its owner, a gateway's administrator, a tenant's administrator, I) and the steps.\n\
            4. Do not start a refresh unless I ask for one.",
    },
    Prompt {
        name: "monthly_report_pack",
        title: "Monthly report pack",
        description: "The reports of a workspace as files, with the numbers that matter",
        arguments: &[
            Argument {
                name: "workspace",
                description: "workspace: name or id",
                is_required: true,
            },
            Argument {
                name: "month",
                description: "month such as 2026-10; the last full month if absent",
                is_required: false,
            },
        ],
        tool: "export_report",
        text: "Prepare the monthly pack of the workspace {workspace} for {month}.\n\
            1. List its reports with describe_item, and check with refresh_status that their semantic models were refreshed since the month ended.\n\
            2. Export each report as PDF with export_report, one after the other, and give me the links.\n\
            3. Query the main figures of the month with run_dax and compare them with the month before.\n\
            4. Write a summary of at most one page: what changed, what stands out, which report shows it. Say plainly what could not be exported or queried, and why.",
    },
];

impl Prompt {
    fn listed(&self) -> Value {
        let arguments: Vec<Value> = self
            .arguments
            .iter()
            .map(|it| json!({ "name": it.name, "description": it.description, "required": it.is_required }))
            .collect();
        json!({ "name": self.name, "title": self.title, "description": self.description, "arguments": arguments })
    }

    fn filled(&self, given: &Map<String, Value>) -> Result<String, Failure> {
        let known = |name: &String| self.arguments.iter().any(|it| it.name == name);
        if !given.keys().all(known) {
            let names: Vec<_> = self.arguments.iter().map(|it| it.name).collect();
            let message = format!("expected only the arguments {}", names.join(", "));
            return Err(Failure::invalid_params(message));
        }
        let mut text = self.text.to_owned();
        for argument in self.arguments {
            let value = match given.get(argument.name) {
                Some(Value::String(value)) if !value.trim().is_empty() => tools::short(value.trim(), ARGUMENT_MAX),
                None | Some(Value::String(_)) if !argument.is_required => "the last full month".to_owned(),
                _ => {
                    let message = format!("expected the argument {} to be a text", argument.name);
                    return Err(Failure::invalid_params(message));
                }
            };
            text = text.replace(&format!("{{{}}}", argument.name), &format!("“{value}”"));
        }
        Ok(text)
    }
}

/// The prompts this caller can use.
pub(super) async fn listed(app: &App, caller: &Caller) -> Vec<Value> {
    let mut all = Vec::new();
    for prompt in &ALL {
        if tools::can_use(app, caller, prompt.tool).await {
            all.push(prompt.listed());
        }
    }
    all
}

/// `prompts/get`. One that is hidden from the caller and one that does not exist are the same.
pub(super) async fn get(app: &App, caller: &Caller, name: &str, given: &Map<String, Value>) -> Result<Value, Failure> {
    let found = ALL.iter().find(|it| it.name == name);
    let Some(prompt) = found.filter(|_| name.len() <= 128) else {
        return Err(unknown(name));
    };
    if !tools::can_use(app, caller, prompt.tool).await {
        return Err(unknown(name));
    }
    let content = json!({ "type": "text", "text": prompt.filled(given)? });
    Ok(json!({ "description": prompt.description, "messages": [{ "role": "user", "content": content }] }))
}

fn unknown(name: &str) -> Failure {
    let name: String = name.chars().take(64).collect();
    Failure::invalid_params(format!("there is no prompt {}", name.escape_debug()))
}
