//! The lists of MCP: tools, prompts, resources and their templates, each as far as the caller may use it.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::call::CallError;
use crate::caller::Caller;
use crate::mcp::client::Client;
use crate::mcp::cursor;
use crate::mcp::fixture;
use crate::mcp::prompts;
use crate::mcp::resources;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::tools;
use crate::tools::Listed;

/// How long a client may keep a list, which changes with policies; every call is decided anew.
pub(super) const TTL_MS: u32 = 60 * 1000;
const PAGE: usize = 100;

/// `tools/list`: the tools this caller can use, on one page.
pub(super) async fn tools(app: &App, caller: &Caller, client: &Client, message: &Message) -> Result<Bytes, Failure> {
    cursor::of(&app.vault, caller, message)?;
    let list = tools::list(app, caller)
        .await
        .map_err(|error| unlisted(caller, &error))?;
    let list = fixture::with_tools(app, list);
    Ok(framed(client, "tools", &list))
}

fn unlisted(caller: &Caller, error: &CallError) -> Failure {
    tracing::error!(%error, trace = %caller.trace, "a list could not be written");
    Failure::internal()
}

/// The list itself was written long ago; it is only put between head and tail.
fn framed(client: &Client, name: &str, list: &[u8]) -> Bytes {
    let head = format!(r#"{{"{name}":"#);
    let tail = if client.is_modern() {
        format!(r#","resultType":"complete","ttlMs":{TTL_MS},"cacheScope":"private"}}"#)
    } else {
        "}".to_owned()
    };
    [head.as_bytes(), list, tail.as_bytes()].concat().into()
}

/// A list that is written once for a caller and the policies in force.
async fn kept(
    app: &App,
    caller: &Caller,
    client: &Client,
    (which, name): (Listed, &str),
    write: impl Future<Output = Vec<Value>>,
) -> Result<Bytes, Failure> {
    let write = async { Bytes::from(json!(write.await).to_string()) };
    let list = tools::kept(app, caller, which, write)
        .await
        .map_err(|error| unlisted(caller, &error))?;
    Ok(framed(client, name, &list))
}

/// `prompts/list`.
pub(super) async fn prompts(app: &App, caller: &Caller, client: &Client, message: &Message) -> Result<Bytes, Failure> {
    cursor::of(&app.vault, caller, message)?;
    let write = async {
        let mut all = prompts::listed(app, caller).await;
        all.extend(fixture::prompts(app));
        all
    };
    kept(app, caller, client, (Listed::Prompts, "prompts"), write).await
}

/// `resources/templates/list`.
pub(super) async fn templates(
    app: &App,
    caller: &Caller,
    client: &Client,
    message: &Message,
) -> Result<Bytes, Failure> {
    cursor::of(&app.vault, caller, message)?;
    let write = async {
        let mut all = resources::templates(app, caller).await;
        all.extend(fixture::templates(app));
        all
    };
    kept(app, caller, client, (Listed::Templates, "resourceTemplates"), write).await
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
