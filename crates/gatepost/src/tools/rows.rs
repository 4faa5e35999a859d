//! The rows of a DAX query as Power BI answers them, and as a model reads them best.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::text::{cell, visible};

/// Rows that are kept of an answer; the others are only counted.
pub(super) const MOST_ROWS: usize = 10_000;
/// Cells of the rows that are kept, empty ones too: far more than fit into an answer of ours.
const MOST_CELLS: usize = 200_000;

/// What a query answered.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rows {
    pub columns: Vec<String>,
    /// As many cells as there are columns.
    pub rows: Vec<Vec<Value>>,
    /// All rows that came, kept or not.
    pub count: usize,
    /// Power BI cut the answer, and says why.
    pub cut: Option<String>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    results: Vec<Part<'a>>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    tables: Vec<Table<'a>>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Table<'a> {
    #[serde(borrow, default)]
    rows: Kept<'a>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Default)]
struct Kept<'a> {
    rows: Vec<Row<'a>>,
    count: usize,
}

/// The members of one row, in the order in which they came: that of the query's columns.
struct Row<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Kept<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Kept<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut kept = Kept::default();
                let mut cells = 0;
                while kept.count < MOST_ROWS && cells < MOST_CELLS {
                    let Some(row) = list.next_element::<Row<'_>>()? else {
                        return Ok(kept);
                    };
                    cells += row.0.len();
                    kept.rows.push(row);
                    kept.count += 1;
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    kept.count += 1;
                }
                Ok(kept)
            }
        }
        deserializer.deserialize_seq(All)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Row<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Row(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads an answer of executeQueries; nothing if it is not one.
pub(super) fn read(body: &[u8]) -> Option<Rows> {
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    let mut found = Rows {
        cut: answer.error.as_ref().map(message),
        ..Rows::default()
    };
    let Some(part) = answer.results.into_iter().next() else {
        return found.cut.is_some().then_some(found);
    };
    found.cut = found.cut.or_else(|| part.error.as_ref().map(message));
    if let Some(table) = part.tables.into_iter().next() {
        found.cut = found.cut.or_else(|| table.error.as_ref().map(message));
        found.count = table.rows.count;
        found.keep(table.rows.rows);
    }
    Some(found)
}

/// A number that a double cannot hold is kept as the text that came.
fn value(raw: &RawValue) -> Value {
    match serde_json::from_str(raw.get()) {
        Ok(Value::Number(number)) if number.is_f64() && raw.get().len() > 17 && number.to_string() != raw.get() => {
            Value::String(raw.get().to_owned())
        }
        Ok(value) => seen(value),
        Err(_) => Value::String(raw.get().to_owned()),
    }
}

/// The same without what shows nothing and can hide text, however deep it stands.
fn seen(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible(&text)),
        Value::Array(items) => items.into_iter().map(seen).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, it)| (visible(&name), seen(it)))
            .collect(),
        plain => plain,
    }
}

fn message(error: &Value) -> String {
    let text = [&error["message"], &error["code"]].into_iter().find_map(Value::as_str);
    text.unwrap_or("Power BI gives no reason").to_owned()
}

impl Rows {
    /// Takes rows until they hold too many cells. Power BI leaves out what is empty, so one row may bring columns that
    /// the others must have too.
    fn keep(&mut self, rows: Vec<Row<'_>>) {
        let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
        for Row(members) in rows {
            let new = members.iter().filter(|(name, _)| !places.contains_key(name)).count();
            if MOST_CELLS < (self.rows.len() + 1) * (self.columns.len() + new) {
                break;
            }
            let mut cells = vec![Value::Null; self.columns.len()];
            for (name, raw) in members {
                let at = *places.entry(name).or_insert_with_key(|name| {
                    self.columns.push(name.clone().into_owned());
                    cells.push(Value::Null);
                    self.columns.len() - 1
                });
                cells[at] = value(raw);
            }
            self.rows.push(cells);
        }
        for row in &mut self.rows {
            row.resize(self.columns.len(), Value::Null);
        }
    }

    /// How many of the first `most` rows fit when text and structured answer may each have so many characters.
    pub(super) fn fitting(&self, most: usize, characters: usize) -> usize {
        let (mut text, mut structured) = (0, 0);
        let fits = |row: &&Vec<Value>| {
            text += row.iter().map(|it| shown(it).len() + 1).sum::<usize>();
            structured += Value::from((*row).clone()).to_string().len() + 1;
            text.max(structured) <= characters
        };
        self.rows.iter().take(most).take_while(fits).count()
    }

    /// The first rows as TSV with a head.
    pub(super) fn tsv(&self, most: usize) -> String {
        let head: Vec<String> = self.columns.iter().map(|it| cell(it)).collect();
        let mut out = head.join("\t");
        for row in self.rows.iter().take(most) {
            let cells: Vec<String> = row.iter().map(shown).collect();
            out.push('\n');
            out.push_str(&cells.join("\t"));
        }
        out
    }

    /// The first rows for programs, with what a reader should know of them.
    pub(super) fn structured(&self, most: usize, truncated: bool, note: &str) -> Value {
        let rows: Vec<&Vec<Value>> = self.rows.iter().take(most).collect();
        let columns: Vec<String> = self.columns.iter().map(|it| visible(it)).collect();
        json!({ "columns": columns, "note": note, "rows": rows, "truncated": truncated })
    }

    /// The text of a named column of a row, the name given without brackets.
    pub(super) fn text<'a>(&'a self, row: &'a [Value], name: &str) -> Option<Cow<'a, str>> {
        let bracketed = |it: &&String| it.trim_matches(['[', ']']).eq_ignore_ascii_case(name);
        let at = self.columns.iter().position(|it| bracketed(&it))?;
        match row.get(at)? {
            Value::Null => None,
            Value::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => cell(text),
        other => cell(&other.to_string()),
    }
}
