//! What the fuzz targets call of this module; built for them alone.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::{era, rpc};
use crate::json;

/// A message that was read, and the refusal of its headers if they do not fit it.
pub struct Read {
    pub method: String,
    pub id: Option<Value>,
    pub params: Map<String, Value>,
    pub headers: Result<(), Refused>,
}

/// A refusal as it goes back.
pub struct Refused {
    pub status: StatusCode,
    pub code: i32,
    pub id: Option<Value>,
    pub response: Bytes,
}

/// Codes of the protocol; no other may leave.
pub const CODES: [i32; 8] = [
    rpc::PARSE_ERROR,
    rpc::INVALID_REQUEST,
    rpc::METHOD_NOT_FOUND,
    rpc::INVALID_PARAMS,
    rpc::INTERNAL_ERROR,
    era::HEADER_MISMATCH,
    era::UNSUPPORTED_VERSION,
    -32021,
];

/// Reads a request of an agent as the front of MCP does.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Read, Refused> {
    let message = rpc::of_json(json::read(body, rpc::BOUNDS)).map_err(|it| refused(&it.failure, it.id.as_ref()))?;
    let judged = era::of(headers, &message);
    Ok(Read {
        headers: judged
            .map(drop)
            .map_err(|failure| refused(&failure, message.id.as_ref())),
        id: message.id.as_ref().map(|id| id.value().clone()),
        method: message.method,
        params: message.params,
    })
}

fn refused(failure: &rpc::Failure, id: Option<&rpc::Id>) -> Refused {
    Refused {
        status: failure.status,
        code: failure.code,
        id: id.map(|id| id.value().clone()),
        response: failure.response(id),
    }
}
