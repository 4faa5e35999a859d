//! A column of a table: every distinct value once, and one small number per row that points to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::OnceLock;

use crate::dax::Cell;
use crate::dax::Value;
use crate::dax::value::Key;
use crate::dax::value::order;

/// What a column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    #[default]
    Text,
    /// Whole numbers.
    Int,
    /// Money: four decimals, sums are exact.
    Decimal,
    /// Floating-point numbers.
    Double,
    /// Dates with a time of day.
    DateTime,
    /// TRUE or FALSE.
    Boolean,
}

impl ColumnKind {
    /// The word `INFO.VIEW.COLUMNS` uses for this type.
    pub fn model_name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Int => "Integer",
            Self::Decimal => "Currency",
            Self::Double => "Number",
            Self::DateTime => "DateTime",
            Self::Boolean => "Boolean",
        }
    }

    /// The word of the REST API (push tables, admin scans) for this type.
    pub fn rest_name(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Int => "Int64",
            Self::Decimal => "Decimal",
            Self::Double => "Double",
            Self::DateTime => "DateTime",
            Self::Boolean => "Boolean",
        }
    }
}

/// A column with its values.
#[derive(Clone, Default)]
pub struct Column {
    /// The name people see.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// What it says, in a sentence.
    pub description: String,
    /// Whether report authors are shown the column.
    pub hidden: bool,
    /// The format string, may be empty.
    pub format: String,
    values: Values,
}

/// Where the values of a column are.
#[derive(Clone)]
enum Values {
    Here(Encoded),
    /// In a seeded table, at this place; its rows are made when they are first asked for.
    Seeded(Arc<SeededRows>, usize),
}

impl Default for Values {
    fn default() -> Self {
        Self::Here(Encoded::default())
    }
}

/// The rows of a seeded table, made when first asked for.
pub(crate) type SeededRows = LazyLock<Vec<Encoded>, fn() -> Vec<Encoded>>;

/// The values of a column: the distinct ones, and per row a place among them.
#[derive(Clone, Default)]
pub(crate) struct Encoded {
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) codes: Arc<Vec<u32>>,
}

/// The distinct values of a column; the first is always blank, used or not.
pub struct Dictionary {
    pub(crate) values: Vec<Value>,
    lookup: OnceLock<HashMap<Key, u32>>,
    ranks: OnceLock<Vec<u32>>,
    numbers: OnceLock<Vec<f64>>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self::new(vec![Value::Blank])
    }
}

impl Dictionary {
    fn new(values: Vec<Value>) -> Self {
        Self {
            values,
            lookup: OnceLock::new(),
            ranks: OnceLock::new(),
            numbers: OnceLock::new(),
        }
    }

    /// The code of a value, if the column ever holds it.
    pub(crate) fn code(&self, value: &Value) -> Option<u32> {
        let lookup = self.lookup.get_or_init(|| {
            self.values
                .iter()
                .zip(0..)
                .map(|(value, code)| (value.key(), code))
                .collect()
        });
        lookup.get(&value.key()).copied()
    }

    /// Per code its place in the sorted order, so that rows compare by number.
    pub(crate) fn ranks(&self) -> &[u32] {
        self.ranks.get_or_init(|| {
            let mut codes: Vec<u32> = (0..).take(self.values.len()).collect();
            codes.sort_by(|a, b| order(&self.values[*a as usize], &self.values[*b as usize]));
            let mut ranks = vec![0; codes.len()];
            for (rank, code) in (0..).zip(codes) {
                ranks[code as usize] = rank;
            }
            ranks
        })
    }

    /// Per code the number behind its value; text and blank give zero.
    pub(crate) fn numbers(&self) -> &[f64] {
        self.numbers
            .get_or_init(|| self.values.iter().map(|value| value.number().unwrap_or(0.0)).collect())
    }
}

impl Encoded {
    /// The values of a kind of column; one that does not fit becomes one that does, or blank.
    pub(crate) fn new(kind: ColumnKind, values: impl IntoIterator<Item = Value>) -> Self {
        let mut distinct = vec![Value::Blank];
        let mut places: HashMap<Key, u32> = HashMap::from([(Key::Blank, 0)]);
        let codes = values
            .into_iter()
            .map(|value| {
                let value = fit(kind, value);
                *places.entry(value.key()).or_insert_with(|| {
                    distinct.push(value);
                    u32::try_from(distinct.len() - 1).expect("a column holds fewer than four thousand million values")
                })
            })
            .collect();
        Self {
            dictionary: Arc::new(Dictionary::new(distinct)),
            codes: Arc::new(codes),
        }
    }

