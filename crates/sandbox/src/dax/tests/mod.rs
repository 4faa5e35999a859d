//! Tests of the query engine over a small model whose answers can be worked out by hand.

mod context;
mod errors;
mod functions;
mod language;
mod plain;
mod properties;
mod security;
mod time;

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Relationship;
use crate::data::Table;
use crate::dax::Cell;
use crate::dax::DaxError;
use crate::dax::Identity;
use crate::dax::Limits;
use crate::dax::ResultSet;
use crate::dax::Value;
use crate::dax::convert::date_of_text;
use crate::dax::run_at;

/// 2026-11-23T10:30:00Z.
const NOW_MS: i64 = 1_795_429_800_000;

fn texts(values: &[&str]) -> Vec<Value> {
    let value = |text: &&str| {
        if text.is_empty() {
            Value::Blank
        } else {
            Value::text(text)
        }
    };
    values.iter().map(value).collect()
}

fn ints(values: &[i64]) -> Vec<Value> {
    values.iter().copied().map(Value::Int).collect()
}

fn dates(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| date_of_text(text).unwrap()).collect()
}

/// Seven sales of three products in two years; product 9 does not exist, and nobody bought the green hat.
fn shop() -> Model {
    let sales = Table::new(
        "Sales",
        vec![
            Column::new("Id", ColumnKind::Int, ints(&[1, 2, 3, 4, 5, 6, 7])),
            Column::new("Product key", ColumnKind::Int, ints(&[1, 1, 2, 2, 3, 9, 1])),
            Column::new(
                "Region",
                ColumnKind::Text,
                texts(&["North", "south", "North", "South", "", "North", "South"]),
            ),
            Column::new("Day", ColumnKind::DateTime, dates(&DAYS)),
            Column::new("Quantity", ColumnKind::Int, ints(&[2, 1, 5, 3, 4, 1, 10])),
            Column::new("Amount", ColumnKind::Decimal, AMOUNTS.map(Value::Number)),
            Column::new(
                "Note",
                ColumnKind::Text,
                texts(&["Gift", "", "gift wrap", "", "late", "", "a\"b"]),
            ),
        ],
    );
    let product = Table::new(
        "Product",
        vec![
            Column::new("Product key", ColumnKind::Int, ints(&[1, 2, 3, 4])),
            Column::new("Name", ColumnKind::Text, texts(&["Cap", "Hat", "Scarf", "Green hat"])),
            Column::new("Color", ColumnKind::Text, texts(&["Red", "Blue", "Red", "Green"])),
            Column::new("Price", ColumnKind::Decimal, [10.0, 20.0, 7.5, 30.0].map(Value::Number)),
        ],
    );
    let days: Vec<Value> = (0..730).map(|day| Value::Date(DAY_ONE + f64::from(day))).collect();
    let year = (0..730).map(|day| Value::Int(if day < 365 { 2025 } else { 2026 }));
    let calendar = Table::new(
        "Date",
        vec![
            Column::new("Date", ColumnKind::DateTime, days.clone()),
            Column::new("Year", ColumnKind::Int, year),
            Column::new("Month", ColumnKind::Int, days.iter().map(month)),
        ],
    );
    let measure = |name: &str, expression: &str| Measure {
        table: "Sales".to_owned(),
        name: name.to_owned(),
        expression: expression.to_owned(),
        ..Measure::default()
    };
    let link = |from: &str, table: &str, column: &str| Relationship {
        from_table: "Sales".to_owned(),
        from_column: from.to_owned(),
        to_table: table.to_owned(),
        to_column: column.to_owned(),
    };
    Model {
        measures: vec![
            measure("Total", "SUM(Sales[Amount])"),
            measure("Units", "SUM(Sales[Quantity])"),
        ],
        relationships: vec![
            link("Product key", "Product", "Product key"),
            link("Day", "Date", "Date"),
        ],
        ..Model::new("Shop", vec![sales, product, calendar])
    }
}

const DAYS: [&str; 7] = [
    "2025-03-01",
    "2025-03-15",
    "2025-12-31",
    "2026-03-01",
    "2026-03-20",
    "2026-04-01",
    "2026-11-23",
];

const AMOUNTS: [f64; 7] = [20.0, 10.1, 100.2, 61.3, 30.0, 5.0, 100.4];

/// The serial number of 2025-01-01.
const DAY_ONE: f64 = 45_658.0;

fn month(day: &Value) -> Value {
    Value::Int(i64::from(crate::dax::convert::civil_of(day.number().unwrap()).month()))
}

fn everyone() -> Identity {
    Identity {
        upn: "ada@contoso.test".to_owned(),
        roles: None,
        bypass: true,
    }
}

fn ask(query: &str) -> Result<ResultSet, DaxError> {
    run_at(&shop(), query, &everyone(), &Limits::default(), NOW_MS)
}

/// The rows of an answer as text: cells with bars between them.
fn rows(query: &str) -> Vec<String> {
    let answer = ask(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let cell = |cell: &Cell| match cell {
        Cell::Null => "-".to_owned(),
        cell => cell.to_text(),
    };
    answer
        .rows
        .iter()
        .map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|"))
        .collect()
}

/// The value of one expression.
fn value(expression: &str) -> String {
    rows(&format!("EVALUATE ROW(\"x\", {expression})")).remove(0)
}

/// Why a query is refused.
fn refusal(query: &str) -> DaxError {
    match ask(query) {
        Err(error) => error,
        Ok(answer) => panic!("{query} gave {:?}", answer.rows),
    }
}
