//! Arguments that fit any operation.

use catalogue::Kind;
use catalogue::Operation;
use catalogue::Parameter;
use catalogue::Place;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

pub(crate) const GUID: &str = "f089354e-8366-4e18-aea3-4cb4a3a50b48";

/// A value the parameter allows, as awkward as its kind permits.
pub(crate) fn value(parameter: &Parameter) -> Value {
    if let Some(word) = parameter.values.first() {
        return json!(word);
    }
    match (parameter.kind, parameter.place) {
        (Kind::Text, Place::Path) => json!("ada_ex.org#EXT#@contoso.test's 100%ü&?=+$2"),
        (Kind::Text, Place::Query) => json!("name eq 'a&b=c;d' and x lt 1+1 #ü"),
        (Kind::Token, Place::Path) => json!("MS9C/5419+iP=="),
        (Kind::Token, Place::Query) => json!("LDEsMTAwMDAwLDA="),
        (Kind::Guid, _) => json!(GUID),
        (Kind::Integer, _) => json!(parameter.min.unwrap_or(0)),
        (Kind::Number, _) => json!(1.5),
        (Kind::Boolean, _) => json!(true),
        (Kind::DateTime, _) => json!("2026-08-01T07:00:00Z"),
        (Kind::List, _) => json!(["Report", "Dashboard"]),
    }
}

/// Arguments with every parameter of the operation, and a body if it must have one.
pub(crate) fn arguments(operation: &Operation) -> Map<String, Value> {
    let mut arguments: Map<_, _> = operation
        .parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), value(parameter)))
        .collect();
    if let Some(schema) = operation.body.as_ref().filter(|_| operation.body_required) {
        arguments.insert("body".to_owned(), body(schema));
    }
    arguments
}

/// A body with every field its schema knows.
pub(crate) fn body(schema: &Value) -> Value {
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(fields.map(|(name, schema)| (name.clone(), body(schema))).collect())
        }
        Some("array") => json!([body(&schema["items"])]),
        Some("integer") => schema["minimum"].as_i64().map_or(json!(7), Value::from),
        Some("number") => json!(1.5),
        Some("boolean") => json!(true),
        _ if schema["format"] == "date-time" => json!("2026-08-01T00:00:00Z"),
        _ if schema["format"] == "uuid" => json!(GUID),
        _ => json!("text"),
    }
}
