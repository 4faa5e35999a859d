//! What a model says about itself: INFO.VIEW.* and COLUMNSTATISTICS.

use std::rc::Rc;

use crate::dax::Value;
use crate::dax::error::Result;
use crate::dax::eval::Eval;
use crate::dax::node::Function;
use crate::dax::storage::ColumnId;
use crate::dax::table::Head;
use crate::dax::table::TableValue;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::table("INFO.VIEW.TABLES", 0, 0, |eval, _, _| Ok(tables(eval))),
    Function::table("INFO.VIEW.COLUMNS", 0, 0, |eval, _, _| Ok(columns(eval))),
    Function::table("INFO.VIEW.MEASURES", 0, 0, |eval, _, _| Ok(measures(eval))),
    Function::table("INFO.VIEW.RELATIONSHIPS", 0, 0, |eval, _, _| Ok(relationships(eval))),
    Function::table("COLUMNSTATISTICS", 0, 0, |eval, _, _| statistics(eval)),
];

fn table<const N: usize>(names: [&str; N], rows: Vec<[Value; N]>) -> Rc<TableValue> {
    let heads: Vec<Head> = names.iter().map(|name| Head::computed(name)).collect();
    Rc::new(TableValue::computed(heads, rows.into_iter().map(Vec::from).collect()))
}

/// Text, or a blank where there is none.
fn text(text: &str) -> Value {
    if text.is_empty() {
        Value::Blank
    } else {
        Value::text(text)
    }
}

fn number(place: usize) -> Value {
    Value::Int(i64::try_from(place).expect("models are small"))
}

fn tables(eval: &Eval) -> Rc<TableValue> {
    let names = [
        "ID",
        "Name",
        "Model",
        "DataCategory",
        "Description",
        "IsHidden",
        "StorageMode",
        "Expression",
        "IsPrivate",
    ];
    let row = |(place, table): (usize, &crate::data::Table)| {
        [
            number(place + 1),
            text(&table.name),
            text(&eval.names.model.name),
            Value::Blank,
            text(&table.description),
            Value::Bool(table.hidden),
            text(if table.direct_query { "DirectQuery" } else { "Import" }),
            Value::Blank,
            Value::Bool(false),
        ]
    };
    table(names, eval.names.model.tables.iter().enumerate().map(row).collect())
}

fn columns(eval: &Eval) -> Rc<TableValue> {
    let names = [
        "ID",
        "Name",
        "Table",
        "DataType",
        "DataCategory",
        "Description",
        "IsHidden",
        "IsUnique",
        "IsKey",
        "IsNullable",
        "SummarizeBy",
        "Type",
        "SourceColumn",
        "Expression",
        "FormatString",
        "SortByColumn",
        "DisplayFolder",
    ];
    let mut rows = Vec::new();
    for table in &eval.names.model.tables {
        for column in &table.columns {
            let key = eval
                .names
                .model
                .relationships
                .iter()
                .any(|r| r.to_table == table.name && r.to_column == column.name);
            let numeric = !matches!(column.kind.rest_name(), "String" | "DateTime" | "Boolean");
            rows.push([
                number(rows.len() + 1),
                text(&column.name),
                text(&table.name),
                text(column.kind.model_name()),
                Value::Blank,
                text(&column.description),
                Value::Bool(column.hidden),
                Value::Bool(key),
                Value::Bool(key),
                Value::Bool(!key),
                text(if numeric && !column.hidden { "Sum" } else { "None" }),
                text("Data"),
                text(&column.name),
                Value::Blank,
                text(&column.format),
                Value::Blank,
                Value::Blank,
            ]);
        }
    }
    table(names, rows)
}

fn measures(eval: &Eval) -> Rc<TableValue> {
    let names = [
        "ID",
        "Name",
        "Table",
        "Description",
        "DataType",
        "Expression",
        "FormatString",
        "IsHidden",
        "State",
        "DisplayFolder",
    ];
    let row = |(place, measure): (usize, &crate::data::Measure)| {
        [
            number(place + 1),
            text(&measure.name),
            text(&measure.table),
            text(&measure.description),
            text("Variant"),
            text(&measure.expression),
            text(&measure.format),
            Value::Bool(false),
            text("Ready"),
            Value::Blank,
        ]
    };
    table(names, eval.names.model.measures.iter().enumerate().map(row).collect())
}

fn relationships(eval: &Eval) -> Rc<TableValue> {
    let names = [
        "ID",
        "Name",
        "Relationship",
        "Model",
        "IsActive",
        "CrossFilteringBehavior",
        "RelyOnReferentialIntegrity",
        "FromTable",
        "FromColumn",
        "FromCardinality",
        "ToTable",
        "ToColumn",
        "ToCardinality",
        "State",
        "SecurityFilteringBehavior",
    ];
    let row = |(place, one): (usize, &crate::data::Relationship)| {
        let described = format!(
            "'{}'[{}] *<-1 '{}'[{}]",
            one.from_table, one.from_column, one.to_table, one.to_column
        );
        [
            number(place + 1),
            text(&format!("relationship {}", place + 1)),
            text(&described),
            text(&eval.names.model.name),
            Value::Bool(true),
            text("OneDirection"),
            Value::Bool(false),
            text(&one.from_table),
            text(&one.from_column),
            text("Many"),
            text(&one.to_table),
            text(&one.to_column),
            text("One"),
            text("Ready"),
            text("OneDirection"),
        ]
    };
    table(
        names,
        eval.names.model.relationships.iter().enumerate().map(row).collect(),
    )
}

/// Per column its smallest and greatest value and how many there are, of the rows the person may see.
fn statistics(eval: &Eval) -> Result<Rc<TableValue>> {
    let names = ["Table Name", "Column Name", "Min", "Max", "Cardinality", "Max Length"];
    let mut rows = Vec::new();
    for (place, one) in eval.names.model.tables.iter().enumerate() {
        for (at, column) in one.columns.iter().enumerate() {
            let id = ColumnId {
                table: place,
                column: at,
            };
            let codes = eval.distinct(id, &crate::dax::eval::Context::default(), false);
            eval.work(eval.store.tables[place].rows)?;
            let ranks = eval.store.dictionary(id).ranks();
            let used = || codes.iter().copied().filter(|code| *code != 0);
            let value = |code: Option<u32>| code.map_or(Value::Blank, |code| eval.value_of(id, code).clone());
            let length = |code: u32| match eval.value_of(id, code) {
                Value::Text(text) => Some(text.chars().count()),
                _ => None,
            };
            rows.push([
                text(&one.name),
                text(&column.name),
                value(used().min_by_key(|code| ranks[*code as usize])),
                value(used().max_by_key(|code| ranks[*code as usize])),
                number(codes.len()),
                used().filter_map(length).max().map_or(Value::Blank, number),
            ]);
        }
    }
    Ok(table(names, rows))
}
