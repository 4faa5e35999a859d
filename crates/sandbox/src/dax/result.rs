//! What a query answers with: rows of cells, or one error.

use crate::dax::Value;
use crate::dax::value::date_to_ms;

/// Who asks, which decides what row-level security lets through.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The user principal name.
    pub upn: String,
    /// The roles to apply; `None` means those the person is a member of.
    pub roles: Option<Vec<String>>,
    /// People with write rights on the model see every row.
    pub bypass: bool,
}

/// Where an answer is cut.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most rows.
    pub rows: usize,
    /// The most values (rows times columns).
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 100_000,
            values: 1_000_000,
        }
    }
}

/// The rows a query answers with.
#[derive(Clone, Debug, Default)]
pub struct ResultSet {
    /// Names as the API gives them: `Sales[Region]` of a model column, `[Amount]` of a computed one.
    pub columns: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<Cell>>,
    /// Set when rows were cut off, with the reason.
    pub truncated: Option<String>,
}

impl ResultSet {
    /// The rows as JSON objects; nulls are left out unless asked for.
    pub fn to_json(&self, include_nulls: bool) -> Vec<serde_json::Value> {
        let object = |row: &Vec<Cell>| {
            let cells = self
                .columns
                .iter()
                .zip(row)
                .filter(|(_, cell)| include_nulls || **cell != Cell::Null);
            serde_json::Value::Object(cells.map(|(name, cell)| (name.clone(), cell.to_json())).collect())
        };
        self.rows.iter().map(object).collect()
    }
}

/// One cell of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing, which the language calls blank.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with decimals.
    Number(f64),
    /// TRUE or FALSE.
    Bool(bool),
    /// Milliseconds since 1970-01-01, in no time zone.
    DateTime(i64),
}

impl Cell {
    /// The cell as the API writes it; dates carry no zone.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Int(whole) => (*whole).into(),
            // JSON has no infinity; the service writes the word instead.
            Self::Number(number) if !number.is_finite() => number_word(*number).into(),
            Self::Number(number) => (*number).into(),
            Self::Bool(yes) => (*yes).into(),
            Self::DateTime(ms) => iso_time(*ms).into(),
        }
    }

    /// The cell as people read it in a file.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(text) => text.clone(),
            Self::Int(whole) => whole.to_string(),
            Self::Number(number) if !number.is_finite() => number_word(*number).to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Bool(yes) => yes.to_string(),
            Self::DateTime(ms) => {
                let text = iso_time(*ms);
                text.strip_suffix("T00:00:00")
                    .map_or_else(|| text.replace('T', " "), str::to_owned)
            }
        }
    }
}

fn number_word(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// `2026-07-28T00:00:00`, with a fraction only where there is one.
fn iso_time(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => {
            let text = time.to_string();
            text.trim_end_matches('Z').to_owned()
        }
        Err(_) => ms.to_string(),
    }
}

/// The number to fifteen digits, which drops what binary arithmetic adds to sums of money.
fn tidy(number: f64) -> f64 {
    if number.fract() == 0.0 || !number.is_finite() {
        return number;
    }
    format!("{number:.14e}").parse().unwrap_or(number)
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Blank => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Int(whole) => Self::Int(*whole),
            Value::Number(number) => Self::Number(tidy(*number)),
            Value::Date(days) => Self::DateTime(date_to_ms(*days)),
            Value::Text(text) => Self::Text(text.to_string()),
        }
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::Blank,
            Cell::Bool(yes) => Self::Bool(yes),
            Cell::Int(whole) => Self::Int(whole),
            Cell::Number(number) => Self::Number(number),
            Cell::DateTime(ms) => Self::date_from_ms(ms),
            Cell::Text(text) => Self::text(text),
        }
    }
}
