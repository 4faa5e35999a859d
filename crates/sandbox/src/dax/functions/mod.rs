//! The functions of the language, by name.

mod aggregates;
mod calculate;
mod dates;
mod format;
mod info;
mod iterators;
mod logic;
mod lookup;
mod math;
mod sets;
mod summarize;
mod summarize_columns;
mod tables;
mod text;
mod time;

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::node::Function;
use crate::dax::node::Node;
use crate::dax::storage::ColumnId;

const ALL: [&[Function]; 14] = [
    aggregates::FUNCTIONS,
    calculate::FUNCTIONS,
    dates::FUNCTIONS,
    format::FUNCTIONS,
    info::FUNCTIONS,
    iterators::FUNCTIONS,
    logic::FUNCTIONS,
    lookup::FUNCTIONS,
    math::FUNCTIONS,
    sets::FUNCTIONS,
    summarize::FUNCTIONS,
    tables::FUNCTIONS,
    text::FUNCTIONS,
    time::FUNCTIONS,
];

/// The function of this name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Function>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        ALL.iter()
            .copied()
            .flatten()
            .map(|function| (function.name, function))
            .collect()
    });
    by_name.get(name.to_ascii_uppercase().as_str()).copied()
}

/// The names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().copied().flatten().map(|function| function.name)
}

/// Why a function that was not found is refused.
pub(crate) fn refusal(name: &str) -> DaxError {
    let upper = name.to_ascii_uppercase();
    if upper.starts_with("INFO.") {
        return DaxError::wrong(format!(
            "{upper} is not available to queries over the API; only INFO.VIEW.TABLES, COLUMNS, MEASURES and RELATIONSHIPS are"
        ));
    }
    DaxError::unknown_function(name)
}

/// The column an argument names.
fn column_argument(function: &str, node: &Node) -> Result<ColumnId> {
    match node {
        Node::Column(column) => Ok(*column),
        _ => Err(DaxError::wrong(format!(
            "{function} expects a column such as 'Table'[Column]"
        ))),
    }
}

/// The text an argument gives, which must not depend on a row.
fn name_argument(function: &str, node: &Node) -> Result<String> {
    match node {
        Node::Constant(Value::Text(text)) => Ok(text.to_string()),
        _ => Err(DaxError::wrong(format!(
            "{function} expects the name of a new column in double quotes"
        ))),
    }
}

/// The word an argument is, such as DESC or YEAR.
fn word_argument(eval: &Eval, node: &Node) -> Option<String> {
    match node {
        Node::Word(word) => Some(word.to_string()),
        // A table that is called like the word hides it.
        Node::Table(table) => Some(eval.names.model.tables[*table].name.to_lowercase()),
        _ => None,
    }
}

/// Whether an order argument asks for descending order.
fn is_descending(eval: &Eval, function: &str, node: Option<&Node>, default: bool, context: &Context) -> Result<bool> {
    match node {
        None | Some(Node::Omitted) => Ok(default),
        Some(node) => match word_argument(eval, node).as_deref() {
            Some("asc") => Ok(false),
            Some("desc") => Ok(true),
            Some(_) => Err(DaxError::wrong(format!("{function} expects ASC or DESC as order"))),
            None => Ok(!eval.truth(node, context)?),
        },
    }
}

/// A value in a format, as FORMAT gives it.
pub(crate) fn formatted(value: &Value, pattern: &str) -> Result<String> {
    format::format(value, pattern)
}
