//! The fields of a JSON schema as flat rows, for pages and for agents.

use serde_json::Value;

/// One field of a body or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Where it stands, e.g. `value[].id`; `[]` is each item of a list and `*` any name.
    pub path: String,
    /// What it holds, in a few words.
    pub kind: String,
    pub required: bool,
    /// The only words known for it, if not empty.
    pub words: Vec<String>,
    /// Whether it is a password or the like, which is never shown again nor recorded.
    pub is_secret: bool,
    /// What it means; empty where the name says it.
    pub summary: String,
}

/// Every field below a schema, in the order of the schema, outer ones before inner ones.
pub(crate) fn of_schema(schema: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

/// The places of the fields that a schema marks as secret.
pub(crate) fn secrets(schema: &Value) -> Vec<String> {
    let fields = of_schema(schema).into_iter();
    fields.filter(|it| it.is_secret).map(|it| it.path).collect()
}

fn collect(schema: &Value, path: &str, found: &mut Vec<Field>) {
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{path}[]"), found);
    }
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        add(field, below(path, name), is_required(name), found);
    }
    if schema["additionalProperties"].is_object() {
        add(&schema["additionalProperties"], below(path, "*"), false, found);
    }
}

fn add(schema: &Value, path: String, required: bool, found: &mut Vec<Field>) {
    found.push(Field {
        path: path.clone(),
        kind: kind(schema),
        required,
        words: words(schema),
        is_secret: schema["secret"] == true,
        summary: schema["description"].as_str().unwrap_or_default().to_owned(),
    });
    collect(schema, &path, found);
}

fn below(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

/// The types a schema names, without the `null` of a field that may be empty.
fn types(schema: &Value) -> Vec<&str> {
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    };
    types.into_iter().filter(|name| *name != "null").collect()
}

fn kind(schema: &Value) -> String {
    let types = types(schema);
    match types.as_slice() {
        [] => "anything".to_owned(),
        ["array"] => match kind(&schema["items"]) {
            object if object == "object" => "list of objects".to_owned(),
            other => format!("list of {other}"),
        },
        names => {
            let words: Vec<_> = names.iter().map(|name| word(name, schema)).collect();
            words.join(" or ")
        }
    }
}

fn word<'a>(name: &'a str, schema: &Value) -> &'a str {
    match (name, schema["format"].as_str()) {
        ("string", Some("uuid")) => "GUID",
        ("string", Some("date-time")) => "moment",
        ("string", _) => "text",
        ("integer", _) => "whole number",
        ("boolean", _) => "true or false",
        ("array", _) => "list",
        _ => name,
    }
}

/// The words of the schema, or of the items of its list.
fn words(schema: &Value) -> Vec<String> {
    let own = schema["enum"].as_array().or_else(|| schema["items"]["enum"].as_array());
    let words = own.into_iter().flatten().filter(|word| !word.is_null());
    words
        .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
        .collect()
}
