//! The table: one row per operation, with its arguments, who calls it, and what is to come of it.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The files with rows; `fresh.toml` beside them holds what rows name with `$`.
const FILES: [&str; 5] = ["places", "models", "content", "goals", "admin"];

/// All rows and what they name.
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    pub(crate) known: HashMap<String, String>,
    pub(crate) fresh: HashMap<String, Vec<Step>>,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) operation: String,
    /// Fresh things that must be there although no argument names them.
    pub(crate) first: Vec<String>,
    /// Who has enough rights.
    pub(crate) who: String,
    pub(crate) call: Call,
    pub(crate) status: u16,
    /// Who has too few.
    pub(crate) other: String,
    pub(crate) other_status: u16,
}

/// The arguments of a call.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Call {
    /// Path and query values.
    #[serde(default)]
    pub(crate) with: Map<String, Value>,
    pub(crate) body: Option<Value>,
    /// A file to send as multipart.
    pub(crate) upload: Option<String>,
}

/// One call on the way to a fresh thing.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) call: String,
    #[serde(flatten)]
    pub(crate) arguments: Call,
    /// Where in the answer the thing's id is: a path with dots, or a header after `@`.
    pub(crate) take: Option<String>,
    /// Seconds that pass afterwards.
    #[serde(default)]
    pub(crate) wait: i64,
}

#[derive(Deserialize)]
struct Fresh {
    known: HashMap<String, String>,
    fresh: HashMap<String, Vec<Step>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    defaults: Defaults,
    row: HashMap<String, Written>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    other: Option<String>,
    other_status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    first: Vec<String>,
    who: Option<String>,
    #[serde(default)]
    with: Map<String, Value>,
    body: Option<Value>,
    upload: Option<String>,
    status: Option<u16>,
    other: Option<String>,
    other_status: Option<u16>,
    /// The same operation without a workspace in its path.
    also: Option<String>,
}

impl Table {
    /// Reads the files beside this one.
    pub(crate) fn read() -> Self {
        let fresh: Fresh = read("fresh");
        let mut rows: Vec<Row> = FILES.iter().flat_map(|name| rows_of(read(name))).collect();
        rows.sort_by(|a, b| a.operation.cmp(&b.operation));
        Self {
            rows,
            known: fresh.known,
            fresh: fresh.fresh,
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/every_operation");
    let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{name}.toml: {error}"))
}

fn rows_of(file: File) -> Vec<Row> {
    let other = file.defaults.other.unwrap_or_else(|| "flo".to_owned());
    // Power BI says 401 to a person who may not enter a workspace, and 404 where none is named.
    let other_status = file.defaults.other_status.unwrap_or(401);
    let mut rows = Vec::new();
    for (operation, written) in file.row {
        let row = Row {
            operation,
            first: written.first,
            who: written.who.unwrap_or_else(|| "ada".to_owned()),
            call: Call {
                with: written.with,
                body: written.body,
                upload: written.upload,
            },
            status: written.status.unwrap_or(200),
            other: written.other.unwrap_or_else(|| other.clone()),
            other_status: written.other_status.unwrap_or(other_status),
        };
        if let Some(operation) = written.also {
            let mut with = row.call.with.clone();
            with.shift_remove("groupId");
            rows.push(Row {
                operation,
                call: Call {
                    with,
                    ..row.call.clone()
                },
                other_status: 404,
                ..row.clone()
            });
        }
        rows.push(row);
    }
    rows
}
