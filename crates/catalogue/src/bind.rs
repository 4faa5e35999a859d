//! From the arguments of a call to the one request it makes.

use serde_json::Map;
use serde_json::Value;

use crate::arguments::unknown;
use crate::body;
use crate::objects;
use crate::objects::Object;
use crate::operation::Condition;
use crate::operation::Method;
use crate::operation::Operation;
use crate::parameter::Parameter;
use crate::parameter::Place;
use crate::segment;
use crate::speaking;

/// One request to Power BI, without host and token.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    pub method: Method,
    /// Percent-encoded, starting with `/v1.0/myorg`.
    pub path_and_query: String,
    pub body: Option<Value>,
    /// The values in the path, decoded.
    pub path_values: Vec<(String, String)>,
    /// Every Power BI object that path and body name.
    pub objects: Vec<Object>,
    /// For whom the body speaks instead of the caller, in words; empty for nearly every request.
    pub speaks_for: Vec<String>,
    /// Whether this very request destroys something.
    pub destructive: bool,
}

/// What is wrong with one argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{argument}: {message}")]
pub struct BindProblem {
    /// The argument, or the place inside the body, e.g. `body.queries[0].query`.
    pub argument: String,
    pub message: String,
}

impl Operation {
    /// One flat object of arguments (path and query values by name, and `body`) as one request, or
    /// everything wrong with it.
    pub fn bind(&self, arguments: &Map<String, Value>) -> Result<Bound, Vec<BindProblem>> {
        let mut problems = self.unknown(arguments);
        let mut path_values = Vec::new();
        let mut query = String::new();
        for parameter in &self.parameters {
            let text = match value(parameter, arguments) {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                Err(message) => {
                    problems.push(problem(&parameter.name, message));
                    continue;
                }
            };
            match parameter.place {
                Place::Path => path_values.push((parameter.name.clone(), text)),
                Place::Query => push_query(&mut query, parameter, &text),
            }
        }
        let body = self.checked_body(arguments, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Bound {
            method: self.method,
            path_and_query: self.path.render(&path_values) + &query,
            objects: objects::named(&path_values, self.body.as_ref().zip(body.as_ref())),
            speaks_for: self
                .body
                .as_ref()
                .zip(body.as_ref())
                .map_or_else(Vec::new, |(schema, body)| speaking::whom(schema, body)),
            destructive: self.destructive || self.destructive_if.as_ref().is_some_and(|it| is_met(it, arguments)),
            body,
            path_values,
        })
    }

    fn unknown(&self, arguments: &Map<String, Value>) -> Vec<BindProblem> {
        let known: Vec<_> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        arguments
            .keys()
            .filter(|name| *name != "body" && self.parameter(name).is_none())
            .map(|name| problem(name, unknown(&known)))
            .collect()
    }

    fn checked_body(&self, arguments: &Map<String, Value>, problems: &mut Vec<BindProblem>) -> Option<Value> {
        let given = arguments.get("body").filter(|body| !body.is_null());
        match (&self.body, given) {
            (Some(schema), Some(body)) => {
                problems.extend(body::problems(schema, body));
                Some(body.clone())
            }
            (Some(_), None) if self.body_required => {
                problems.push(problem("body", "expected a JSON object".to_owned()));
                None
            }
            (None, Some(_)) => {
                problems.push(problem("body", "this operation takes no body".to_owned()));
                None
            }
            (_, None) => None,
        }
    }
}

/// The argument as checked text; names are the same in upper and lower case, as in the service.
fn value(parameter: &Parameter, arguments: &Map<String, Value>) -> Result<Option<String>, String> {
    let mut given = arguments
        .iter()
        .filter(|(name, value)| name.eq_ignore_ascii_case(&parameter.name) && !value.is_null());
    match (given.next(), given.next()) {
        (Some(_), Some(_)) => Err("expected it once".to_owned()),
        (Some((_, value)), None) => parameter.text(value).map(Some),
        (None, _) if parameter.required => Err(format!("missing; expected {}", parameter.expected())),
        (None, _) => Ok(None),
    }
}

fn is_met(condition: &Condition, arguments: &Map<String, Value>) -> bool {
    let value = match condition.argument.strip_prefix("body.") {
        Some(field) => arguments
            .get("body")
            .and_then(Value::as_object)
            .and_then(|it| body::field(it, field)),
        None => body::field(arguments, &condition.argument),
    };
    value
        .and_then(Value::as_str)
        .is_some_and(|text| condition.is.iter().any(|word| word.eq_ignore_ascii_case(text)))
}

fn push_query(query: &mut String, parameter: &Parameter, text: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.push_str(&parameter.name);
    query.push('=');
    if parameter.quoted {
        // OData 4.01 §5.1.1.6.1: a quote inside a literal is doubled.
        query.push('\'');
        query.push_str(&segment::encode(&text.replace('\'', "''")));
        query.push('\'');
    } else {
        query.push_str(&segment::encode(text));
    }
}

fn problem(argument: &str, message: String) -> BindProblem {
    BindProblem {
        argument: argument.to_owned(),
        message,
    }
}
