//! `search_values`: values of a column that hold a text, so that a filter is spelled as the data spells it.

use serde_json::{Map, Value};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items;
use super::outcome::Said;
use super::run_dax::{QUERIES, model, query_rows};
use super::text::{DATA_NOTE, counted, short};
use super::tool::{Emits, Hints, Tool};

const MOST: usize = 50;

pub(super) const TOOL: Tool = Tool {
    name: "search_values",
    title: "Search the values of a column",
    description: "Finds the values of one column of a semantic model that hold a text, e.g. how a customer or product is spelled. Use it before filtering by a name in run_dax.",
    input: r#"{
  "type": "object",
  "properties": {
    "model": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "semantic model: name, workspace/name, id, or pasted Power BI address"},
    "column": {"type": "string", "minLength": 1, "maxLength": 300, "description": "column as describe_model writes it, e.g. 'Customer'[Customer]"},
    "text": {"type": "string", "minLength": 1, "maxLength": 200, "description": "what the values hold, in any case"}
  },
  "required": ["model", "column", "text"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS, QUERIES]),
    needs: QUERIES,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "model").ok_or_else(|| Fault::Words("Give the semantic model.".into()))?;
    let wanted = text(arguments, "text").ok_or_else(|| Fault::Words("Give the text.".into()))?;
    let column = text(arguments, "column")
        .and_then(column)
        .ok_or_else(|| Fault::Words("Give the column as 'Table'[Column]; describe_model lists the columns.".into()))?;
    let model = model(context, asked).await?;
    let found = query_rows(context, &model, &query(&column, wanted)).await?;
    let values: Vec<String> = found.rows.iter().map(|row| shown(row.first())).collect();
    if values.is_empty() {
        return Ok(format!(
            "No value of {} holds this text, or row-level security hides it from this person.",
            short(&column, 200)
        )
        .into());
    }
    let head = match values.len() {
        found if found <= MOST => counted(found, "value"),
        _ => format!("First {MOST} values; give more of the text"),
    };
    let list: Vec<String> = values.into_iter().take(MOST).collect();
    Ok(format!("{head} of {}.\n{DATA_NOTE}\n{}", short(&column, 200), list.join("\n")).into())
}

fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    short(&text, 300)
}

/// The column, quoted anew: whatever was written, it stays one column.
pub(super) fn column(text: &str) -> Option<String> {
    let (table, rest) = text.trim().split_once('[')?;
    let name = rest.strip_suffix(']')?;
    let table = table.trim();
    let table = match table.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
        Some(quoted) => quoted.replace("''", "'"),
        None => table.to_owned(),
    };
    let name = name.replace("]]", "]");
    if table.is_empty() || name.is_empty() || [&table, &name].iter().any(|it| it.chars().any(char::is_control)) {
        return None;
    }
    Some(format!("'{}'[{}]", table.replace('\'', "''"), name.replace(']', "]]")))
}

pub(super) fn query(column: &str, wanted: &str) -> String {
    // One more than is shown tells whether there are more.
    let most = MOST + 1;
    let literal = wanted.replace('"', "\"\"").replace(char::is_control, " ");
    format!(
        "EVALUATE TOPN({most}, FILTER(VALUES({column}), CONTAINSSTRING({column}, \"{literal}\")), {column}, ASC) ORDER BY {column}"
    )
}
