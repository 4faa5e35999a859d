//! One call as the funnel takes it, from a tool's arguments or from an application's own HTTP request.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use catalogue::{Bound, Found, ItemKind, Operation};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

use super::CallError;
use crate::app::App;
use crate::memory::Held;
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
    /// The memory that body and arguments take.
    pub held: Option<Held>,
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
            held: None,
        })
    }

    /// Binds a tool's arguments to operation `id`, which takes a file. Policies, approvals and the record see the file's
    /// name, size and SHA-256 as the argument `file`.
    pub fn of_upload(
        app: &App,
        tool: &'static str,
        id: &str,
        arguments: Map<String, Value>,
        file: &File,
    ) -> Result<Self, CallError> {
        let mut request = Self::of_tool(app, tool, id, arguments)?;
        if !request.operation.multipart {
            return Err(CallError::Internal(format!("{id} takes no file")));
        }
        let boundary = format!("gatepost-{}", app.clock.random().token());
        let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
        let kind = kind.map_err(|error| CallError::Internal(error.to_string()))?;
        request.headers.insert(CONTENT_TYPE, kind);
        request.body = Body::Bytes(file.as_form(&boundary));
        let file = json!({ "file": file.described() });
        if let Value::Object(arguments) = &mut request.arguments {
            arguments.insert("file".to_owned(), file["file"].clone());
        }
        // An approval is for these bytes and no others.
        request.bound.body = Some(file);
        Ok(request)
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
            held: None,
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

/// A file in memory. Its name holds neither quotes nor line breaks.
#[derive(Debug)]
pub struct File {
    pub name: String,
    pub bytes: Bytes,
}

impl File {
    /// The only part of a form (RFC 7578).
    pub(super) fn as_form(&self, boundary: &str) -> Bytes {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
            self.name
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        [head.as_bytes(), &self.bytes, tail.as_bytes()].concat().into()
    }

    fn described(&self) -> Value {
        let hash = digest(&SHA256, &self.bytes);
        let hash: String = hash.as_ref().iter().map(|it| format!("{it:02x}")).collect();
        json!({ "name": self.name, "bytes": self.bytes.len(), "sha256": hash })
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
