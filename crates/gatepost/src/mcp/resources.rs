//! What a person can reach as MCP resources. Each is read through the tool that tells of it, so that no gate is passed by.

use catalogue::Catalogue;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::tools;

const SCHEME: &str = "gatepost://";
const URI_MAX_BYTES: usize = 2048;
const TITLE_MAX: usize = 120;
/// RFC 3986 §2.3: what stands in a URI as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A kind of resource: its address, and the tool that tells of one.
pub(super) struct Kind {
    word: &'static str,
    /// The variable of its template, which completion knows too.
    pub variable: &'static str,
    title: &'static str,
    description: &'static str,
    tool: &'static str,
    argument: &'static str,
}

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        word: "workspace",
        variable: "workspace",
        title: "Workspace",
        description: "What a Power BI workspace is and holds, by name or id",
        tool: "describe_item",
        argument: "item",
    },
    Kind {
        word: "semantic-model",
        variable: "model",
        title: "Semantic model",
        description: "Tables, columns, measures and relationships of a semantic model, by name, workspace/name or id",
        tool: "describe_model",
        argument: "model",
    },
    Kind {
        word: "report",
        variable: "report",
        title: "Report",
        description: "Pages and sources of a report, by name, workspace/name or id",
        tool: "describe_item",
        argument: "item",
    },
    Kind {
        word: "operation",
        variable: "operation",
        title: "Operation of the Power BI REST API",
        description: "What an operation does, takes and answers",
        tool: "describe_operation",
        argument: "operation",
    },
];

impl Kind {
    /// The template of its addresses (RFC 6570).
    pub(super) fn template(&self) -> String {
        format!("{SCHEME}{}/{{{}}}", self.word, self.variable)
    }
}

/// The templates of what this caller can read.
pub(super) async fn templates(app: &App, caller: &Caller) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in &KINDS {
        if tools::can_use(app, caller, kind.tool).await {
            all.push(json!({
                "uriTemplate": kind.template(),
                "name": kind.word,
                "title": kind.title,
                "description": kind.description,
                "mimeType": "text/plain",
            }));
        }
    }
    all
}

/// The reference of operations by group, and the workspaces of this caller.
pub(super) async fn listed(app: &App, caller: &Caller) -> Vec<Value> {
    let mut all = Vec::new();
    if tools::can_use(app, caller, "find_operations").await {
        all.extend(Catalogue::builtin().groups().iter().map(|group| {
            json!({
                "uri": format!("{SCHEME}operations/{}", group.id),
                "name": group.id,
                "title": format!("Operations: {}", group.title),
                "description": "Operations of the Power BI REST API",
                "mimeType": "text/plain",
            })
        }));
    }
    for workspace in tools::names(app, caller, "workspace", "").await {
        let name = tools::short(&workspace.name, TITLE_MAX);
        all.push(json!({
            "uri": format!("{SCHEME}workspace/{}", utf8_percent_encode(&workspace.id, ENCODED)),
            "name": name,
            "title": format!("Workspace: {name}"),
            "mimeType": "text/plain",
        }));
    }
    all
}

/// The tool that tells of an address, and its arguments; nothing for an address that is none of ours.
pub(super) fn tool_of(uri: &str) -> Option<(&'static str, Map<String, Value>)> {
    let rest = uri.strip_prefix(SCHEME).filter(|_| uri.len() <= URI_MAX_BYTES)?;
    let (word, name) = rest.split_once('/')?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return None;
    }
    if word == "operations" {
        let arguments = [("text", "*"), ("group", name.as_ref())];
        return Some(("find_operations", arguments_of(&arguments)));
    }
    let kind = KINDS.iter().find(|it| it.word == word)?;
    Some((kind.tool, arguments_of(&[(kind.argument, name.as_ref())])))
}

fn arguments_of(pairs: &[(&str, &str)]) -> Map<String, Value> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect()
}
