//! What is hashed of an entry: its text, in the form whose version the text itself names.

use serde_json::{Map, Value};

use super::Entry;
use crate::clock::Timestamp;
use crate::store::audit::Row;

/// The version of an entry's form. Every one there ever was can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// One JSON object with sorted keys that does not name its form. Nothing said whether the log's end was signed.
    First,
    /// The same with the member `form`. Whoever writes it signs the head in the same transaction.
    Second,
    /// The same. Whoever writes it hides secrets inside addresses and connection strings too.
    Third,
}

impl Form {
    /// The form of a stored text, or the unknown version it names.
    pub(super) fn of(entry: &Value) -> Result<Self, String> {
        match entry.get("form") {
            None => Ok(Self::First),
            Some(Value::Number(it)) if it.as_i64() == Some(2) => Ok(Self::Second),
            Some(Value::Number(it)) if it.as_i64() == Some(3) => Ok(Self::Third),
            Some(other) => Err(other.to_string()),
        }
    }
}

/// The text that is hashed, in the newest form.
pub(super) fn write(entry: &Entry, seq: i64, time: Timestamp) -> String {
    let text = |it: Option<&String>| it.map_or(Value::Null, |it| Value::from(it.clone()));
    let members = [
        ("details", sorted(&entry.details)),
        ("environment", text(entry.environment.as_ref().map(|it| &it.0))),
        ("form", Value::from(3)),
        ("kind", Value::from(entry.kind)),
        ("person", text(entry.person.as_ref().map(|it| &it.0))),
        ("seq", Value::from(seq)),
        ("time", Value::from(time.0)),
        ("trace", Value::from(entry.trace.clone())),
    ];
    let object: Map<String, Value> = members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
    Value::Object(object).to_string()
}

/// Reads a stored entry and compares it with the columns beside it; says what is wrong.
pub(super) fn read(row: &Row) -> Result<(Form, Value), String> {
    let entry: Value = serde_json::from_str(&row.entry).map_err(|_| "the entry is not JSON".to_owned())?;
    let form = Form::of(&entry)
        .map_err(|version| format!("the entry is of form {version}, which this version of gatepost does not know"))?;
    match form {
        Form::First | Form::Second | Form::Third if columns_agree(row, &entry) => Ok((form, entry)),
        Form::First | Form::Second | Form::Third => {
            Err("the entry's columns do not say what the signed text says".into())
        }
    }
}

fn columns_agree(row: &Row, entry: &Value) -> bool {
    entry["seq"].as_i64() == Some(row.seq)
        && entry["time"].as_i64() == Some(row.time.0)
        && entry["environment"].as_str() == row.environment_id.as_deref()
        && entry["person"].as_str() == row.person_id.as_deref()
        && entry["kind"].as_str() == Some(&row.kind)
        && entry["trace"].as_str() == Some(&row.trace)
}

/// The same value with every object's keys in order, whatever map `serde_json` was built with.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            Value::Object(
                keys.into_iter()
                    .map(|key| (key.clone(), sorted(&object[key])))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}
