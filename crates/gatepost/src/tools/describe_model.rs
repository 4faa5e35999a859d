//! `describe_model`: the tables, columns, measures and relationships of a semantic model, by whichever way answers.

use serde_json::{Map, Value};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Item, folded};
use super::memory::{Viewer, memory};
use super::outcome::Said;
use super::rows::Rows;
use super::run_dax::{QUERIES, model, query_rows, title};
use super::text::{DATA_NOTE, counted, short, table};
use super::tool::{Emits, Hints, Tool};
use crate::powerbi::Kind;

/// Characters of each part of an answer.
const MOST_TABLES: usize = 12_000;
const MOST_COLUMNS: usize = 30_000;
const MOST_MEASURES: usize = 20_000;
const MOST_RELATIONSHIPS: usize = 10_000;
const LONGEST_TEXT: usize = 300;

pub(super) const TOOL: Tool = Tool {
    name: "describe_model",
    title: "Describe a semantic model",
    description: "Lists tables, columns, measures and relationships of a semantic model, so that DAX can be written for run_dax. Use search on large models: it keeps what has the word in its name, table or description.",
    input: r#"{
  "type": "object",
  "properties": {
    "model": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "semantic model: name, workspace/name, id, or pasted Power BI address"},
    "search": {"type": "string", "maxLength": 200, "description": "only what has these words in its name, table or description"}
  },
  "required": ["model"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS, QUERIES]),
    needs: QUERIES,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    /// By which way it was read.
    pub way: &'static str,
    pub tables: Vec<Part>,
    pub columns: Vec<Part>,
    pub measures: Vec<Part>,
    pub relationships: Vec<[String; 4]>,
    /// What is missing, and why.
    pub notes: Vec<String>,
}

/// A table, column or measure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub table: String,
    pub name: String,
    /// The type of a column, or the format of a measure.
    pub kind: String,
    pub description: String,
    /// The DAX of a measure, or what statistics tell of a column.
    pub more: String,
    pub is_hidden: bool,
}

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "model").ok_or_else(|| Fault::Words("Give the semantic model.".into()))?;
    let found = model(context, asked).await?;
    let viewer = Viewer::of(context).await?;
    let now = context.app.clock.now();
    let told = match memory().model(&viewer, &found.id, now) {
        Some(told) => told,
        None => memory().keep_model(&viewer, &found.id, now, read(context, &found).await?),
    };
    Ok(said(&title(&found), &told.1, text(arguments, "search")).into())
}

/// Asks the model by the first way that answers.
async fn read(context: &Context<'_>, model: &Item) -> Result<Model, Fault> {
    context.progress.say(0.0, Some(4.0), "reading tables");
    match query_rows(context, model, "EVALUATE INFO.VIEW.TABLES()").await {
        Ok(tables) => by_views(context, model, &tables).await,
        // Some organisations do not let these functions through the API; anything else would fail again.
        Err(Fault::Refused { failure, .. }) if failure.kind == Kind::BadRequest => by_statistics(context, model).await,
        Err(fault) => Err(fault),
    }
}

async fn by_views(context: &Context<'_>, model: &Item, tables: &Rows) -> Result<Model, Fault> {
    let mut told = Model {
        way: "INFO.VIEW functions",
        ..Model::default()
    };
    told.tables = parts(tables, "Name", "StorageMode", "");
    context.progress.say(1.0, Some(4.0), "reading columns");
    if let Some(rows) = told.view(context, model, "COLUMNS").await? {
        told.columns = parts(&rows, "Table", "DataType", "");
        // Every table has a row number that nobody can query.
        told.columns.retain(|it| !it.name.starts_with("RowNumber-"));
    }
    context.progress.say(2.0, Some(4.0), "reading measures");
    if let Some(rows) = told.view(context, model, "MEASURES").await? {
        told.measures = parts(&rows, "Table", "FormatString", "Expression");
    }
    context.progress.say(3.0, Some(4.0), "reading relationships");
    if let Some(rows) = told.view(context, model, "RELATIONSHIPS").await? {
        told.relationships = rows.rows.iter().map(|row| relationship(&rows, row)).collect();
    }
    Ok(told)
}

