//! Push models: tables declared over the API, and the rows sent to them.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Map;
use serde_json::Value;

use crate::data;
use crate::dax::Cell;
use crate::world::model::Kept;
use crate::world::time::HOUR_MS;
use crate::world::time::MINUTE_MS;
use crate::world::time::SECOND_MS;

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

/// Rows that stay may come in an hour, over all tables of a model.
const ROWS_PER_HOUR: usize = 1_000_000;
/// From so many rows on, a table is filled slowly.
const FULL_TABLE: usize = 250_000;

/// When rows came for a model in the last hour, and how many.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(VecDeque<(i64, usize)>);

impl Arrivals {
    /// Lets so many rows in for a table that holds `held`, or says after how many milliseconds to try again.
    pub fn admit(&mut self, now_ms: i64, rows: usize, held: usize, kept: Kept) -> Result<(), i64> {
        self.0
            .retain(|(at_ms, _)| (now_ms - HOUR_MS + 1..=now_ms).contains(at_ms));
        let (most, window_ms) = match kept {
            Kept::Nothing => (5, SECOND_MS),
            Kept::All | Kept::Newest if held >= FULL_TABLE => (120, HOUR_MS),
            Kept::All | Kept::Newest => (120, MINUTE_MS),
        };
        let last = self.0.len().checked_sub(most).and_then(|place| self.0.get(place));
        if let Some((at_ms, _)) = last.filter(|(at_ms, _)| now_ms - at_ms < window_ms) {
            return Err(at_ms + window_ms - now_ms);
        }
        let of_the_hour: usize = self.0.iter().map(|(_, rows)| rows).sum();
        if kept != Kept::Nothing && of_the_hour + rows > ROWS_PER_HOUR {
            let oldest_ms = self.0.front().map_or(now_ms, |(at_ms, _)| *at_ms);
            return Err(oldest_ms + HOUR_MS - now_ms);
        }
        self.0.push_back((now_ms, rows));
        Ok(())
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_streams_takes_five_requests_a_second() {
        let mut arrivals = Arrivals::default();
        for number in 0..5 {
            assert_eq!(arrivals.admit(number * 100, 1, 0, Kept::Nothing), Ok(()));
        }
        assert_eq!(arrivals.admit(500, 1, 0, Kept::Nothing), Err(500));
        assert_eq!(arrivals.admit(1000, 1, 0, Kept::Nothing), Ok(()));
    }

    #[test]
    fn a_million_rows_an_hour_are_enough() {
        let mut arrivals = Arrivals::default();
        for number in 0..100 {
            assert_eq!(arrivals.admit(number * SECOND_MS, 10_000, 0, Kept::Newest), Ok(()));
        }
        assert_eq!(
            arrivals.admit(MINUTE_MS * 2, 1, 0, Kept::Newest),
            Err(HOUR_MS - 2 * MINUTE_MS)
        );
        assert_eq!(arrivals.admit(HOUR_MS, 10_000, 0, Kept::Newest), Ok(()));
    }

    #[test]
    fn a_full_table_takes_requests_by_the_hour() {
        let mut arrivals = Arrivals::default();
        for number in 0..120 {
            assert_eq!(arrivals.admit(number, 1, FULL_TABLE, Kept::All), Ok(()));
        }
        assert_eq!(
            arrivals.admit(MINUTE_MS, 1, FULL_TABLE, Kept::All),
            Err(HOUR_MS - MINUTE_MS)
        );
        // Another table of the same model, which is not full.
        assert_eq!(arrivals.admit(MINUTE_MS + 120, 1, 0, Kept::All), Ok(()));
    }
}
