//! One call as the funnel takes it, from a tool's arguments or from an application's own HTTP request.

use catalogue::{BindProblem, Found, ItemKind, Operation};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::CallError;
use crate::app::App;
use crate::powerbi::Body;

/// One bound call.
#[derive(Debug)]
pub struct Request {
    pub operation: &'static Operation,
    /// Rendered from the operation's template; ids percent-encoded.
    pub path_and_query: String,
    /// The values in the path, decoded.
    pub path_values: Vec<(String, String)>,
    /// Everything the caller chose, as policies and the record see it.
    pub arguments: Value,
    pub headers: HeaderMap,
    pub body: Body,
    /// The tool through which an agent asks.
    pub tool: Option<&'static str>,
}

impl Request {
    /// Binds a tool's arguments to operation `id`.
    pub fn of_tool(app: &App, tool: &'static str, id: &str, arguments: Map<String, Value>) -> Result<Self, CallError> {
        let operation = app.catalogue.operation(id).ok_or_else(|| CallError::Internal(format!("there is no operation {id}")))?;
        let bound = operation.bind(&arguments).map_err(CallError::Arguments)?;
        let mut headers = HeaderMap::new();
        let body = match &bound.body {
            Some(body) => {
                headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
                Body::Bytes(serde_json::to_vec(body).map_err(|error| CallError::Internal(error.to_string()))?.into())
            }
            None => Body::empty(),
        };
        Ok(Self {
            operation,
            path_and_query: bound.path_and_query,
            path_values: bound.path_values,
            arguments: Value::Object(arguments),
            headers,
            body,
            tool: Some(tool),
        })
    }

    /// Matches an application's own request. The path is rendered anew from the template; query and body stay byte for byte.
    ///
    /// `json` is the body as read, when it is JSON.
    pub fn of_http(app: &App, method: &str, path: &str, query: Option<&str>, headers: HeaderMap, body: Body, json: Option<Value>) -> Result<Self, CallError> {
        let (operation, path_values) = match app.catalogue.find(method, path) {
            Found::Operation(operation, values) => (operation, values),
            Found::WrongMethod(others) => return Err(CallError::WrongMethod(others.iter().map(|it| it.method.as_str()).collect())),
            Found::Unknown => return Err(CallError::UnknownOperation(app.catalogue.nearest(method, path))),
            Found::BadPath(why) => return Err(CallError::Path(why)),
        };
        let pairs = query_pairs(query.unwrap_or_default())?;
        let mut path_and_query = operation.path.render(&path_values);
        if let Some(query) = query.filter(|it| !it.is_empty()) {
            path_and_query.push('?');
            path_and_query.push_str(query);
        }
        let mut arguments: Map<String, Value> = path_values.iter().chain(&pairs).map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        arguments.extend(json.map(|it| ("body".to_owned(), it)));
        Ok(Self { operation, path_and_query, path_values, arguments: Value::Object(arguments), headers, body, tool: None })
    }

    /// The workspace the path names.
    pub fn workspace(&self) -> Option<&str> {
        self.path_values.iter().find(|(name, _)| name.eq_ignore_ascii_case("groupId")).map(|(_, value)| value.as_str())
    }

    /// The object the path names, other than a workspace.
    pub fn item(&self) -> Option<&str> {
        let parameter = self.operation.item_parameter().filter(|_| self.operation.item != Some(ItemKind::Workspace))?;
        self.path_values.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str())
    }
}

/// Names and values of a query. Each name may stand once: two would let policy and Power BI read different ones.
fn query_pairs(query: &str) -> Result<Vec<(String, String)>, CallError> {
    let bad = |why: String| CallError::Arguments(vec![BindProblem { argument: "query".into(), message: why }]);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().map(|it| it.into_owned()).map_err(|_| bad("expected UTF-8".into()));
        let (name, value) = (decode(name)?, decode(value)?);
        if value.chars().chain(name.chars()).any(char::is_control) {
            return Err(bad(format!("`{}` holds a control character", name.escape_default())));
        }
        if pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            return Err(bad(format!("`{name}` is given twice; expected each parameter once")));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}