impl Model {
    /// One more view; a refusal is noted and does not take away what is known already.
    async fn view(&mut self, context: &Context<'_>, model: &Item, name: &str) -> Result<Option<Rows>, Fault> {
        match query_rows(context, model, &format!("EVALUATE INFO.VIEW.{name}()")).await {
            Ok(rows) => Ok(Some(rows)),
            Err(fault @ Fault::Refused { .. }) => {
                self.notes
                    .push(format!("{} are not shown: {}", name.to_lowercase(), fault.brief()));
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}

async fn by_statistics(context: &Context<'_>, model: &Item) -> Result<Model, Fault> {
    let rows = query_rows(context, model, "EVALUATE COLUMNSTATISTICS()").await?;
    let mut told = Model {
        way: "COLUMNSTATISTICS(), because the INFO functions are refused here",
        notes: vec!["measures, relationships and descriptions are not known this way".into()],
        ..Model::default()
    };
    for row in &rows.rows {
        let cell = |name: &str| rows.text(row, name).unwrap_or_default().into_owned();
        let (table, name) = (cell("Table Name"), cell("Column Name"));
        if table.is_empty() || name.starts_with("RowNumber-") {
            continue;
        }
        if told.tables.last().is_none_or(|it| it.table != table) {
            told.tables.push(Part {
                table: table.clone(),
                name: table.clone(),
                ..Part::default()
            });
        }
        told.columns.push(Part {
            table,
            name,
            more: format!(
                "{} values, from {} to {}",
                cell("Cardinality"),
                cell("Min"),
                cell("Max")
            ),
            ..Part::default()
        });
    }
    Ok(told)
}

fn parts(rows: &Rows, table: &str, kind: &str, more: &str) -> Vec<Part> {
    let part = |row: &Vec<Value>| {
        let cell = |name: &str| rows.text(row, name).unwrap_or_default().into_owned();
        Part {
            table: cell(table),
            name: cell("Name"),
            kind: cell(kind),
            description: cell("Description"),
            more: if more.is_empty() { String::new() } else { cell(more) },
            is_hidden: cell("IsHidden").eq_ignore_ascii_case("true"),
        }
    };
    rows.rows.iter().map(part).collect()
}

fn relationship(rows: &Rows, row: &[Value]) -> [String; 4] {
    let cell = |name: &str| rows.text(row, name).unwrap_or_default().into_owned();
    let column = |table: &str, name: &str| reference(&cell(table), &cell(name));
    [
        column("FromTable", "FromColumn"),
        column("ToTable", "ToColumn"),
        format!("{} to {}", cell("FromCardinality"), cell("ToCardinality")).to_lowercase(),
        if cell("IsActive").eq_ignore_ascii_case("false") {
            "inactive".into()
        } else {
            String::new()
        },
    ]
}

/// A column as DAX writes it.
fn reference(table: &str, name: &str) -> String {
    format!("'{}'[{}]", table.replace('\'', "''"), name.replace(']', "]]"))
}

/// The model in words, or what of it fits the search.
pub(super) fn said(title: &str, model: &Model, search: Option<&str>) -> String {
    let words: Vec<String> = search.map(folded).into_iter().flat_map(|it| words_of(&it)).collect();
    let fits = |part: &&Part| {
        let text = folded(&format!("{} {} {}", part.table, part.name, part.description));
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let tables: Vec<_> = model.tables.iter().filter(fits).collect();
    let columns: Vec<_> = model.columns.iter().filter(fits).collect();
    let measures: Vec<_> = model.measures.iter().filter(fits).collect();
    let relationships: Vec<_> = (model.relationships.iter())
        .filter(|it| words.is_empty() || words.iter().all(|word| folded(&it.join(" ")).contains(word.as_str())))
        .collect();
    let mut out = format!(
        "{title}: {}, {}, {}, {}{}. Read by {}.",
        counted(tables.len(), "table"),
        counted(columns.len(), "column"),
        counted(measures.len(), "measure"),
        counted(relationships.len(), "relationship"),
        if words.is_empty() { "" } else { " fit the search" },
        model.way
    );
    for note in &model.notes {
        out.push_str(&format!("\nNote: {note}."));
    }
    out.push_str(&format!("\n{DATA_NOTE}"));
    let table_lines = tables.iter().map(|it| vec![it.name.clone(), hidden(it), about(it)]);
    section(
        &mut out,
        "Tables",
        &["table", "hidden", "description"],
        table_lines,
        MOST_TABLES,
    );
    let column_lines = columns.iter().map(|it| {
        let more = [about(it), it.more.clone()]
            .into_iter()
            .find(|it| !it.is_empty())
            .unwrap_or_default();
        vec![reference(&it.table, &it.name), it.kind.clone(), hidden(it), more]
    });
    section(
        &mut out,
        "Columns",
        &["column", "type", "hidden", "description"],
        column_lines,
        MOST_COLUMNS,
    );
    let measure_lines = measures.iter().map(|it| {
        let dax = short(&it.more, LONGEST_TEXT);
        vec![
            format!("[{}]", it.name.replace(']', "]]")),
            it.table.clone(),
            it.kind.clone(),
            about(it),
            dax,
        ]
    });
    let head = ["measure", "table", "format", "description", "DAX"];
    section(&mut out, "Measures", &head, measure_lines, MOST_MEASURES);
    let relationship_lines = relationships.iter().map(|it| it.to_vec());
    let head = ["from", "to", "kind", "state"];
    section(&mut out, "Relationships", &head, relationship_lines, MOST_RELATIONSHIPS);
    out
}

fn words_of(text: &str) -> Vec<String> {
    text.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn hidden(part: &Part) -> String {
    if part.is_hidden { "hidden".into() } else { String::new() }
}

fn about(part: &Part) -> String {
    short(&part.description, LONGEST_TEXT)
}

fn section(out: &mut String, name: &str, head: &[&str], lines: impl Iterator<Item = Vec<String>>, most: usize) {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return;
    }
    let (list, unfit) = table(head, &lines, most);
    out.push_str(&format!("\n\n{name}\n{list}"));
    if unfit > 0 {
        out.push_str(&format!("\n… {unfit} more do not fit: call again with search"));
    }
}
