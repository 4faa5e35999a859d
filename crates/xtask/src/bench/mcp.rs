//! Requests of an agent, in the stateless revision 2026-07-28 of the Model Context Protocol.

use anyhow::Result;
use serde_json::Value;
use serde_json::json;

use crate::bench::http::Request;

const REVISION: &str = "2026-07-28";

/// An MCP server as an agent knows it: where it is, and the token to show there, if any.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) url: &'a str,
    pub(crate) token: Option<&'a str>,
}

impl Server<'_> {
    /// `tools/list`.
    pub(crate) fn list(&self) -> Result<Request> {
        self.message("tools/list", json!({}), &[])
    }

    /// `tools/call`; clients send a progress token with each, whether or not they show progress.
    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> Result<Request> {
        let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": 1}});
        self.message("tools/call", params, &[("mcp-name", tool)])
    }

    fn message(&self, method: &str, mut params: Value, more: &[(&str, &str)]) -> Result<Request> {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = REVISION.into();
        params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": "gatepost-bench", "version": "1"});
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let authorization = self.token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", REVISION),
            ("mcp-method", method),
        ];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        headers.extend(more);
        Request::post(self.url, &headers, &body)
    }
}
