//! A tool's arguments: checked against exactly the schema that is advertised, then read.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::tool::Ready;

const MOST_PROBLEMS: usize = 5;
const LONGEST_PROBLEM: usize = 200;

/// Everything wrong with the arguments, in words a model can act on.
pub(super) fn problems(ready: &Ready, arguments: &Value) -> Option<String> {
    let errors = ready.validator.iter_errors(arguments).take(MOST_PROBLEMS);
    let mut found: Vec<String> = errors.map(|error| words(&error, ready)).collect();
    found.dedup();
    (!found.is_empty()).then(|| format!("The arguments do not fit: {}.", found.join("; ")))
}

fn words(error: &ValidationError<'_>, ready: &Ready) -> String {
    let place = error.instance_path().to_string();
    let text = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unexpected: Vec<String> = unexpected
                .iter()
                .take(3)
                .map(|it| it.escape_debug().to_string())
                .collect();
            format!(
                "unknown argument {}; expected {}",
                unexpected.join(", "),
                known(&ready.arguments)
            )
        }
        // The value itself may be long, or somebody's secret.
        _ => error.masked_with("the value").to_string(),
    };
    let place = place.trim_start_matches('/');
    let text = if place.is_empty() {
        text
    } else {
        format!("{place}: {text}")
    };
    text.chars().take(LONGEST_PROBLEM).collect()
}

fn known(names: &[String]) -> String {
    match names {
        [] => "no arguments".to_owned(),
        names => names.join(", "),
    }
}

/// The text of an argument, without the space around it; empty is absent.
pub(super) fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let text = arguments.get(name).and_then(Value::as_str).map(str::trim);
    text.filter(|it| !it.is_empty())
}

/// A whole number the schema has bounded; JSON Schema takes 5.0 for one too.
pub(super) fn whole(arguments: &Map<String, Value>, name: &str) -> Option<usize> {
    let number = arguments.get(name)?.as_f64()?;
    (number >= 0.0).then_some(number as usize)
}

/// The texts of a list.
pub(super) fn texts<'a>(arguments: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let list = arguments.get(name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str).map(str::trim);
    texts.filter(|it| !it.is_empty()).collect()
}
