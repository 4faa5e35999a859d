//! `import_file`: puts a small file into a workspace and waits for what becomes of it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::arguments::{text, whole};
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Item, Kind, Meant};
use super::outcome::Said;
use super::text::{DATA_NOTE, short, table};
use super::tool::{Emits, Hints, Tool};
use crate::call::{File, Request};

const USUAL_WAIT: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_secs(2);
const STARTS: &[&str] = &["imports.create_in_group"];
const LOOKS: &[&str] = &["imports.get_in_group"];

pub(super) const TOOL: Tool = Tool {
    name: "import_file",
    title: "Import a file into a workspace",
    description: "Puts a file into a workspace and waits for the items it becomes: pbix a report with its model, xlsx a model, rdl a paginated report, model.json a dataflow. Give exactly one of text, base64 or onedrive_url. Up to 700 kB here; larger files go through the REST proxy. An administrator's approval may be needed.",
    input: r#"{
  "type": "object",
  "properties": {
    "workspace": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "workspace: name, id or pasted address"},
    "file_name": {"type": "string", "minLength": 5, "maxLength": 200, "pattern": "^([^\\u0000-\\u001f\"\\\\/:*?<>|]+\\.([pP][bB][iI][xX]|[xX][lL][sS][xX]|[rR][dD][lL])|model\\.json)$", "description": "name with its extension: .pbix, .xlsx or .rdl, or model.json; the item gets the name without it"},
    "text": {"type": "string", "minLength": 1, "maxLength": 1000000, "description": "the file's content, if it is text (rdl, model.json)"},
    "base64": {"type": "string", "minLength": 4, "maxLength": 1000000, "description": "the file's content in base64"},
    "onedrive_url": {"type": "string", "minLength": 10, "maxLength": 2000, "description": "address of an xlsx on OneDrive for Business instead of content"},
    "if_exists": {"type": "string", "enum": ["fail", "replace"], "description": "what to do when an item has that name; fail if absent"},
    "wait_seconds": {"type": "integer", "minimum": 0, "maximum": 60, "description": "how long to wait for the end; 45 if absent"}
  },
  "required": ["workspace", "file_name"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::CHANGES,
    operations: Emits::Listed(&[items::OPERATIONS, STARTS, LOOKS]),
    needs: STARTS,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

/// Where the content comes from.
enum Content {
    Bytes(Bytes),
    OneDrive(String),
}

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let name = text(arguments, "file_name").ok_or_else(|| Fault::Words("Give file_name.".into()))?;
    let is_replace = text(arguments, "if_exists") == Some("replace");
    let conflict = conflict(name, is_replace)?;
    let content = content(arguments, name)?;
    let asked = text(arguments, "workspace").ok_or_else(|| Fault::Words("Give the workspace.".into()))?;
    let workspace = items::resolve(context, asked, &[Kind::Workspace], Meant::Change).await?;
    let mut call = Request::arguments_of([
        ("groupId", json!(workspace.id)),
        ("datasetDisplayName", json!(name)),
        ("nameConflict", json!(conflict)),
    ]);
    let begun = match content {
        Content::Bytes(bytes) => {
            let file = File {
                name: name.to_owned(),
                bytes,
            };
            context.upload(STARTS[0], call, file).await?
        }
        Content::OneDrive(url) => {
            call.insert("body".into(), json!({ "filePath": url, "connectionType": "import" }));
            context.json(STARTS[0], call).await?
        }
    };
    let import = begun["id"].as_str().ok_or(Fault::Unreadable)?.to_owned();
    let usual = context.progress.longest_wait(USUAL_WAIT);
    let longest = whole(arguments, "wait_seconds").map_or(usual, |it| Duration::from_secs(it as u64));
    wait(context, &workspace, name, &import, longest).await
}

/// What Power BI calls it; each kind of file knows other words (Imports - Post Import In Group, `nameConflict`).
fn conflict(name: &str, is_replace: bool) -> Result<&'static str, Fault> {
    let is_rdl = name.to_ascii_lowercase().ends_with(".rdl");
    match (is_replace, is_rdl, name == "model.json") {
        (false, ..) => Ok("Abort"),
        (true, true, _) => Ok("Overwrite"),
        (true, _, true) => Err(Fault::Words(
            "Power BI replaces no dataflow by an import. Leave if_exists out, and give the dataflow another name inside the file if its own is taken.".into(),
        )),
        (true, ..) => Ok("CreateOrOverwrite"),
    }
}

fn content(arguments: &Map<String, Value>, name: &str) -> Result<Content, Fault> {
    // The space around a file's text is part of it.
    let plain = arguments.get("text").and_then(Value::as_str);
    match (plain, text(arguments, "base64"), text(arguments, "onedrive_url")) {
        (Some(plain), None, None) => Ok(Content::Bytes(Bytes::from(plain.to_owned()))),
        (None, Some(coded), None) => {
            let bytes = STANDARD.decode(coded);
            let bytes = bytes.map_err(|_| Fault::Words("base64 is not base64 (RFC 4648 §4, with padding).".into()))?;
            Ok(Content::Bytes(bytes.into()))
        }
        (None, None, Some(url)) if name.to_ascii_lowercase().ends_with(".xlsx") => {
            Ok(Content::OneDrive(url.to_owned()))
        }
        (None, None, Some(_)) => Err(Fault::Words("From OneDrive, Power BI imports xlsx files only.".into())),
        _ => Err(Fault::Words(
            "Give exactly one of text, base64 and onedrive_url.".into(),
        )),
    }
}

async fn wait(
    context: &Context<'_>,
    workspace: &Item,
    name: &str,
    import: &str,
    longest: Duration,
) -> Result<Said, Fault> {
    let began = Instant::now();
    let call = || Request::arguments_of([("groupId", json!(workspace.id)), ("importId", json!(import))]);
    let title = format!("{} into {}", short(name, 120), short(&workspace.name, 120));
    loop {
        let looked = context.json(LOOKS[0], call()).await?;
        match looked["importState"].as_str().unwrap_or("unknown") {
            "Succeeded" => return Ok(done(&title, &looked).into()),
            "Failed" => {
                let error = short(&looked["error"].to_string(), 500);
                return Err(Fault::Words(format!(
                    "{title}: the import failed, and nothing was created. Power BI says: “{error}”."
                )));
            }
            _ => {}
        }
        if longest < began.elapsed() + LOOK_EVERY {
            return Ok(format!(
                "{title}: the import was started and still runs. Ask again with call_read_operation, operation imports.get_in_group, groupId {}, importId {import}; do not start it again.",
                workspace.id
            )
            .into());
        }
        context
            .progress
            .say(began.elapsed().as_secs_f64(), None, "the import is running");
        sleep(LOOK_EVERY).await;
    }
}

fn done(title: &str, import: &Value) -> String {
    let mut lines = Vec::new();
    for (list, kind, id) in [
        ("datasets", "semantic model", "id"),
        ("reports", "report", "id"),
        ("dataflows", "dataflow", "objectId"),
    ] {
        for item in import[list].as_array().into_iter().flatten() {
            let of = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            lines.push(vec![kind.to_owned(), of("name"), of(id)]);
        }
    }
    let list = table(&["type", "name", "id"], &lines, 6_000).0;
    format!("{title}: imported.\n{DATA_NOTE}\n{list}")
}
