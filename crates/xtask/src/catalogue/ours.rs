//! The catalogue's operations in comparable form.

use catalogue::Catalogue;
use catalogue::Kind;
use catalogue::Operation;
use catalogue::Parameter;
use catalogue::Place;

use crate::catalogue::fields;
use crate::catalogue::shape;
use crate::catalogue::shape::Operations;
use crate::catalogue::shape::Shape;
use crate::catalogue::shape::Value;

/// Every operation of the catalogue.
pub(crate) fn operations(catalogue: &Catalogue) -> Operations {
    let all = catalogue.operations().iter();
    all.map(|operation| {
        (
            shape::key(operation.method.as_str(), operation.path.as_str()),
            shape_of(operation),
        )
    })
    .collect()
}

fn shape_of(operation: &Operation) -> Shape {
    let parameters = operation
        .parameters
        .iter()
        .map(|parameter| (name(parameter), value(parameter)));
    let body = operation.body.as_ref();
    Shape {
        id: operation.microsoft_id.clone(),
        parameters: parameters.collect(),
        body_required: body.map(|_| operation.body_required),
        // The catalogue's schemas hold no references.
        fields: body.map(|schema| fields::of_schema(schema, schema)).unwrap_or_default(),
        answer: operation
            .answer_schema
            .as_ref()
            .map(|schema| fields::of_answer(schema, schema))
            .unwrap_or_default(),
    }
}

fn name(parameter: &Parameter) -> String {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
    };
    format!("{place} {}", parameter.name)
}

fn value(parameter: &Parameter) -> Value {
    let kind = match parameter.kind {
        Kind::Text | Kind::Token => "text",
        Kind::Guid => "guid",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::DateTime => "date-time",
        Kind::List => "list",
    };
    Value {
        required: parameter.required,
        kind: kind.to_owned(),
        words: parameter.values.iter().cloned().collect(),
        min: parameter.min.map(|min| min as f64),
        max: parameter.max.map(|max| max as f64),
    }
}
