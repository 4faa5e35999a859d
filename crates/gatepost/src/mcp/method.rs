//! The methods of MCP that the gateway serves.

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::caller::Scope;
use crate::mcp::era;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::mcp::session::Session;
use crate::tools;
use crate::tools::Challenge;
use crate::tools::Outcome;
use crate::tools::Progress;

const INSTRUCTIONS: &str = include_str!("instructions.md");
const _: () = assert!(INSTRUCTIONS.len() <= 2048, "clients cut longer instructions");

/// How long a client may keep what `server/discover` says: it changes with a new version of the gateway only.
const DISCOVER_TTL_MS: u32 = 60 * 60 * 1000;
/// How long a client may keep the list of tools, which changes with policies; every call is decided anew.
const TOOLS_TTL_MS: u32 = 60 * 1000;

/// What a call of a tool comes to.
#[derive(Debug)]
pub(super) enum Called {
    /// The result, as JSON.
    Result(Bytes),
    Failure(Failure),
    /// The token lacks this scope; the result says so to those who cannot be challenged any more.
    Scope(Scope, Bytes),
}

/// `server/discover`.
pub(super) fn discover() -> Bytes {
    let result = json!({
        "resultType": "complete",
        "supportedVersions": era::SUPPORTED,
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
        "ttlMs": DISCOVER_TTL_MS,
        "cacheScope": "private",
        "_meta": { "io.modelcontextprotocol/serverInfo": server_info() },
    });
    result.to_string().into()
}

/// `initialize`, and the session it begins.
pub(super) fn initialize(caller: &Caller, message: &Message) -> Result<(Bytes, Session), Failure> {
    let asked = message.params.get("protocolVersion").and_then(Value::as_str);
    let asked = asked.ok_or_else(|| Failure::invalid_params("expected `protocolVersion`"))?;
    // A client that asks for a version not served here decides itself whether the newest one will do.
    let version = era::LEGACY
        .into_iter()
        .find(|it| *it == asked)
        .unwrap_or(era::LEGACY[0]);
    let result = json!({
        "protocolVersion": version,
        "capabilities": capabilities(),
        "serverInfo": server_info(),
        "instructions": INSTRUCTIONS,
    });
    Ok((result.to_string().into(), Session::new(caller, version)))
}

/// `tools/list`: the tools this caller can use, on one page.
pub(super) async fn list_tools(
    app: &App,
    caller: &Caller,
    message: &Message,
    is_modern: bool,
) -> Result<Bytes, Failure> {
    if message.params.get("cursor").is_some_and(|it| !it.is_null()) {
        return Err(Failure::invalid_params("expected no cursor: the list has one page"));
    }
    let tools = tools::list(app, caller).await.map_err(|error| {
        tracing::error!(%error, trace = %caller.trace, "the tools could not be listed");
        Failure::internal()
    })?;
    let tail = if is_modern {
        format!(r#","resultType":"complete","ttlMs":{TOOLS_TTL_MS},"cacheScope":"private"}}"#)
    } else {
        "}".to_owned()
    };
    Ok([br#"{"tools":"#, tools.as_ref(), tail.as_bytes()].concat().into())
}

/// `tools/call`.
pub(super) async fn call_tool(
    app: &App,
    caller: &Caller,
    message: Message,
    is_modern: bool,
    progress: &Progress,
) -> Called {
    let (name, arguments) = match tool_and_arguments(message.params) {
        Ok(both) => both,
        Err(failure) => return Called::Failure(failure),
    };
    let outcome = tools::call(app, caller, &name, arguments, progress).await;
    if outcome.unknown {
        return Called::Failure(Failure::invalid_params(outcome.text));
    }
    let result = tool_result(&outcome, is_modern);
    match outcome.auth {
        Some(Challenge::Scope(needed)) => Called::Scope(needed, result),
        Some(Challenge::StepUp { .. }) | None => Called::Result(result),
    }
}

fn tool_and_arguments(mut params: Map<String, Value>) -> Result<(String, Map<String, Value>), Failure> {
    let name = match params.remove("name") {
        Some(Value::String(name)) => name,
        _ => return Err(Failure::invalid_params("expected `name` to be the name of a tool")),
    };
    match params.remove("arguments") {
        None | Some(Value::Null) => Ok((name, Map::new())),
        Some(Value::Object(arguments)) => Ok((name, arguments)),
        Some(_) => Err(Failure::invalid_params("expected `arguments` to be an object")),
    }
}

fn tool_result(outcome: &Outcome, is_modern: bool) -> Bytes {
    let mut result = json!({ "content": [{ "type": "text", "text": outcome.text }], "isError": outcome.is_error });
    if let Some(structured) = &outcome.structured {
        result["structuredContent"] = structured.clone();
    }
    if is_modern {
        result["resultType"] = "complete".into();
    }
    result.to_string().into()
}

/// What is not here is not advertised: no change notifications, resources, prompts, logging or completion.
fn capabilities() -> Value {
    json!({ "tools": {} })
}

fn server_info() -> Value {
    json!({ "name": "gatepost", "title": "Gatepost: Power BI", "version": env!("CARGO_PKG_VERSION") })
}

/// The token with which a request asks to hear of its progress.
pub(super) fn progress_token(message: &Message) -> Result<Option<Value>, Failure> {
    let meta = message.params.get("_meta").and_then(Value::as_object);
    match meta.and_then(|it| it.get("progressToken")) {
        None => Ok(None),
        Some(token @ Value::String(_)) => Ok(Some(token.clone())),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Some(number.clone().into())),
        Some(_) => {
            let message = "expected `progressToken` to be a text or a whole number";
            Err(Failure::invalid_params(message))
        }
    }
}
