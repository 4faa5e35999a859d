//! `run_dax`: one DAX query, run as the person who asks.

use serde_json::{Map, Value, json};

use super::answer::apart;
use super::arguments::{text, whole};
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Home, Item, Kind, Meant, Reference};
use super::outcome::Said;
use super::rows::{self, MOST_ROWS, Rows};
use super::text::{DATA_NOTE, clean, counted, short};
use super::tool::{Emits, Hints, Tool};
use crate::call::Request;

const USUAL_ROWS: usize = 250;
/// Characters of rows in one answer; with head and notes it stays below 80,000.
const MOST_CHARACTERS: usize = 76_000;

/// The operations that run a query.
pub(super) const QUERIES: &[&str] = &["datasets.execute_queries", "datasets.execute_queries_in_group"];

pub(super) const TOOL: Tool = Tool {
    name: "run_dax",
    title: "Run a DAX query",
    description: "Runs one DAX query (EVALUATE …) on a semantic model, with the rights and row-level security of the person. Look at describe_model first for the names of tables, columns and measures. Answers tab-separated rows; ask for totals rather than details.",
    input: r#"{
  "type": "object",
  "properties": {
    "model": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "semantic model: name, workspace/name, id, or pasted Power BI address"},
    "query": {"type": "string", "minLength": 1, "maxLength": 100000, "description": "DAX, beginning with EVALUATE or DEFINE, e.g. EVALUATE SUMMARIZECOLUMNS('Date'[Year], \"Sales\", [Total sales])"},
    "max_rows": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "most rows to answer; 250 if absent"}
  },
  "required": ["model", "query"],
  "additionalProperties": false
}"#,
    output: Some(
        r#"{
  "type": "object",
  "properties": {
    "columns": {"type": "array", "items": {"type": "string"}},
    "rows": {"type": "array", "items": {"type": "array"}, "description": "one list of values per row, in the order of columns"},
    "truncated": {"type": "boolean", "description": "whether there are more rows"},
    "note": {"type": "string", "description": "what to know of these rows"}
  },
  "required": ["columns", "rows", "truncated", "note"]
}"#,
    ),
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS, QUERIES]),
    needs: QUERIES,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "model").ok_or_else(|| Fault::Words("Give the semantic model.".into()))?;
    let query = text(arguments, "query").ok_or_else(|| Fault::Words("Give the DAX query.".into()))?;
    let most = whole(arguments, "max_rows").unwrap_or(USUAL_ROWS).clamp(1, MOST_ROWS);
    let model = model(context, asked).await?;
    let found = query_rows(context, &model, query).await?;
    Ok(said(&found, most))
}

/// The model a query goes to. An id needs no search: the plain path reaches models of every workspace.
pub(super) async fn model(context: &Context<'_>, asked: &str) -> Result<Item, Fault> {
    match items::parse(asked) {
        Ok(Reference::Id(id)) if !context.policies.mention_workspaces() => Ok(Item {
            kind: Kind::Model,
            name: id.clone(),
            id,
            home: Home::Unknown,
            model: None,
            is_paginated: false,
        }),
        _ => items::model(context, asked, Meant::Read).await,
    }
}

/// Runs a query.
///
/// Invariant: nobody is impersonated; the query runs as the connected account.
pub(super) async fn query_rows(context: &Context<'_>, model: &Item, query: &str) -> Result<Rows, Fault> {
    let body = json!({ "queries": [{ "query": query }], "serializerSettings": { "includeNulls": true } });
    let mut arguments = Request::arguments_of([("datasetId", json!(model.id)), ("body", body)]);
    // The plain path also serves people without a role in the workspace; policies about workspaces need the other.
    let workspace = model
        .home
        .workspace_id()
        .filter(|_| context.policies.mention_workspaces());
    let operation = match workspace {
        Some(id) => {
            arguments.insert("groupId".into(), json!(id));
            "datasets.execute_queries_in_group"
        }
        None => "datasets.execute_queries",
    };
    let body = context.bytes(operation, arguments).await?;
    let read = apart(body, rows::read).await;
    read.flatten().ok_or(Fault::Unreadable)
}

fn said(found: &Rows, most: usize) -> Said {
    let shown = found.fitting(most, MOST_CHARACTERS);
    let truncated = shown < found.count || found.cut.is_some();
    let mut words = match (found.count, truncated) {
        (0, false) => return empty(found),
        (_, false) => format!("{}.", counted(found.count, "row")),
        (_, true) => cut(found, shown, most),
    };
    // Some clients hand on nothing but the structured answer, so it says as much.
    words.push_str(&format!("\n{DATA_NOTE}"));
    let structured = found.structured(shown, truncated, &words);
    Said {
        text: format!("{words}\n{}", found.tsv(shown)),
        structured: Some(structured),
    }
}

fn empty(found: &Rows) -> Said {
    let words = "No rows: nothing fits the query, or row-level security hides it from this person.";
    Said {
        text: words.into(),
        structured: Some(found.structured(0, false, words)),
    }
}

fn cut(found: &Rows, shown: usize, most: usize) -> String {
    let at_least = if found.cut.is_some() { "at least " } else { "" };
    let mut words = format!(
        "First {shown} of {at_least}{} rows: the answer is cut. Narrow the query (filter, TOPN, SUMMARIZECOLUMNS)",
        found.count
    );
    if shown == most && most < MOST_ROWS {
        words.push_str(" or raise max_rows");
    }
    words.push('.');
    if shown < most.min(found.rows.len()) {
        words.push_str(" More rows do not fit into one answer.");
    }
    if let Some(reason) = &found.cut {
        words.push_str(&format!(
            " Power BI itself cut the result: {}.",
            clean(reason).trim_end_matches('.')
        ));
    }
    words
}

/// How a model is called in an answer.
pub(super) fn title(model: &Item) -> String {
    match &model.home {
        Home::Unknown => short(&model.name, 120),
        home => format!("{} ({})", short(&model.name, 120), short(&home.name(), 120)),
    }
}
