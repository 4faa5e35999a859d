//! Checks a request body against the part of JSON Schema the catalogue uses.

use serde_json::Map;
use serde_json::Value;

use crate::bind::BindProblem;
use crate::segment;

/// Everything wrong with a body. Fields the schema does not name pass: the service may know more.
pub(crate) fn problems(schema: &Value, body: &Value) -> Vec<BindProblem> {
    let mut problems = Vec::new();
    check(schema, body, "body", &mut problems);
    problems
}

fn check(schema: &Value, value: &Value, place: &str, problems: &mut Vec<BindProblem>) {
    let mut wrong = |message: String| {
        problems.push(BindProblem {
            argument: place.to_owned(),
            message,
        });
    };
    if let Some(expected) = schema["type"].as_str().filter(|expected| !is_of(value, expected)) {
        return wrong(format!("expected {}", with_article(expected)));
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !is_one_of(value, words)) {
        let words: Vec<_> = words.iter().map(shown).collect();
        return wrong(format!("expected one of {}", words.join(", ")));
    }
    if let Some(message) = out_of_bounds(schema, value) {
        wrong(message);
    }
    match value {
        Value::Object(fields) => check_fields(schema, fields, place, problems),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{place}[{at}]"), problems);
            }
        }
        _ => {}
    }
}

fn check_fields(schema: &Value, fields: &Map<String, Value>, place: &str, problems: &mut Vec<BindProblem>) {
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let mut wrong = |name: &str, message: &str| {
        problems.push(BindProblem {
            argument: format!("{place}.{name}"),
            message: message.to_owned(),
        });
    };
    for name in required {
        if field(fields, name).is_none_or(Value::is_null) {
            wrong(name, "missing");
        }
    }
    let known = schema["properties"].as_object();
    for name in known.into_iter().flat_map(Map::keys) {
        // The service would take one of them, policies might look at the other.
        if fields.keys().filter(|given| given.eq_ignore_ascii_case(name)).count() > 1 {
            wrong(name, "expected it once");
        }
    }
    for (name, schema) in known.into_iter().flatten() {
        if let Some(value) = field(fields, name).filter(|value| !value.is_null()) {
            check(schema, value, &format!("{place}.{name}"), problems);
        }
    }
}

/// The service reads field names in upper and lower case alike.
pub(crate) fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| {
        fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// Text that spells a number or truth value counts as one: the service's own examples do so.
fn is_of(value: &Value, expected: &str) -> bool {
    match (expected, value) {
        ("object", Value::Object(_))
        | ("array", Value::Array(_))
        | ("string", Value::String(_))
        | ("boolean", Value::Bool(_))
        | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("boolean", Value::String(text)) => ["true", "false"].contains(&&*text.to_ascii_lowercase()),
        ("integer", Value::String(text)) => text.parse::<i64>().is_ok(),
        ("number", Value::String(text)) => text.parse().is_ok_and(f64::is_finite),
        _ => false,
    }
}

fn is_one_of(value: &Value, words: &[Value]) -> bool {
    words.iter().any(|word| match (word, value) {
        (Value::String(word), Value::String(text)) => word.eq_ignore_ascii_case(text),
        _ => word == value,
    })
}

fn out_of_bounds(schema: &Value, value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let min = schema["minItems"].as_u64().unwrap_or(0);
            let max = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
            let count = items.len() as u64;
            match (count < min, count > max) {
                (true, _) => Some(format!("expected at least {min}")),
                (_, true) => Some(format!("expected at most {max}")),
                _ => None,
            }
        }
        Value::String(text) => {
            let max = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
            // An empty id means none.
            let is_id = schema["format"] != "uuid" || text.is_empty() || segment::is_guid(text);
            match (is_id, text.chars().count() as u64 > max) {
                (false, _) => Some("expected a GUID of 36 characters".to_owned()),
                (_, true) => Some(format!("expected at most {max} characters")),
                _ => None,
            }
        }
        Value::Number(number) => {
            let number = number.as_f64()?;
            let low = schema["minimum"].as_f64().is_some_and(|min| number < min);
            let high = schema["maximum"].as_f64().is_some_and(|max| number > max);
            (low || high).then(|| match (&schema["minimum"], &schema["maximum"]) {
                (min, Value::Null) => format!("expected at least {min}"),
                (Value::Null, max) => format!("expected at most {max}"),
                (min, max) => format!("expected {min} to {max}"),
            })
        }
        _ => None,
    }
}

fn shown(word: &Value) -> String {
    word.as_str().map_or_else(|| word.to_string(), str::to_owned)
}

fn with_article(kind: &str) -> String {
    match kind {
        "array" | "object" | "integer" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}
