//! Which Power BI objects a request names, in its path and in its body.

use serde_json::Value;

use crate::body;
use crate::operation::ItemKind;

/// One object a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub kind: ItemKind,
    pub id: String,
    /// The path value or body field that names it, e.g. `groupId` or `body.targetWorkspaceId`.
    pub place: String,
}

/// Every object a request names, those of the path first.
///
/// Invariant: a body can lead out of the workspace of the path, so policies must see these.
pub(crate) fn named(path_values: &[(String, String)], body: Option<(&Value, &Value)>) -> Vec<Object> {
    let mut objects = Vec::new();
    for (name, value) in path_values {
        if let Some(kind) = ItemKind::named_by(name) {
            push(&mut objects, kind, value, name);
        }
    }
    if let Some((schema, body)) = body {
        search(schema, body, None, "body", &mut objects);
    }
    objects
}

/// Adds the objects below a value; `kind` is what an id standing here would name.
fn search(schema: &Value, value: &Value, kind: Option<ItemKind>, place: &str, objects: &mut Vec<Object>) {
    match (value, kind) {
        (Value::String(id), Some(kind)) if !id.is_empty() => push(objects, kind, id, place),
        (Value::Array(items), _) => {
            for (at, item) in items.iter().enumerate() {
                search(&schema["items"], item, kind, &format!("{place}[{at}]"), objects);
            }
        }
        (Value::Object(fields), _) if !is_free_form(schema) => {
            for (name, field) in fields {
                let kind = match name.to_ascii_lowercase().as_str() {
                    "id" | "sourceid" => kind,
                    name => named_by_field(name),
                };
                let known = schema["properties"].as_object();
                let schema = known.and_then(|known| body::field(known, name)).unwrap_or(&Value::Null);
                search(schema, field, kind, &format!("{place}.{name}"), objects);
            }
        }
        _ => {}
    }
}

/// Whether names of fields are up to the caller, such as the columns of a row.
fn is_free_form(schema: &Value) -> bool {
    schema["type"] == "object" && schema["properties"].is_null()
}

fn push(objects: &mut Vec<Object>, kind: ItemKind, id: &str, place: &str) {
    objects.push(Object {
        kind,
        id: id.to_owned(),
        place: place.to_owned(),
    });
}

/// The kind of object that a body field of this name, in lower case, names by id or holds a list of.
fn named_by_field(name: &str) -> Option<ItemKind> {
    Some(match name {
        "workspaceid"
        | "targetworkspaceid"
        | "sourceworkspaceid"
        | "workspaces"
        | "targetworkspaces"
        | "workspacestoassign"
        | "workspacestounassign" => ItemKind::Workspace,
        "datasetid" | "targetmodelid" | "datasettobind" | "datasets" => ItemKind::Dataset,
        "targetreportid" | "sourcereportid" | "reports" => ItemKind::Report,
        "targetdashboardid" | "dashboards" => ItemKind::Dashboard,
        "dataflows" => ItemKind::Dataflow,
        "capacityid" | "targetcapacityobjectid" => ItemKind::Capacity,
        "gatewayobjectid" | "gatewayid" => ItemKind::Gateway,
        "datasourceobjectid" | "datasourceobjectids" | "datasourceid" => ItemKind::Datasource,
        "appid" => ItemKind::App,
        "goalid" | "currentparentid" | "parentid" => ItemKind::Goal,
        _ => return None,
    })
}
