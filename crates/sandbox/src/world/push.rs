//! Push models: tables declared over the API, and the rows sent to them.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Map;
use serde_json::Value;

use crate::data;
use crate::dax::Cell;

/// One table of a push model.
#[derive(Clone, Debug)]
pub struct PushTable {
    /// Name.
    pub name: String,
    /// The columns as declared.
    pub columns: Vec<PushColumn>,
    /// Rows, the oldest first.
    pub rows: Vec<Map<String, Value>>,
}

/// One declared column.
#[derive(Clone, Debug)]
pub struct PushColumn {
    /// Name.
    pub name: String,
    /// What it holds.
    pub kind: data::ColumnKind,
}

/// Rows a table keeps when only the newest stay.
pub const FIFO_ROWS: usize = 200_000;
/// Rows one call may bring.
pub const ROWS_PER_CALL: usize = 10_000;
/// Rows a table may hold when all stay.
pub const ROWS_PER_TABLE: usize = 5_000_000;
/// Tables a push model may have, and columns a table.
pub const TABLES: usize = 75;

/// The kind of column behind a word of the API.
pub fn column_kind(word: &str) -> Option<data::ColumnKind> {
    use data::ColumnKind;
    let known = [
        ("Int64", ColumnKind::Int),
        ("Double", ColumnKind::Double),
        ("Decimal", ColumnKind::Decimal),
        ("Boolean", ColumnKind::Boolean),
        ("bool", ColumnKind::Boolean),
        ("DateTime", ColumnKind::DateTime),
        ("String", ColumnKind::Text),
    ];
    known
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, kind)| kind)
}

/// The rows of push tables in the form queries read.
pub fn data_of(name: &str, tables: &[PushTable]) -> Arc<data::Model> {
    let table_of = |table: &PushTable| {
        let columns = table.columns.iter().map(|column| {
            let cells = table.rows.iter().map(|row| cell(column.kind, row.get(&column.name)));
            data::Column::from_cells(column.name.clone(), column.kind, cells)
        });
        data::Table::new(table.name.clone(), columns.collect())
    };
    Arc::new(data::Model::new(name, tables.iter().map(table_of).collect()))
}

fn cell(kind: data::ColumnKind, value: Option<&Value>) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Null,
        Some(Value::Bool(yes)) => Cell::Bool(*yes),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(whole) => Cell::Int(whole),
            None => Cell::Number(number.as_f64().unwrap_or_default()),
        },
        Some(Value::String(text)) if kind == data::ColumnKind::DateTime => {
            moment(text).map_or(Cell::Null, Cell::DateTime)
        }
        Some(Value::String(text)) => Cell::Text(text.clone()),
        Some(other) => Cell::Text(other.to_string()),
    }
}

/// Unix milliseconds of a moment written with or without a zone.
pub fn moment(text: &str) -> Option<i64> {
    let with_zone = text.parse::<Timestamp>().ok();
    let without = || {
        text.parse::<DateTime>()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    with_zone.or_else(without).map(Timestamp::as_millisecond)
}
