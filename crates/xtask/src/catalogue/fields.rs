//! The members of a JSON schema as flat paths, with references and `allOf` resolved.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::catalogue::shape::Value;

/// Deeper members are left out; a schema that holds itself would never end.
const MOST_DEPTH: usize = 8;

/// The members below `schema`; `document` is where its references point.
pub(crate) fn of_schema(schema: &Json, document: &Json) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect(schema, document, "", MOST_DEPTH, &mut found);
    found
}

/// The members of an answer below `schema`, without whether they are required.
pub(crate) fn of_answer(schema: &Json, document: &Json) -> BTreeMap<String, Value> {
    let mut found = of_schema(schema, document);
    for value in found.values_mut() {
        value.required = false;
    }
    found
}

/// What a schema, or a Swagger parameter, says of one value.
pub(crate) fn value(schema: &Json, document: &Json, required: bool) -> Value {
    let merged = Merged::of(schema, document);
    let words = merged.words();
    Value {
        required,
        kind: merged.kind(),
        words,
        min: merged.number("minimum"),
        max: merged.number("maximum"),
    }
}

fn collect(schema: &Json, document: &Json, path: &str, depth: usize, found: &mut BTreeMap<String, Value>) {
    let merged = Merged::of(schema, document);
    let Some(deeper) = depth.checked_sub(1) else { return };
    if let Some(items) = merged.member("items") {
        collect(items, document, &format!("{path}[]"), deeper, found);
    }
    let required = merged.required();
    for (name, member) in merged.properties() {
        let below = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        found.insert(below.clone(), value(member, document, required.contains(name)));
        collect(member, document, &below, deeper, found);
    }
}

/// A schema together with everything it is made of.
struct Merged<'a>(Vec<&'a Json>);

impl<'a> Merged<'a> {
    fn of(schema: &'a Json, document: &'a Json) -> Self {
        let mut parts: Vec<&Json> = Vec::new();
        let mut waiting = vec![schema];
        while let Some(part) = waiting.pop() {
            // A part met twice adds nothing, and a circle of references must end.
            if parts.iter().any(|known| std::ptr::eq::<Json>(*known, part)) {
                continue;
            }
            parts.push(part);
            let target = part["$ref"]
                .as_str()
                .and_then(|address| document.pointer(address.strip_prefix('#')?));
            waiting.extend(target);
            waiting.extend(part["allOf"].as_array().into_iter().flatten());
        }
        Self(parts)
    }

    fn member(&self, name: &str) -> Option<&'a Json> {
        self.0.iter().find_map(|part| part.get(name))
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.member(name)?.as_f64()
    }

    fn properties(&self) -> impl Iterator<Item = (&'a str, &'a Json)> {
        let objects = self.0.iter().filter_map(|part| part.get("properties")?.as_object());
        objects.flatten().map(|(name, schema)| (name.as_str(), schema))
    }

    fn required(&self) -> BTreeSet<&'a str> {
        let lists = self.0.iter().filter_map(|part| part.get("required")?.as_array());
        lists.flatten().filter_map(Json::as_str).collect()
    }

    fn words(&self) -> BTreeSet<String> {
        let words = self.member("enum").and_then(Json::as_array).into_iter().flatten();
        words.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// The type apart from `null`; none if there are several.
    fn type_name(&self) -> Option<&'a str> {
        match self.member("type")? {
            Json::Array(types) => {
                let mut names = types.iter().filter_map(Json::as_str).filter(|name| *name != "null");
                names.next().filter(|_| names.next().is_none())
            }
            one => one.as_str(),
        }
    }

    fn kind(&self) -> String {
        let format = self.member("format").and_then(Json::as_str).unwrap_or_default();
        let kind = match self.type_name() {
            Some("string") => match format {
                "uuid" => "guid",
                "date-time" | "date" => "date-time",
                _ => "text",
            },
            Some("array") => "list",
            Some(other) => other,
            None if self.properties().next().is_some() => "object",
            None => "any",
        };
        kind.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_and_parts_are_resolved_into_flat_paths() {
        let document = json!({"definitions": {
            "Base": {"required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}},
            "Item": {"allOf": [{"$ref": "#/definitions/Base"}, {"properties": {"kind": {"type": "string", "enum": ["A", "B"]}}}]},
        }});
        let schema = json!({"properties": {"items": {"type": "array", "items": {"$ref": "#/definitions/Item"}}}});
        let fields = of_schema(&schema, &document);
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(names, ["items", "items[].id", "items[].kind"]);
        assert!(fields["items[].id"].required);
        assert_eq!(fields["items[].id"].kind, "guid");
        assert_eq!(fields["items[].kind"].words.len(), 2);
    }

    #[test]
    fn a_type_that_may_be_null_is_that_type() {
        let kind = |schema| value(&schema, &json!({}), false).kind;
        assert_eq!(kind(json!({"type": ["string", "null"], "format": "uuid"})), "guid");
        assert_eq!(kind(json!({"type": ["string", "integer"]})), "any");
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let document = json!({"definitions": {"Node": {"properties": {"next": {"$ref": "#/definitions/Node"}}}}});
        assert_eq!(
            of_schema(&json!({"$ref": "#/definitions/Node"}), &document).len(),
            MOST_DEPTH
        );
    }
}