    /// Values that are known to differ, and per row which of them it is; none is blank.
    pub(crate) fn picked(distinct: Vec<Value>, picks: impl IntoIterator<Item = Option<usize>>) -> Self {
        let mut values = vec![Value::Blank];
        values.extend(distinct);
        let code =
            |pick: Option<usize>| pick.map_or(0, |pick| u32::try_from(pick + 1).expect("a pick is a small number"));
        let codes = picks.into_iter().map(code).collect();
        Self {
            dictionary: Arc::new(Dictionary::new(values)),
            codes: Arc::new(codes),
        }
    }
}

impl Column {
    /// A column of values; a value that does not fit the kind becomes one that does, or blank.
    pub fn new(name: impl Into<String>, kind: ColumnKind, values: impl IntoIterator<Item = Value>) -> Self {
        let values = Values::Here(Encoded::new(kind, values));
        Self {
            name: name.into(),
            kind,
            values,
            ..Self::default()
        }
    }

    /// A column from cells, as rows pushed over the API bring them.
    pub fn from_cells(name: impl Into<String>, kind: ColumnKind, cells: impl IntoIterator<Item = Cell>) -> Self {
        Self::new(name, kind, cells.into_iter().map(Value::from))
    }

    /// A column of a seeded table, whose rows are made later.
    pub(crate) fn seeded(name: &str, kind: ColumnKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            ..Self::default()
        }
    }

    /// Ties the column to the seeded rows.
    pub(crate) fn tie(&mut self, rows: &Arc<SeededRows>, place: usize) {
        self.values = Values::Seeded(rows.clone(), place);
    }

    /// The distinct values and the codes of the rows.
    pub(crate) fn encoded(&self) -> &Encoded {
        match &self.values {
            Values::Here(encoded) => encoded,
            Values::Seeded(rows, place) => &rows[*place],
        }
    }

    /// The same column with a sentence about it.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        self.description = description.to_owned();
        self
    }

    /// The same column with a format string.
    #[must_use]
    pub fn formatted(mut self, format: &str) -> Self {
        self.format = format.to_owned();
        self
    }

    /// The same column, hidden from report authors.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// How many rows the column has.
    pub fn len(&self) -> usize {
        self.encoded().codes.len()
    }

    /// Whether the column has no rows.
    pub fn is_empty(&self) -> bool {
        self.encoded().codes.is_empty()
    }

    /// The value in a row.
    pub fn value(&self, row: usize) -> &Value {
        let encoded = self.encoded();
        &encoded.dictionary.values[encoded.codes[row] as usize]
    }
}

/// The value as the kind of column stores it.
fn fit(kind: ColumnKind, value: Value) -> Value {
    match (kind, value) {
        (_, Value::Blank) => Value::Blank,
        (ColumnKind::Text, Value::Text(text)) => Value::Text(text),
        (ColumnKind::Text, other) => Value::text(crate::dax::convert::text_of(&other)),
        (ColumnKind::Int, Value::Int(whole)) => Value::Int(whole),
        (ColumnKind::Int, other) => other
            .number()
            .map_or(Value::Blank, |number| Value::Int(number.round() as i64)),
        (ColumnKind::Decimal, other) => other.number().map_or(Value::Blank, |number| {
            Value::Number((number * 10_000.0).round() / 10_000.0)
        }),
        (ColumnKind::Double, other) => other.number().map_or(Value::Blank, Value::Number),
        (ColumnKind::DateTime, Value::Text(text)) => crate::dax::convert::date_of_text(&text).unwrap_or(Value::Blank),
        (ColumnKind::DateTime, other) => other.number().map_or(Value::Blank, Value::Date),
        (ColumnKind::Boolean, Value::Text(_)) => Value::Blank,
        (ColumnKind::Boolean, other) => other.number().map_or(Value::Blank, |number| Value::Bool(number != 0.0)),
    }
}
