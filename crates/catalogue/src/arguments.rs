//! What an operation is called with: the schema of its arguments, and arguments read from a raw request.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::bind::BindProblem;
use crate::operation::Operation;
use crate::parameter::Place;
use crate::segment;

impl Operation {
    /// The JSON Schema of the flat object that `bind` takes.
    pub fn schema(&self) -> Value {
        let parameters = self.parameters.iter();
        let mut properties: Map<_, _> = parameters.map(|it| (it.name.clone(), it.schema())).collect();
        let required = self.parameters.iter().filter(|it| it.required);
        let mut required: Vec<_> = required.map(|it| it.name.as_str()).collect();
        if let Some(body) = &self.body {
            properties.insert("body".to_owned(), body.clone());
            if self.body_required {
                required.push("body");
            }
        }
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    /// The arguments of a raw request: values that `find` took from the path, the query as it came, and
    /// the body; or what in the query is not understood.
    ///
    /// Invariant: a query can set query parameters only, each once, and never a path value or the body.
    pub fn arguments(
        &self,
        path_values: Vec<(String, String)>,
        query: &str,
        body: Option<Value>,
    ) -> Result<Map<String, Value>, Vec<BindProblem>> {
        let mut problems = Vec::new();
        let mut arguments = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if let Err(problem) = self.add_pair(pair, &mut arguments) {
                problems.push(problem);
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        arguments.extend(path_values.into_iter().map(|(name, value)| (name, value.into())));
        arguments.extend(body.map(|body| ("body".to_owned(), body)));
        Ok(arguments)
    }

    fn add_pair(&self, pair: &str, arguments: &mut Map<String, Value>) -> Result<(), BindProblem> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let problem = |argument: &str, message: String| BindProblem {
            argument: argument.to_owned(),
            message,
        };
        let name = segment::decode_query(name).map_err(|why| problem("query", why.to_owned()))?;
        let value = segment::decode_query(value).map_err(|why| problem(&name, why.to_owned()))?;
        let known = self.parameters.iter().filter(|it| it.place == Place::Query);
        match known.clone().find(|it| it.name.eq_ignore_ascii_case(&name)) {
            None => {
                let names: Vec<_> = known.map(|it| it.name.as_str()).collect();
                Err(problem(&name, unknown(&names)))
            }
            Some(it) if arguments.insert(it.name.clone(), value.into()).is_some() => {
                Err(problem(&it.name, "expected it once".to_owned()))
            }
            Some(_) => Ok(()),
        }
    }
}

/// What to say of a name that is none of these.
pub(crate) fn unknown(known: &[&str]) -> String {
    match known.is_empty() {
        true => "unknown; none is taken here".to_owned(),
        false => format!("unknown; expected {}", known.join(", ")),
    }
}
