//! JSON-RPC 2.0 as MCP uses it: one message a request, ids that are texts or whole numbers.

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::json;
use crate::json::Bounds;
use crate::json::Refused;
use crate::mcp::variant;

/// JSON-RPC 2.0 §5.1.
pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
pub(super) const INTERNAL_ERROR: i32 = -32603;
/// Outside the range that JSON-RPC keeps for itself.
const CANCELLED: i32 = -32800;

/// What a message may hold. Arguments are written anew before they go on.
pub(super) const BOUNDS: Bounds = Bounds {
    values: json::VALUES_MAX,
    depth: json::DEPTH_MAX,
    long_numbers: json::LongNumbers::Refused,
};
const METHOD_MAX_BYTES: usize = 128;
const ID_MAX_BYTES: usize = 256;
const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
/// The parameters that decide what happens; a look-alike beside or instead of one is refused.
const PARAMETERS: [&str; 13] = [
    "_meta",
    "arguments",
    "capabilities",
    "clientInfo",
    "cursor",
    "inputResponses",
    "name",
    "protocolVersion",
    "ref",
    "requestId",
    "requestState",
    "taskId",
    "uri",
];

/// The id of a request, given back as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Id(Value);

impl Id {
    pub(super) fn value(&self) -> &Value {
        &self.0
    }
}

/// A request (with an id) or a notification (without).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub id: Option<Id>,
    pub method: String,
    pub params: Map<String, Value>,
}

/// A refusal of the protocol, as opposed to a tool's own error.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// Its HTTP status with a client of the modern era.
    pub status: StatusCode,
    pub code: i32,
    pub message: String,
    pub data: Option<Value>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            data: None,
        }
    }

    /// A request that is not even a message.
    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message)
    }

    /// Parameters that do not fit their method.
    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, INVALID_PARAMS, message)
    }

    /// A fault of the gateway's own; its cause is in the log.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_ERROR, "the gateway failed")
    }

    /// The database does not answer; its cause is in the log.
    pub(super) fn unavailable() -> Self {
        let words = "the gateway's database does not answer as expected; try again in a few seconds";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, INTERNAL_ERROR, words)
    }

    /// What was asked for exists, but is not given; the words say why.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, INTERNAL_ERROR, message)
    }

    /// A request that its sender cancelled; hardly anybody reads it.
    pub(super) fn cancelled() -> Self {
        Self::new(StatusCode::OK, CANCELLED, "the request was cancelled")
    }

    /// A method that is not served in the era of the message.
    pub(super) fn method_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, METHOD_NOT_FOUND, "there is no such method")
    }

    /// The failure as a response; without an id where the request had none that could be read.
    pub(super) fn response(&self, id: Option<&Id>) -> Bytes {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        let mut response = json!({ "jsonrpc": "2.0", "error": error });
        if let Some(Id(id)) = id {
            response["id"] = id.clone();
        }
        Bytes::from(response.to_string())
    }
}

/// A result, already written as JSON, as a response.
pub(super) fn response(id: &Id, result: &[u8]) -> Bytes {
    let head = format!(r#"{{"jsonrpc":"2.0","id":{},"result":"#, id.0);
    Bytes::from([head.as_bytes(), result, b"}"].concat())
}

/// A notification of ours.
pub(super) fn notification(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}

/// A body that is no message, and the id it belongs to if that could be read.
#[derive(Debug)]
pub(super) struct Refusal {
    pub id: Option<Id>,
    pub failure: Failure,
}

/// The one message of a request body.
#[cfg(test)]
pub(super) fn read(body: &[u8]) -> Result<Message, Box<Refusal>> {
    of_json(json::read(body, BOUNDS))
}

/// The one message that a request body holds, as it was read.
pub(super) fn of_json(read: Result<Value, Refused>) -> Result<Message, Box<Refusal>> {
    let refuse = |id, failure| Box::new(Refusal { id, failure });
    let value = read.map_err(|refused| {
        let is_json = refused != Refused::NotJson;
        let code = if is_json { INVALID_REQUEST } else { PARSE_ERROR };
        refuse(None, Failure::new(StatusCode::BAD_REQUEST, code, refused.to_string()))
    })?;
    let mut members = match value {
        Value::Object(members) => members,
        Value::Array(_) => {
            let failure = Failure::invalid_request("expected one message, not a batch");
            return Err(refuse(None, failure));
        }
        _ => return Err(refuse(None, Failure::invalid_request("expected a JSON object"))),
    };
    let id = members.remove("id").map(id).transpose();
    let id = id.map_err(|failure| refuse(None, failure))?;
    message(members, id.clone()).map_err(|failure| refuse(id, failure))
}

fn id(value: Value) -> Result<Id, Failure> {
    let is_fit = match &value {
        Value::String(text) => text.len() <= ID_MAX_BYTES,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    if is_fit {
        Ok(Id(value))
    } else {
        Err(Failure::invalid_request(
            "expected an id that is a text or a whole number",
        ))
    }
}

fn message(mut members: Map<String, Value>, id: Option<Id>) -> Result<Message, Failure> {
    if members.keys().any(|key| variant::is_variant(key, &MEMBERS)) {
        return Err(Failure::invalid_request(
            "expected the members of JSON-RPC in lower case",
        ));
    }
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(Failure::invalid_request("expected `jsonrpc` to be \"2.0\""));
    }
    if members.contains_key("result") || members.contains_key("error") {
        // The gateway sends no requests, so no response can be meant for it.
        return Err(Failure::invalid_request(
            "expected a request or a notification, not a response",
        ));
    }
    let method = match members.remove("method") {
        Some(Value::String(method)) if !method.is_empty() && method.len() <= METHOD_MAX_BYTES => method,
        _ => return Err(Failure::invalid_request("expected `method` to be the name of a method")),
    };
    let params = match members.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => {
            let message = "expected `params` to be an object";
            return Err(Failure::new(StatusCode::BAD_REQUEST, INVALID_PARAMS, message));
        }
    };
    if params.keys().any(|key| variant::is_variant(key, &PARAMETERS)) {
        let message = "expected the parameters of MCP in their own spelling";
        return Err(Failure::new(StatusCode::BAD_REQUEST, INVALID_PARAMS, message));
    }
    Ok(Message { id, method, params })
}
