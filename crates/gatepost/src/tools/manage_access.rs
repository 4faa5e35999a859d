//! `manage_access`: who has which role in a workspace, and giving, changing or taking one.

use serde_json::{Map, Value, json};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Kind, Meant};
use super::outcome::Said;
use super::text::{cell, short};
use super::tool::{Emits, Hints, Tool};
use crate::call::Request;

const LISTS: &[&str] = &["groups.list_users"];
const CHANGES: &[&str] = &["groups.add_user", "groups.update_user", "groups.delete_user"];

pub(super) const TOOL: Tool = Tool {
    name: "manage_access",
    title: "Manage access to a workspace",
    description: "Gives a person, group or service principal a role in a workspace, changes the role, or takes it away. Looks at the members first and says what changed. An administrator's approval may be needed.",
    input: r#"{
  "type": "object",
  "properties": {
    "workspace": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "workspace: name, id or pasted address"},
    "who": {"type": "string", "minLength": 1, "maxLength": 320, "description": "sign-in name of a person, or object id of a group or service principal"},
    "kind": {"type": "string", "enum": ["person", "group", "service_principal"], "description": "what who is; person if absent"},
    "role": {"type": "string", "enum": ["admin", "member", "contributor", "viewer", "none"], "description": "the role to have; none takes it away"}
  },
  "required": ["workspace", "who", "role"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints {
        idempotent: true,
        ..Hints::CHANGES
    },
    operations: Emits::Listed(&[items::OPERATIONS, LISTS, CHANGES]),
    needs: CHANGES,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let given = |name: &str| text(arguments, name).ok_or_else(|| Fault::Words(format!("Give {name}.")));
    let (asked, who) = (given("workspace")?, given("who")?);
    let role = right(given("role")?);
    let kind = match text(arguments, "kind") {
        Some("group") => "Group",
        Some("service_principal") => "App",
        _ => "User",
    };
    let workspace = items::resolve(context, asked, &[Kind::Workspace], Meant::Change).await?;
    let place = || Request::arguments_of([("groupId", json!(workspace.id))]);
    let members = context.list(LISTS[0], place()).await?;
    let is_it = |it: &&Value| {
        let names = ["identifier", "emailAddress", "graphId"]
            .iter()
            .filter_map(|name| it[*name].as_str());
        names.into_iter().any(|name| name.eq_ignore_ascii_case(who))
    };
    let before = members
        .iter()
        .find(is_it)
        .and_then(|it| it["groupUserAccessRight"].as_str());
    let (title, who) = (short(&cell(&workspace.name), 120), short(&cell(who), 120));
    let mut call = place();
    let operation = match (before, role) {
        (None, None) => return Ok(format!("{who} has no role in {title}; nothing was changed.").into()),
        (Some(before), Some(role)) if before.eq_ignore_ascii_case(role) => {
            return Ok(format!("{who} is {before} of {title} already; nothing was changed.").into());
        }
        (Some(_), None) => {
            call.insert("user".into(), json!(who));
            "groups.delete_user"
        }
        (before, Some(role)) => {
            let body = json!({ "identifier": who, "principalType": kind, "groupUserAccessRight": role });
            call.insert("body".into(), body);
            if before.is_some() {
                "groups.update_user"
            } else {
                "groups.add_user"
            }
        }
    };
    context.call(operation, call).await?;
    let (before, after) = (before.unwrap_or("no role"), role.unwrap_or("no role"));
    Ok(format!("{who} in {title}: {after} (before: {before}). It may take a few minutes to be felt.").into())
}

fn right(role: &str) -> Option<&'static str> {
    match role {
        "admin" => Some("Admin"),
        "member" => Some("Member"),
        "contributor" => Some("Contributor"),
        "viewer" => Some("Viewer"),
        _ => None,
    }
}
