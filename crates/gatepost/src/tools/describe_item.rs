//! `describe_item`: one workspace, model, report, dashboard, dataflow or app, as far as the person's rights show it.

use serde_json::{Map, Value, json};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items::{self, HEAD, Home, Item, Kind, Meant, Wanted};
use super::outcome::Said;
use super::refreshes::{HISTORY, history};
use super::text::{DATA_NOTE, cell, short, table};
use super::tool::{Emits, Hints, Tool};
use crate::call::Request;

const MOST_LINES: usize = 100;
const MOST_CHARACTERS: usize = 16_000;
const LONGEST_VALUE: usize = 400;

pub(super) const TOOL: Tool = Tool {
    name: "describe_item",
    title: "Describe a Power BI item",
    description: "Tells what a workspace, semantic model, report, dashboard, dataflow or app is and holds: pages, tiles, data sources, last refresh, contents. For the tables of a model use describe_model.",
    input: r#"{
  "type": "object",
  "properties": {
    "item": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "name, workspace/name, id, or pasted Power BI address"}
  },
  "required": ["item"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS, HISTORY, GETS, PARTS]),
    needs: &["groups.list", "apps.list"],
    run: |context, arguments| Box::pin(run(context, arguments)),
};

const GETS: &[&str] = &[
    "groups.get",
    "datasets.get",
    "datasets.get_in_group",
    "reports.get",
    "reports.get_in_group",
    "dashboards.get",
    "dashboards.get_in_group",
    "apps.get",
    "apps.get_report",
    "apps.get_dashboard",
];
const PARTS: &[&str] = &[
    "datasets.list_datasources",
    "datasets.list_datasources_in_group",
    "reports.list_pages",
    "reports.list_pages_in_group",
    "reports.list_datasources",
    "reports.list_datasources_in_group",
    "dashboards.list_tiles",
    "dashboards.list_tiles_in_group",
    "apps.list_tiles",
    "dataflows.list_datasources",
    "dataflows.list_transactions",
];

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "item").ok_or_else(|| Fault::Words("Give the item.".into()))?;
    let item = items::resolve(context, asked, &Kind::ALL, Meant::Read).await?;
    let mut out = format!("{} {}\n{DATA_NOTE}", item.kind.words(), short(&item.name, 200));
    line(&mut out, "id", &item.id);
    if !matches!(item.kind, Kind::Workspace | Kind::App) {
        line(&mut out, "workspace", &item.home.name());
    }
    match item.kind {
        Kind::Workspace => workspace(context, &item, &mut out).await?,
        Kind::Model => model(context, &item, &mut out).await?,
        Kind::Report => report(context, &item, &mut out).await?,
        Kind::Dashboard => dashboard(context, &item, &mut out).await?,
        Kind::Dataflow => dataflow(context, &item, &mut out).await?,
        Kind::App => app(context, &item, &mut out).await?,
    }
    Ok(out.into())
}

async fn workspace(context: &Context<'_>, item: &Item, out: &mut String) -> Result<(), Fault> {
    let entry = context
        .json("groups.get", Request::arguments_of([("groupId", json!(item.id))]))
        .await?;
    fields(
        out,
        &entry,
        &[
            "type",
            "isOnDedicatedCapacity",
            "capacityId",
            "isReadOnly",
            "description",
        ],
    );
    let wanted = Wanted {
        kinds: &[Kind::Model, Kind::Report, Kind::Dashboard, Kind::Dataflow],
        workspace: Some(&item.id),
        until: None,
        from_memory: true,
    };
    let walked = items::walk(context, &wanted).await?;
    let lines: Vec<_> = walked.items.iter().map(Item::line).collect();
    section(out, "holds", &HEAD, &lines);
    walked.notes.iter().for_each(|note| line(out, "not shown", note));
    Ok(())
}

