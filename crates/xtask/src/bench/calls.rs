//! The calls whose load is compared: straight to the sandbox, through the proxy, as an agent, and to a server on rmcp.

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;

use crate::bench::http::Request;
use crate::bench::mcp::Server;
use crate::demo::Demo;

/// Every call with its name in the table.
pub(crate) fn all(demo: &Demo, rmcp_url: &str) -> Result<Vec<(&'static str, Request)>> {
    let key = demo.field("api_key")?;
    let proxy = demo
        .field("proxy_url")?
        .trim_end_matches('/')
        .trim_end_matches("/v1.0/myorg");
    let proxied = Request::get_as(&format!("{proxy}/v1.0/myorg/groups"), key)?;
    let ours = Server {
        url: demo.field("mcp_url")?,
        token: Some(key),
    };
    let theirs = Server {
        url: rmcp_url,
        token: None,
    };
    Ok(vec![
        ("GET groups, sandbox alone", direct(demo, &proxied)?),
        ("GET groups, through the proxy", proxied),
        ("tools/call whoami", ours.call("whoami", &json!({}))?),
        ("tools/call whoami, rmcp server", theirs.call("whoami", &json!({}))?),
        ("tools/list", ours.list()?),
        ("tools/list, rmcp server", theirs.list()?),
    ])
}

/// The same GET without the gateway, as the person for whom it brings the very same answer.
fn direct(demo: &Demo, proxied: &Request) -> Result<Request> {
    let sandbox = demo.field("sandbox_url")?.trim_end_matches('/');
    let expected = proxied.once()?;
    expected.expect(200)?;
    let people = Request::get(&format!("{sandbox}/sandbox/people"), &[])?
        .once()?
        .json(200)?;
    let people = people.as_array().into_iter().flatten();
    for person in people.filter_map(|person| person["upn"].as_str()) {
        let wish = json!({"person": person, "scopes": ["Workspace.Read.All"]});
        let issued = Request::post_json(&format!("{sandbox}/sandbox/tokens"), &wish)?.once()?;
        let issued: Value = serde_json::from_slice(&issued.body).context("the sandbox issued no token")?;
        let token = issued["access_token"].as_str().context("the sandbox issued no token")?;
        let direct = Request::get_as(&format!("{sandbox}/v1.0/myorg/groups"), token)?;
        if direct.once()?.body == expected.body {
            return Ok(direct);
        }
    }
    bail!("the sandbox gives nobody the answer that came through the proxy")
}
