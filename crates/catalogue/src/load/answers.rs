//! The schemas of answers: read by name from all files, freed of references, and opened for what may be empty.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::load::Problem;

/// What a schema of an answer may say; `$ref` names another one.
const KEYWORDS: &[&str] = &[
    "$ref",
    "type",
    "required",
    "properties",
    "items",
    "enum",
    "format",
    "description",
];
const TYPES: &[&str] = &["object", "array", "string", "integer", "number", "boolean"];

/// Answer schemas by name, ready for use.
pub(crate) struct Answers {
    schemas: BTreeMap<String, Value>,
}

/// One schema as its file has it.
pub(crate) struct RawAnswer {
    /// The file it stands in.
    pub(crate) file: String,
    pub(crate) name: String,
    /// JSON.
    pub(crate) text: String,
}

impl Answers {
    /// Reads schemas that may name each other, whichever file they stand in.
    pub(crate) fn read(raw: &[RawAnswer], problems: &mut Vec<Problem>) -> Self {
        let mut parsed = BTreeMap::new();
        for RawAnswer { file, name, text } in raw {
            let place = format!("{file}: answer {name}");
            match serde_json::from_str(text) {
                Ok(schema) => {
                    problems.extend(nonsense(&schema).map(|message| Problem::new(&place, message)));
                    if parsed.insert(name.as_str(), schema).is_some() {
                        problems.push(Problem::new(&place, "expected each answer once"));
                    }
                }
                Err(error) => problems.push(Problem::new(&place, error.to_string())),
            }
        }
        let mut schemas = BTreeMap::new();
        for (name, schema) in &parsed {
            match resolved(schema, &parsed, &mut vec![*name]) {
                Ok(schema) => drop(schemas.insert((*name).to_owned(), opened(schema))),
                Err(message) => problems.push(Problem::new(&format!("answer {name}"), message)),
            }
        }
        Self { schemas }
    }

    /// The schema behind `name`, or behind `[name]`: the list of such objects as the service sends it.
    pub(crate) fn named(&self, name: &str) -> Result<Value, String> {
        let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let schema = self.schemas.get(inner.unwrap_or(name)).cloned();
        let schema = schema.ok_or_else(|| format!("expected a known answer, not {name}"))?;
        Ok(match inner {
            None => schema,
            Some(_) => json!({
                "type": "object",
                "required": ["value"],
                "properties": {
                    "@odata.context": {"type": ["string", "null"]},
                    "value": {"type": "array", "items": schema},
                },
            }),
        })
    }
}

/// What in a schema, or in one inside it, is not understood.
fn nonsense(schema: &Value) -> Option<String> {
    let Some(fields) = schema.as_object() else {
        return Some("expected each schema to be an object".to_owned());
    };
    if let Some(keyword) = fields.keys().find(|keyword| !KEYWORDS.contains(&keyword.as_str())) {
        return Some(format!("expected no {keyword} in it"));
    }
    if !types(schema)
        .iter()
        .all(|name| TYPES.contains(&name.as_str().unwrap_or_default()))
    {
        return Some(format!("expected types among {}", TYPES.join(", ")));
    }
    let properties = schema["properties"].as_object();
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required {
        let is_known = |name: &str| properties.is_some_and(|known| known.contains_key(name));
        if !name.as_str().is_some_and(is_known) {
            return Some(format!("expected the required {name} among the properties"));
        }
    }
    properties
        .into_iter()
        .flat_map(Map::values)
        .chain(schema.get("items"))
        .find_map(nonsense)
}

/// The types a schema names; none when it allows any.
fn types(schema: &Value) -> Vec<Value> {
    match &schema["type"] {
        Value::Null => Vec::new(),
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    }
}

/// The schema with what its references point to in their place; `inside` are the names it is reached through.
fn resolved<'a>(
    schema: &'a Value,
    all: &'a BTreeMap<&'a str, Value>,
    inside: &mut Vec<&'a str>,
) -> Result<Value, String> {
    let mut own = schema.as_object().cloned().unwrap_or_default();
    if let Some(items) = schema.get("items") {
        own.insert("items".to_owned(), resolved(items, all, inside)?);
    }
    if let Some(properties) = schema["properties"].as_object() {
        let properties: Result<Map<_, _>, String> = properties
            .iter()
            .map(|(name, schema)| Ok((name.clone(), resolved(schema, all, inside)?)))
            .collect();
        own.insert("properties".to_owned(), properties?.into());
    }
    let Some(reference) = own.shift_remove("$ref") else {
        return Ok(own.into());
    };
    let known = reference.as_str().and_then(|name| all.get_key_value(name));
    let (name, target) = known.ok_or_else(|| format!("expected a known answer, not {reference}"))?;
    if inside.contains(name) {
        return Err(format!("expected it not to hold itself by way of {name}"));
    }
    inside.push(*name);
    let base = resolved(target, all, inside)?;
    inside.pop();
    Ok(merged(base, own))
}

/// One schema that says what both say.
fn merged(base: Value, own: Map<String, Value>) -> Value {
    let Value::Object(mut base) = base else {
        return own.into();
    };
    for (keyword, value) in own {
        match (base.get_mut(&keyword), value) {
            (Some(Value::Object(there)), Value::Object(here)) => there.extend(here),
            (Some(Value::Array(there)), Value::Array(here)) => there.extend(here),
            (_, value) => drop(base.insert(keyword, value)),
        }
    }
    base.into()
}

/// The schema with every member that is not required allowed to be null: the service writes what is absent either way.
fn opened(mut schema: Value) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, member) in members.into_iter().flatten() {
        *member = opened(member.take());
        if !required.iter().any(|known| known == name) {
            allow_null(member);
        }
    }
    if let Some(items) = schema.get_mut("items") {
        *items = opened(items.take());
    }
    schema
}

fn allow_null(schema: &mut Value) {
    let mut types = types(schema);
    if !types.is_empty() {
        types.push("null".into());
        schema["type"] = types.into();
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
}
