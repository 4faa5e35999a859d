//! What must hold between the operations of a catalogue.

use std::collections::HashMap;

use serde_json::Value;

use crate::load::Problem;
use crate::operation::Answer;
use crate::operation::Effect;
use crate::operation::Group;
use crate::operation::Method;
use crate::operation::Operation;
use crate::operation::Paging;
use crate::parameter::Kind;
use crate::parameter::Parameter;
use crate::parameter::Place;
use crate::scopes;

/// Everything that does not fit together.
pub(crate) fn problems(groups: &[Group], operations: &[Operation]) -> Vec<Problem> {
    let mut found = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if group.title.is_empty() || groups[..at].iter().any(|other| other.id == group.id) {
            found.push(Problem::new(&group.id, "expected one file with a title"));
        }
    }
    duplicates(operations, &mut found);
    let by_id: HashMap<_, _> = operations.iter().map(|one| (one.id.as_str(), one)).collect();
    for operation in operations {
        let mut wrong = |message: String| found.push(Problem::new(&operation.id, message));
        identity(operation, &mut wrong);
        references(operation, &by_id, &mut wrong);
        parameters(operation, &mut wrong);
        behaviour(operation, &mut wrong);
    }
    found
}

fn duplicates(operations: &[Operation], found: &mut Vec<Problem>) {
    let mut seen = HashMap::new();
    let mut shapes = HashMap::new();
    for operation in operations {
        let shape = shape(operation);
        let keys = [
            ("id", operation.id.clone()),
            ("Microsoft id", operation.microsoft_id.clone()),
            ("method and path", format!("{} {shape}", operation.method)),
        ];
        for (what, key) in keys {
            if let Some(other) = seen.insert((what, key), &operation.id) {
                let message = format!("expected another {what} than that of {other}");
                found.push(Problem::new(&operation.id, message));
            }
        }
        let path = shapes.entry(shape).or_insert(&operation.path);
        if *path != &operation.path {
            let message = format!("expected the same names as in {path}");
            found.push(Problem::new(&operation.id, message));
        }
    }
}

/// The path without the names of its values and in lower case, as the service tells paths apart.
fn shape(operation: &Operation) -> String {
    let mut shape = operation.path.as_str().to_ascii_lowercase();
    for name in operation.path.names() {
        shape = shape.replace(&format!("{{{}}}", name.to_ascii_lowercase()), "{}");
    }
    shape
}

fn identity(operation: &Operation, wrong: &mut impl FnMut(String)) {
    let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    if !operation.id.chars().all(is_slug) || !operation.id.contains('.') {
        wrong("expected an id such as group.verb_object".to_owned());
    }
    if operation.group.is_empty() {
        wrong("expected its file to name a group".to_owned());
    }
    if !operation.path.as_str().starts_with("/v1.0/myorg/") {
        wrong("expected a path below /v1.0/myorg".to_owned());
    }
    if operation.summary.is_empty() || operation.summary.ends_with('.') {
        wrong("expected a summary without a full stop".to_owned());
    }
    for name in operation.scopes.names() {
        if scopes::find(name).is_none() {
            wrong(format!("expected a known scope, not {name}"));
        }
    }
}

fn references(operation: &Operation, by_id: &HashMap<&str, &Operation>, wrong: &mut impl FnMut(String)) {
    if let Some(twin) = &operation.twin {
        match by_id.get(twin.as_str()) {
            None => wrong(format!("expected a known twin, not {twin}")),
            Some(other) if other.twin.as_deref() != Some(&operation.id) => {
                wrong(format!("expected {twin} to name this operation as its twin"));
            }
            Some(other) if other.body_bound != operation.body_bound => {
                wrong(format!("expected {twin} to take as large a body"));
            }
            Some(_) => {}
        }
    }
    if let Some(long) = &operation.long_running {
        for id in std::iter::once(&long.poll).chain(&long.result) {
            if by_id.get(id.as_str()).is_none_or(|poll| poll.method != Method::Get) {
                wrong(format!("expected a known operation to follow with, not {id}"));
            }
        }
    }
}

fn parameters(operation: &Operation, wrong: &mut impl FnMut(String)) {
    for name in operation.path.names() {
        if operation.parameter(name).is_none() {
            wrong(format!("expected the path value {name} among the parameters"));
        }
    }
    for (at, parameter) in operation.parameters.iter().enumerate() {
        let name = &parameter.name;
        if operation.parameters[..at]
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(name))
        {
            wrong(format!("expected {name} once"));
        }
        if name.eq_ignore_ascii_case("body") {
            wrong("expected a parameter by another name than body".to_owned());
        }
        if let Some(message) = nonsense(parameter) {
            wrong(format!("{name}: {message}"));
        }
    }
}

fn nonsense(parameter: &Parameter) -> Option<&'static str> {
    let takes_words = matches!(parameter.kind, Kind::Text | Kind::List);
    let takes_bounds = matches!(parameter.kind, Kind::Integer | Kind::Number);
    let has_bounds = parameter.min.is_some() || parameter.max.is_some();
    let is_upside_down = parameter.min.zip(parameter.max).is_some_and(|(min, max)| min > max);
    match () {
        () if !parameter.values.is_empty() && !takes_words => Some("expected no list of values"),
        () if has_bounds && !takes_bounds => Some("expected no bounds"),
        () if is_upside_down => Some("expected the least value to be the smaller one"),
        () if parameter.quoted && parameter.place == Place::Path => Some("expected the quotes in the path"),
        () if parameter.summary.is_empty() => Some("expected a summary"),
        () => None,
    }
}

fn behaviour(operation: &Operation, wrong: &mut impl FnMut(String)) {
    let has = |name: &str| operation.parameter(name).is_some();
    let pages = match operation.paging {
        Paging::None => true,
        Paging::TopSkip => has("$top") && has("$skip"),
        Paging::Top | Paging::NextLink => has("$top"),
        Paging::Continuation => has("continuationToken"),
    };
    if !pages {
        wrong(format!("expected the parameters of {} paging", operation.paging));
    }
    if operation.effect == Effect::Read && (operation.destructive || operation.destructive_if.is_some()) {
        wrong("expected a read not to destroy".to_owned());
    }
    if let Some(condition) = &operation.destructive_if
        && !has_argument(operation, &condition.argument)
    {
        wrong(format!("expected a known argument, not {}", condition.argument));
    }
    if operation.body.as_ref().is_some_and(has_reference) {
        wrong("expected a body schema without $ref".to_owned());
    }
    if operation.answer_schema.is_some() != (operation.answer == Answer::Json) {
        wrong("expected a schema of the answer if it is json, and none otherwise".to_owned());
    }
    if operation.body.is_some() && matches!(operation.method, Method::Get) {
        wrong("expected no body with GET".to_owned());
    }
}

/// Whether there is a parameter or body field of this name.
fn has_argument(operation: &Operation, argument: &str) -> bool {
    match (argument.strip_prefix("body."), &operation.body) {
        (Some(field), Some(body)) => body["properties"].get(field).is_some(),
        (Some(_), None) => false,
        (None, _) => operation.parameter(argument).is_some(),
    }
}

fn has_reference(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}
