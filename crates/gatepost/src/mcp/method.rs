//! The methods of MCP that are answered at once.

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::mcp::client;
use crate::mcp::client::Client;
use crate::mcp::completion;
use crate::mcp::era;
use crate::mcp::fixture;
use crate::mcp::lists;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::mcp::session::Session;
use crate::mcp::tasks;

const INSTRUCTIONS: &str = include_str!("instructions.md");
const _: () = assert!(INSTRUCTIONS.len() <= 2048, "clients cut longer instructions");

/// How long a client may keep what `server/discover` says: it changes with a new version of the gateway only.
const DISCOVER_TTL_MS: u32 = 60 * 60 * 1000;

/// Whether a method may take long or come back with a person's answer.
pub(super) fn may_take_long(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

/// The result of a method that both eras have, or one of them.
pub(super) async fn at_once(app: &App, caller: &Caller, client: &Client, message: &Message) -> Result<Bytes, Failure> {
    if let Some(answered) = tasks::answer(app, caller, client, message).await {
        return answered;
    }
    match message.method.as_str() {
        "server/discover" if client.is_modern() => Ok(DISCOVERED.clone()),
        "ping" if !client.is_modern() => Ok(Bytes::from_static(b"{}")),
        "tools/list" => lists::tools(app, caller, client, message).await,
        "prompts/list" => lists::prompts(app, caller, client, message).await,
        "resources/list" => lists::resources(app, caller, client, message).await,
        "resources/templates/list" => lists::templates(app, caller, client, message).await,
        "completion/complete" => {
            let mut result = completion::complete(app, caller, message).await?;
            if client.is_modern() {
                result["resultType"] = "complete".into();
            }
            Ok(result.to_string().into())
        }
        method if !client.is_modern() && fixture::acknowledges(app, method) => Ok(Bytes::from_static(b"{}")),
        _ => Err(Failure::method_not_found()),
    }
}

static DISCOVERED: LazyLock<Bytes> = LazyLock::new(|| {
    let result = json!({
        "resultType": "complete",
        "supportedVersions": era::SUPPORTED,
        "capabilities": modern_capabilities(),
        "instructions": INSTRUCTIONS,
        "ttlMs": DISCOVER_TTL_MS,
        "cacheScope": "private",
        "_meta": { "io.modelcontextprotocol/serverInfo": server_info() },
    });
    result.to_string().into()
});

/// `initialize`, and the session it begins.
pub(super) fn initialize(app: &App, caller: &Caller, message: &Message) -> Result<(Bytes, Session), Failure> {
    let asked = message.params.get("protocolVersion").and_then(Value::as_str);
    let asked = asked.ok_or_else(|| Failure::invalid_params("expected `protocolVersion`"))?;
    // A client that asks for a version not served here decides itself whether the newest one will do.
    let version = era::LEGACY
        .into_iter()
        .find(|it| *it == asked)
        .unwrap_or(era::LEGACY[0]);
    let mut capabilities = capabilities();
    fixture::add_capabilities(app, &mut capabilities);
    let result = json!({
        "protocolVersion": version,
        "capabilities": capabilities,
        "serverInfo": server_info(),
        "instructions": INSTRUCTIONS,
    });
    let none = Map::new();
    let declared = message.params.get("capabilities").and_then(Value::as_object);
    let takes_urls = client::takes_urls(declared.unwrap_or(&none));
    Ok((result.to_string().into(), Session::new(caller, version, takes_urls)))
}

/// What is not here is not advertised: no change notifications, subscriptions or logging.
fn capabilities() -> Value {
    json!({ "tools": {}, "resources": {}, "prompts": {}, "completions": {} })
}

/// Extensions are of the modern era.
fn modern_capabilities() -> Value {
    let mut capabilities = capabilities();
    capabilities["extensions"][tasks::EXTENSION] = json!({});
    capabilities
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

/// The trace a request is part of elsewhere (W3C Trace Context §3.2), in its one well-formed spelling.
pub(super) fn trace_of(message: &Message) -> Option<&str> {
    let parent = message.params.get("_meta")?.get("traceparent")?.as_str()?;
    let mut parts = parent.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
    };
    let is_zero = |text: &str| text.bytes().all(|it| it == b'0');
    let is_whole = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    (is_whole && !is_zero(trace) && !is_zero(span)).then_some(trace)
}
