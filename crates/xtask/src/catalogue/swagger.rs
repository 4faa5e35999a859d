//! The operations of a Swagger 2 file in comparable form.

use std::collections::BTreeMap;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value as Json;

use crate::catalogue::fields;
use crate::catalogue::shape;
use crate::catalogue::shape::Operations;
use crate::catalogue::shape::Shape;
use crate::catalogue::shape::Value;

const METHODS: &[&str] = &["get", "put", "post", "delete", "patch"];

/// Every operation of the document.
pub(crate) fn operations(document: &Json) -> Result<Operations> {
    let paths = document["paths"].as_object().context("it has no `paths`")?;
    let mut found = Operations::new();
    for (path, item) in paths {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            found.insert(shape::key(method, path), shape_of(item, &item[*method], document)?);
        }
    }
    Ok(found)
}

fn shape_of(item: &Json, operation: &Json, document: &Json) -> Result<Shape> {
    let mut shape = Shape {
        id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
        answer: answer(operation, document),
        ..Shape::default()
    };
    // What the operation says comes last, so that it outranks what its path says for all methods.
    let lists = [&item["parameters"], &operation["parameters"]];
    for parameter in lists.into_iter().filter_map(Json::as_array).flatten() {
        let parameter = resolved(parameter, document)?;
        let name = parameter["name"].as_str().context("a parameter has no name")?;
        let required = parameter["required"].as_bool().unwrap_or_default();
        match parameter["in"].as_str().context("a parameter has no place")? {
            "body" => {
                shape.body_required = Some(required);
                shape.fields = fields::of_schema(&parameter["schema"], document);
            }
            place => drop(
                shape
                    .parameters
                    .insert(format!("{place} {name}"), fields::value(parameter, document, required)),
            ),
        }
    }
    Ok(shape)
}

/// The members of the successful answers; a `202` answers as the `200` beside it does.
fn answer(operation: &Json, document: &Json) -> BTreeMap<String, Value> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let schemas = responses
        .filter(|(code, _)| code.starts_with('2'))
        .filter_map(|(_, response)| response.get("schema"));
    schemas.flat_map(|schema| fields::of_answer(schema, document)).collect()
}

fn resolved<'a>(parameter: &'a Json, document: &'a Json) -> Result<&'a Json> {
    let Some(address) = parameter["$ref"].as_str() else {
        return Ok(parameter);
    };
    let target = address.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
    target.with_context(|| format!("the reference {address} points nowhere"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_and_bodies_are_read() {
        let document = json!({
            "parameters": {"Group": {"name": "groupId", "in": "path", "required": true, "type": "string", "format": "uuid"}},
            "paths": {"/groups/{groupId}/x": {"post": {"operationId": "X_Post", "parameters": [
                {"$ref": "#/parameters/Group"},
                {"name": "$top", "in": "query", "type": "integer", "minimum": 1},
                {"name": "request", "in": "body", "required": true, "schema": {"properties": {"name": {"type": "string"}}}},
            ], "responses": {"202": {"schema": {"required": ["id"], "properties": {"id": {"type": "integer"}}}}, "500": {}}}}},
        });
        let found = operations(&document).unwrap();
        let shape = &found[&("POST".to_owned(), "/groups/{}/x".to_owned())];
        assert_eq!(shape.id, "X_Post");
        assert!(shape.parameters["path groupId"].required);
        assert_eq!(shape.parameters["query $top"].min, Some(1.0));
        assert_eq!(shape.body_required, Some(true));
        assert_eq!(shape.fields["name"].kind, "text");
        assert_eq!(
            (&*shape.answer["id"].kind, shape.answer["id"].required),
            ("integer", false)
        );
    }

    #[test]
    fn something_else_is_refused() {
        assert!(operations(&json!({"openapi": "3.0.0"})).is_err());
    }
}
