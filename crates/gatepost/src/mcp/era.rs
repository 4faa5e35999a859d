//! Which era of MCP a message belongs to, and whether its headers agree with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::mcp::rpc::Failure;
use crate::mcp::rpc::INVALID_PARAMS;
use crate::mcp::rpc::Message;

/// The revision without sessions.
pub(super) const MODERN: &str = "2026-07-28";
/// The revisions that begin with `initialize`, newest first.
pub(super) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// Every revision served, newest first.
pub(super) const SUPPORTED: [&str; 4] = [MODERN, LEGACY[0], LEGACY[1], LEGACY[2]];

pub(super) const HEADER_MISMATCH: i32 = -32020;
pub(super) const UNSUPPORTED_VERSION: i32 = -32022;

const VERSION_HEADER: &str = "mcp-protocol-version";
const METHOD_HEADER: &str = "mcp-method";
const NAME_HEADER: &str = "mcp-name";

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// How a message is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    Modern,
    Legacy,
}

/// The era of a message, after everything its era asks of headers and `_meta` has been checked.
pub(super) fn of(headers: &HeaderMap, message: &Message) -> Result<Era, Failure> {
    let named = only(headers, VERSION_HEADER);
    let meta = message.params.get("_meta").and_then(Value::as_object);
    if meta.is_some_and(|it| it.contains_key(META_VERSION)) || is_modern_call(message, &named) {
        return modern(headers, message, meta).map(|()| Era::Modern);
    }
    // The header of an `initialize` is from before anything was agreed on.
    match named? {
        _ if message.method == "initialize" => Ok(Era::Legacy),
        // A client without the header speaks the revision from before there was one.
        None => Ok(Era::Legacy),
        Some(version) if LEGACY.contains(&version) => Ok(Era::Legacy),
        Some(version) => Err(unsupported(version)),
    }
}

/// The revision that a legacy message names; without a name it is the one from before there were names.
pub(super) fn legacy_version(headers: &HeaderMap) -> &str {
    let named = headers
        .get(VERSION_HEADER)
        .and_then(|it| it.to_str().ok())
        .map(str::trim);
    named.filter(|it| LEGACY.contains(it)).unwrap_or(LEGACY[2])
}

/// A modern message that lacks its `_meta`: a legacy client names no modern revision and does not know the method.
fn is_modern_call(message: &Message, named: &Result<Option<&str>, Failure>) -> bool {
    message.method != "initialize" && (matches!(named, Ok(Some(MODERN))) || message.method == "server/discover")
}

fn modern(headers: &HeaderMap, message: &Message, meta: Option<&Map<String, Value>>) -> Result<(), Failure> {
    if message.id.is_none() {
        // The revision leaves open which headers a notification has.
        return Ok(());
    }
    let missing = |what: &str| {
        let message = format!("expected `_meta` with `{what}`");
        Failure::new(StatusCode::BAD_REQUEST, INVALID_PARAMS, message)
    };
    let version = meta
        .and_then(|it| it.get(META_VERSION))
        .and_then(Value::as_str)
        .ok_or_else(|| missing(META_VERSION))?;
    same(VERSION_HEADER, only(headers, VERSION_HEADER)?, version)?;
    if version != MODERN {
        return Err(unsupported(version));
    }
    if !meta
        .and_then(|it| it.get(META_CAPABILITIES))
        .is_some_and(Value::is_object)
    {
        return Err(missing(META_CAPABILITIES));
    }
    same(METHOD_HEADER, only(headers, METHOD_HEADER)?, &message.method)?;
    if let Some(name) = name_of(message) {
        let header = only(headers, NAME_HEADER)?.map(decoded).transpose()?;
        same(NAME_HEADER, header.as_deref(), name)?;
    }
    Ok(())
}

/// What `Mcp-Name` repeats.
fn name_of(message: &Message) -> Option<&str> {
    let parameter = match message.method.as_str() {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    message.params.get(parameter)?.as_str()
}

fn same(name: &str, header: Option<&str>, body: &str) -> Result<(), Failure> {
    match header {
        Some(header) if header == body => Ok(()),
        Some(_) => Err(mismatch(format!("expected the header {name} to be what the body says"))),
        None => Err(mismatch(format!("expected the header {name}"))),
    }
}

/// The one value of a header.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Failure> {
    let mut all = headers.get_all(name).iter();
    let (first, second) = (all.next(), all.next());
    if second.is_some() {
        return Err(mismatch(format!("expected the header {name} once")));
    }
    let text = first.map(|it| it.to_str()).transpose();
    let text = text.map_err(|_| mismatch(format!("expected the header {name} in ASCII")))?;
    Ok(text.map(|it| it.trim_matches([' ', '\t'])))
}

/// SEP-2243: a value that is not plain ASCII stands in `=?base64?…?=`.
fn decoded(header: &str) -> Result<String, Failure> {
    let Some(inner) = header.strip_prefix("=?base64?").and_then(|it| it.strip_suffix("?=")) else {
        return Ok(header.to_owned());
    };
    let bytes = STANDARD.decode(inner).ok();
    let text = bytes.and_then(|it| String::from_utf8(it).ok());
    text.ok_or_else(|| mismatch(format!("expected base64 of UTF-8 in the header {NAME_HEADER}")))
}

fn mismatch(message: String) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, HEADER_MISMATCH, message)
}

fn unsupported(requested: &str) -> Failure {
    let message = "this version of the protocol is not served";
    let data = Some(json!({ "supported": SUPPORTED, "requested": requested }));
    Failure {
        data,
        ..Failure::new(StatusCode::BAD_REQUEST, UNSUPPORTED_VERSION, message)
    }
}
