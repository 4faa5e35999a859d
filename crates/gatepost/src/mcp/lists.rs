//! The lists of MCP: tools, prompts, resources and their templates, each as far as the caller may use it.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::mcp::client::Client;
use crate::mcp::cursor;
use crate::mcp::fixture;
use crate::mcp::prompts;
use crate::mcp::resources;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::tools;

/// How long a client may keep a list, which changes with policies; every call is decided anew.
pub(super) const TTL_MS: u32 = 60 * 1000;
const PAGE: usize = 100;

/// `tools/list`: the tools this caller can use, on one page.
pub(super) async fn tools(app: &App, caller: &Caller, client: &Client, message: &Message) -> Result<Bytes, Failure> {
    cursor::of(&app.vault, caller, message)?;
    let list = tools::list(app, caller).await.map_err(|error| {
        tracing::error!(%error, trace = %caller.trace, "the tools could not be listed");
        Failure::internal()
    })?;
    let list = fixture::with_tools(app, list);
    // The list itself was written long ago; it is only put between head and tail.
    Ok([br#"{"tools":"#, list.as_ref(), tail(client).as_bytes()]
        .concat()
        .into())
}

fn tail(client: &Client) -> String {
    if client.is_modern() {
        format!(r#","resultType":"complete","ttlMs":{TTL_MS},"cacheScope":"private"}}"#)
    } else {
        "}".to_owned()
    }
}

/// `prompts/list`.
pub(super) async fn prompts(app: &App, caller: &Caller, client: &Client, message: &Message) -> Result<Bytes, Failure> {
    cursor::of(&app.vault, caller, message)?;
    let mut all = prompts::listed(app, caller).await;
    all.extend(fixture::prompts(app));
    Ok(written(client, json!({ "prompts": all })))
}

/// `resources/templates/list`.
pub(super) async fn templates(
    app: &App,
    caller: &Caller,
    client: &Client,
    message: &Message,
) -> Result<Bytes, Failure> {
    cursor::of(&app.vault, caller, message)?;
    let mut all = resources::templates(app, caller).await;
    all.extend(fixture::templates(app));
    Ok(written(client, json!({ "resourceTemplates": all })))
}

/// `resources/list`, in pages.
pub(super) async fn resources(
    app: &App,
    caller: &Caller,
    client: &Client,
    message: &Message,
) -> Result<Bytes, Failure> {
    let from = cursor::of(&app.vault, caller, message)?;
    let mut all = fixture::resources(app);
    all.extend(resources::listed(app, caller).await);
    let count = all.len();
    let page: Vec<Value> = all.into_iter().skip(from).take(PAGE).collect();
    let next = from + page.len();
    let mut result = json!({ "resources": page });
    if next < count {
        result["nextCursor"] = cursor::seal(&app.vault, caller, &message.method, next).into();
    }
    Ok(written(client, result))
}

/// A result that a client may keep for a while.
pub(super) fn written(client: &Client, mut result: Value) -> Bytes {
    if client.is_modern() {
        result["resultType"] = "complete".into();
        result["ttlMs"] = TTL_MS.into();
        result["cacheScope"] = "private".into();
    }
    result.to_string().into()
}