async fn model(context: &Context<'_>, item: &Item, out: &mut String) -> Result<(), Fault> {
    let (operation, arguments) = twin(item, "datasetId", ["datasets.get", "datasets.get_in_group"]);
    let entry = context.json(operation, arguments).await?;
    let known = [
        "description",
        "configuredBy",
        "createdDate",
        "isRefreshable",
        "isEffectiveIdentityRequired",
        "isOnPremGatewayRequired",
        "targetStorageMode",
        "webUrl",
    ];
    fields(out, &entry, &known);
    let both = ["datasets.list_datasources", "datasets.list_datasources_in_group"];
    let (operation, arguments) = twin(item, "datasetId", both);
    match context.list(operation, arguments).await {
        Ok(sources) => section(out, "data sources", &["type", "where"], &sources_of(&sources)),
        Err(fault) => line(out, "data sources", &format!("not shown, {}", fault.brief())),
    }
    match history(context, item, 1).await {
        Ok(last) => {
            let last = last.first().map(|it| format!("{} at {}", it.state(), it.started));
            line(out, "last refresh", last.as_deref().unwrap_or("none on record"));
        }
        Err(fault) => line(out, "last refresh", &format!("not shown, {}", fault.brief())),
    }
    Ok(())
}

async fn report(context: &Context<'_>, item: &Item, out: &mut String) -> Result<(), Fault> {
    let (operation, arguments) = twin(item, "reportId", ["reports.get", "reports.get_in_group"]);
    let (operation, arguments) = of_app(item, "reportId", "apps.get_report").unwrap_or((operation, arguments));
    let entry = context.json(operation, arguments).await?;
    fields(
        out,
        &entry,
        &["reportType", "format", "description", "datasetId", "webUrl"],
    );
    let is_paginated = entry["reportType"].as_str() == Some("PaginatedReport");
    let both = match is_paginated {
        true => ["reports.list_datasources", "reports.list_datasources_in_group"],
        false => ["reports.list_pages", "reports.list_pages_in_group"],
    };
    let (operation, arguments) = twin(item, "reportId", both);
    match (context.list(operation, arguments).await, is_paginated) {
        (Ok(sources), true) => section(out, "data sources", &["type", "where"], &sources_of(&sources)),
        (Ok(pages), false) => {
            let page = |it: &Value| vec![shown(&it["displayName"]), shown(&it["name"])];
            let lines: Vec<_> = pages.iter().map(page).collect();
            section(out, "pages", &["page", "internal name"], &lines);
        }
        (Err(fault), _) => line(out, "pages and sources", &format!("not shown, {}", fault.brief())),
    }
    Ok(())
}

async fn dashboard(context: &Context<'_>, item: &Item, out: &mut String) -> Result<(), Fault> {
    let (operation, arguments) = twin(item, "dashboardId", ["dashboards.get", "dashboards.get_in_group"]);
    let (operation, arguments) = of_app(item, "dashboardId", "apps.get_dashboard").unwrap_or((operation, arguments));
    let entry = context.json(operation, arguments).await?;
    fields(out, &entry, &["isReadOnly", "webUrl"]);
    let both = ["dashboards.list_tiles", "dashboards.list_tiles_in_group"];
    let (operation, arguments) = twin(item, "dashboardId", both);
    let (operation, arguments) = of_app(item, "dashboardId", "apps.list_tiles").unwrap_or((operation, arguments));
    match context.list(operation, arguments).await {
        Ok(tiles) => {
            let tile = |it: &Value| {
                vec![
                    shown(&it["title"]),
                    shown(&it["id"]),
                    shown(&it["reportId"]),
                    shown(&it["datasetId"]),
                ]
            };
            let lines: Vec<_> = tiles.iter().map(tile).collect();
            section(out, "tiles", &["tile", "id", "report", "semantic model"], &lines);
        }
        Err(fault) => line(out, "tiles", &format!("not shown, {}", fault.brief())),
    }
    Ok(())
}

