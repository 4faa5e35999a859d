//! What the fuzz targets call of this module; built for them alone.

use serde_json::Value;

use super::tool;
use super::{ALL, arguments, items, rows};

/// What is wrong with the arguments of a tool; nothing if there is no such tool.
pub fn problems(name: &str, given: &Value) -> Option<Option<String>> {
    let at = ALL.iter().position(|it| it.name == name)?;
    Some(arguments::problems(&tool::ready()[at], given))
}

/// An answer of executeQueries as a tool reads it.
pub struct Answer {
    pub columns: usize,
    /// The number of cells of each row that was kept.
    pub widths: Vec<usize>,
    pub count: usize,
    pub tsv: String,
    pub structured: Value,
    /// How many rows fit into a thousand characters.
    pub fitting: usize,
}

/// Reads an answer of executeQueries; nothing if it is not one.
pub fn answer(body: &[u8]) -> Option<Answer> {
    let read = rows::read(body)?;
    Some(Answer {
        columns: read.columns.len(),
        widths: read.rows.iter().map(Vec::len).collect(),
        count: read.count,
        tsv: read.tsv(usize::MAX),
        structured: read.structured(usize::MAX, false, ""),
        fitting: read.fitting(usize::MAX, 1000),
    })
}

/// How a search compares what was typed with a name: nothing if they do not fit, else the better the smaller.
pub fn fit(typed: &str, name: &str) -> Option<u8> {
    items::fit(typed, name).map(|it| it as u8)
}

/// A name as it is compared.
pub fn folded(text: &str) -> String {
    items::folded(text)
}
