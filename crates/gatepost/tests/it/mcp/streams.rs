//! Answers that take long: bounded in number, in time and in what is kept for them, and over when the access is (security
//! row MCP-16).

use std::time::Duration;

use gatepost::admin;
use gatepost::caller::ClientId;
use gatepost::store::{api_keys, grants, people};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::*;
use crate::listed;
use crate::oauth::{Signed, signed, text};
use crate::waiting::eventually;

const HELD_MS: u64 = 120_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Ada's agent with a key and, for a client, an access token.
async fn with_token() -> (Agent, String, ClientId) {
    let mut it = signed().await;
    let code = it.code().await;
    let token = text(&it.redeem(&code).await.1, "access_token");
    let Signed { world, client, .. } = it;
    let ada = sandbox::people::find_by_upn(ADA).unwrap();
    let person = people::find_by_account(&world.app.db, &world.environment, &ada.tid, &ada.oid).await;
    let person = person.unwrap().unwrap().id;
    let key = world.key(&person).await;
    (Agent { world, person, key }, token, ClientId(client))
}

/// The first look of every tool takes two minutes.
async fn held(agent: &Agent) {
    let slow = json!({ "path": "/v1.0/myorg/*", "kind": "delay", "ms": HELD_MS });
    agent.world.fault(slow).await;
}

/// A call over a connection of its own, once its stream has begun.
async fn streaming(agent: &Agent, key: &str) -> TcpStream {
    let call = json!({ "name": "find_items", "arguments": { "text": "sales" }, "_meta": { "progressToken": 1 } });
    let body = modern_body("tools/call", call).to_string();
    let host = agent.world.url.strip_prefix("http://").unwrap();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: find_items\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1"))
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.contains("\r\n\r\n") {
        let mut bytes = [0; 1024];
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert!(0 < read, "{head}");
        head.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    assert!(head.contains("text/event-stream"), "{head}");
    stream
}

/// What comes until the stream's last event.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.contains("\"error\"") && !text.contains("\"result\"") {
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes).await {
                Ok(read @ 1..) => text.push_str(&String::from_utf8_lossy(&bytes[..read])),
                _ => break,
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("the stream ends");
    text
}

/// MCP-16: whichever way the access is taken back, the stream ends at once and the call to Power BI with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_access_is_taken_back() {
    for how in ["key", "person", "grant", "client"] {
        let (agent, token, client) = with_token().await;
        held(&agent).await;
        let (app, owner) = (agent.world.app.clone(), agent.world.owner_caller());
        let by = if how == "key" { &agent.key } else { &token };
        let mut stream = streaming(&agent, by).await;
        let at = Instant::now();
        match how {
            "key" => {
                let wanted = listed::first();
                let keys = api_keys::page(&app.db, &agent.world.environment, None, &wanted)
                    .await
                    .unwrap();
                admin::revoke_key(&app, &owner, &keys.rows[0].key.id).await.unwrap();
            }
            "grant" => {
                let whose = grants::Whose::Person(&agent.person);
                let wanted = listed::first();
                let grants = grants::page(&app.db, &agent.world.environment, whose, &wanted)
                    .await
                    .unwrap();
                for it in grants.rows {
                    admin::revoke_grant(&app, &owner, &it.grant.id).await.unwrap();
                }
            }
            "person" => admin::save_locked(&app, &owner, &agent.person, true).await.unwrap(),
            _ => admin::save_client_locked(&app, &owner, &client, true).await.unwrap(),
        }
        let last = rest(&mut stream).await;
        assert!(last.contains("access was taken back"), "{how}: {last}");
        assert!(at.elapsed() < Duration::from_millis(HELD_MS / 2), "{how}");
        let closed = eventually("the call is closed", async || {
            agent.world.entries_of("call.closed").await.pop()
        })
        .await;
        assert_eq!(closed["details"]["outcome"], "cancelled", "{how}");
    }
}

/// MCP-16: nothing can be subscribed to, so no stream lasts longer than a call.
#[tokio::test]
async fn there_is_no_stream_without_a_call() {
    let agent = Agent::new().await;
    for method in ["subscriptions/listen", "resources/subscribe", "logging/setLevel"] {
        let told = agent.modern(method, json!({})).await;
        assert_eq!((told.status, told.code()), (404, -32601), "{method}");
    }
    let get = agent.world.http.get(format!("{}/mcp", agent.world.url));
    let get = get.bearer_auth(&agent.key).header("accept", "text/event-stream");
    assert_eq!(get.send().await.unwrap().status(), 405);
}
