//! One call as the funnel takes it, from a tool's arguments or from an application's own HTTP request.

use catalogue::{Bound, Found, ItemKind, Operation};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use super::CallError;
use crate::app::App;
use crate::powerbi::Body;

/// One bound call.
#[derive(Debug)]
pub struct Request {
    pub operation: &'static Operation,
    /// The request to Power BI, rendered from the operation's template; ids percent-encoded.
    pub bound: Bound,
    /// Everything the caller chose, as policies and the record see it.
    pub arguments: Value,
    pub headers: HeaderMap,
    /// What is sent: an application's own bytes, or the bound body as JSON.
    pub body: Body,
    /// The tool through which an agent asks.
    pub tool: Option<&'static str>,
}

impl Request {
    /// Binds a tool's arguments to operation `id`.
    pub fn of_tool(app: &App, tool: &'static str, id: &str, arguments: Map<String, Value>) -> Result<Self, CallError> {
        let operation = app.catalogue.operation(id);
        let operation = operation.ok_or_else(|| CallError::Internal(format!("there is no operation {id}")))?;
        let bound = operation.bind(&arguments).map_err(CallError::Arguments)?;
        let mut headers = HeaderMap::new();
        let body = match &bound.body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                let bytes = serde_json::to_vec(body).map_err(|error| CallError::Internal(error.to_string()))?;
                Body::Bytes(bytes.into())
            }
            None => Body::empty(),
        };
        Ok(Self {
            operation,
            bound,
            arguments: Value::Object(arguments),
            headers,
            body,
            tool: Some(tool),
        })
    }

    /// Matches an application's own request. The address is rendered anew from the template; the body stays byte for byte.
    ///
    /// `json` is the body as read, when it is JSON.
    pub fn of_http(app: &App, incoming: Incoming<'_>, body: Body, json: Option<Value>) -> Result<Self, CallError> {
        let (operation, path_values) = match app.catalogue.find(incoming.method, incoming.path) {
            Found::Operation(operation, values) => (operation, values),
            Found::WrongMethod(others) => {
                return Err(CallError::WrongMethod(
                    others.iter().map(|it| it.method.as_str()).collect(),
                ));
            }
            Found::Unknown => {
                let nearest = app.catalogue.nearest(incoming.method, incoming.path);
                return Err(CallError::UnknownOperation(nearest));
            }
            Found::BadPath(why) => return Err(CallError::Path(why)),
        };
        let query = incoming.query.unwrap_or_default();
        let arguments = operation
            .arguments(path_values, query, json)
            .map_err(CallError::Arguments)?;
        let bound = operation.bind(&arguments).map_err(CallError::Arguments)?;
        Ok(Self {
            operation,
            bound,
            arguments: Value::Object(arguments),
            headers: incoming.headers,
            body,
            tool: None,
        })
    }

    /// The workspace the path names.
    pub fn workspace(&self) -> Option<&str> {
        let values = &self.bound.path_values;
        let found = values.iter().find(|(name, _)| name.eq_ignore_ascii_case("groupId"));
        found.map(|(_, value)| value.as_str())
    }

    /// The object the path names, other than a workspace.
    pub fn item(&self) -> Option<&str> {
        let is_workspace = self.operation.item == Some(ItemKind::Workspace);
        let parameter = self.operation.item_parameter().filter(|_| !is_workspace)?;
        let found = self.bound.path_values.iter().find(|(name, _)| *name == parameter.name);
        found.map(|(_, value)| value.as_str())
    }

    /// Arguments of a tool call, from pairs.
    pub fn arguments_of<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// The line and headers of an application's request.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub method: &'a str,
    /// Percent-encoded, beginning with `/v1.0/myorg`.
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: HeaderMap,
}