async fn dataflow(context: &Context<'_>, item: &Item, out: &mut String) -> Result<(), Fault> {
    let workspace = item.home.workspace_id().unwrap_or_default();
    let arguments = || Request::arguments_of([("groupId", json!(workspace)), ("dataflowId", json!(item.id))]);
    match context.list("dataflows.list_datasources", arguments()).await {
        Ok(sources) => section(out, "data sources", &["type", "where"], &sources_of(&sources)),
        Err(fault) => line(out, "data sources", &format!("not shown, {}", fault.brief())),
    }
    match context.list("dataflows.list_transactions", arguments()).await {
        Ok(runs) => {
            let run = |it: &Value| vec![shown(&it["startTime"]), shown(&it["status"]), shown(&it["refreshType"])];
            let lines: Vec<_> = runs.iter().take(5).map(run).collect();
            section(out, "last refreshes", &["started", "status", "type"], &lines);
        }
        Err(fault) => line(out, "last refreshes", &format!("not shown, {}", fault.brief())),
    }
    Ok(())
}

async fn app(context: &Context<'_>, item: &Item, out: &mut String) -> Result<(), Fault> {
    let arguments = || Request::arguments_of([("appId", json!(item.id))]);
    let entry = context.json("apps.get", arguments()).await?;
    fields(out, &entry, &["description", "publishedBy", "lastUpdate"]);
    let home = Home::App {
        id: item.id.clone(),
        name: item.name.clone(),
    };
    let mut lines = Vec::new();
    for (kind, operation) in [
        (Kind::Report, "apps.list_reports"),
        (Kind::Dashboard, "apps.list_dashboards"),
    ] {
        match context.list(operation, arguments()).await {
            Ok(entries) => lines.extend(
                entries
                    .iter()
                    .filter_map(|it| Item::of(kind, &home, it))
                    .map(|it| it.line()),
            ),
            Err(fault) => line(out, "not shown", &format!("{}s, {}", kind.words(), fault.brief())),
        }
    }
    section(out, "holds", &HEAD, &lines);
    Ok(())
}

/// Of the plain operation and the one in a workspace, the one for this item, with its ids.
fn twin(item: &Item, name: &str, both: [&'static str; 2]) -> (&'static str, Map<String, Value>) {
    let mut arguments = Request::arguments_of([(name, json!(item.id))]);
    match item.home.workspace_id() {
        Some(id) => {
            arguments.insert("groupId".into(), json!(id));
            (both[1], arguments)
        }
        None => (both[0], arguments),
    }
}

fn of_app(item: &Item, name: &str, operation: &'static str) -> Option<(&'static str, Map<String, Value>)> {
    match &item.home {
        Home::App { id, .. } => Some((
            operation,
            Request::arguments_of([("appId", json!(id)), (name, json!(item.id))]),
        )),
        Home::Mine | Home::Workspace { .. } | Home::Unknown => None,
    }
}

fn sources_of(sources: &[Value]) -> Vec<Vec<String>> {
    let source = |it: &Value| {
        let details = it["connectionDetails"].as_object();
        let place: Vec<_> = details
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={}", shown(value)))
            .collect();
        vec![shown(&it["datasourceType"]), place.join(" ")]
    };
    sources.iter().map(source).collect()
}

fn fields(out: &mut String, entry: &Value, names: &[&str]) {
    for name in names {
        let text = shown(&entry[*name]);
        if !text.is_empty() {
            line(out, name, &text);
        }
    }
}

fn line(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!("\n{name}: {}", short(&cell(value), LONGEST_VALUE)));
}

fn section(out: &mut String, name: &str, head: &[&str], lines: &[Vec<String>]) {
    if lines.is_empty() {
        out.push_str(&format!("\n{name}: nothing"));
        return;
    }
    let (list, unfit) = table(head, &lines[..lines.len().min(MOST_LINES)], MOST_CHARACTERS);
    out.push_str(&format!("\n\n{name}\n{list}"));
    let left = unfit + lines.len().saturating_sub(MOST_LINES);
    if left > 0 {
        out.push_str(&format!("\n… and {left} more; find_items lists them"));
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
