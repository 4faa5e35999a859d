//! Both eras of the protocol on one address.

use serde_json::json;

use super::*;
use crate::world::BO;

const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

#[tokio::test]
async fn the_modern_era_is_told_everything_it_must_be() {
    let agent = Agent::new().await;
    let discovered = agent.modern("server/discover", json!({})).await;
    assert_eq!(
        (discovered.status, discovered.header("content-type")),
        (200, "application/json")
    );
    let mut result = discovered.json()["result"].clone();
    let instructions = result["instructions"].take();
    assert!((100..=2048).contains(&instructions.as_str().unwrap().chars().count()));
    let server = result["_meta"]["io.modelcontextprotocol/serverInfo"]
        .as_object_mut()
        .unwrap();
    assert_eq!(server.remove("version"), Some(json!(env!("CARGO_PKG_VERSION"))));
    insta::assert_json_snapshot!(result);
    let listed = agent.modern("tools/list", json!({})).await.json();
    let result = &listed["result"];
    assert_eq!(
        (&result["resultType"], &result["cacheScope"], &result["ttlMs"]),
        (&json!("complete"), &json!("private"), &json!(60_000))
    );
    let names: Vec<_> = result["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"find_items") && names.contains(&"run_dax"), "{names:?}");
}

#[tokio::test]
async fn methods_of_the_other_era_or_of_none_are_not_found() {
    let agent = Agent::new().await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "subscriptions/listen",
        "tools",
        "Tools/List",
    ] {
        let told = agent.modern(method, json!({})).await;
        assert_eq!(
            (told.status, told.code(), &told.json()["id"]),
            (404, -32601, &json!(1)),
            "{method}"
        );
    }
    for method in [
        "resources/subscribe",
        "server/discover2",
        "logging/setLevel",
        "tools/LIST",
    ] {
        let told = agent.legacy("2025-11-25", method, json!({})).await;
        assert_eq!((told.status, told.code()), (200, -32601), "{method}");
    }
}

#[tokio::test]
async fn a_legacy_client_agrees_on_a_version_and_gets_a_session() {
    let agent = Agent::new().await;
    for (asked, agreed) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-03-26", "2025-03-26"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
    ] {
        let params =
            json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let begun = agent.send(agent.post(), &body).await;
        let result = &begun.json()["result"];
        assert_eq!(
            (&begun.json()["id"], &result["protocolVersion"]),
            (&json!(0), &json!(agreed))
        );
        assert_eq!(
            result["capabilities"],
            json!({ "tools": {}, "resources": {}, "prompts": {}, "completions": {} })
        );
        let session = begun.header("mcp-session-id").to_owned();
        assert!(!session.is_empty());
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let accepted = agent
            .send(agent.post().header("mcp-session-id", &session), &initialized)
            .await;
        assert_eq!((accepted.status, accepted.body.as_str()), (202, ""));
        let ping = json!({ "jsonrpc": "2.0", "id": "p", "method": "ping" });
        assert_eq!(
            agent
                .send(agent.post().header("mcp-session-id", &session), &ping)
                .await
                .body,
            r#"{"jsonrpc":"2.0","id":"p","result":{}}"#
        );
    }
}

/// MCP-09: a session is bound to its person and client.
#[tokio::test]
async fn a_session_of_somebody_else_is_unknown() {
    let agent = Agent::new().await;
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {} });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let session = agent
        .send(agent.post(), &body)
        .await
        .header("mcp-session-id")
        .to_owned();
    let bo = agent.world.connect(BO).await;
    let bos = agent.world.key(&bo.person).await;
    let other = agent.world.key(&agent.person).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let with = |key: &str, session: &str| {
        let request = agent
            .world
            .http
            .post(format!("{}/mcp", agent.world.url))
            .bearer_auth(key);
        agent.send(request.header("mcp-session-id", session), &list)
    };
    assert_eq!(with(&agent.key, &session).await.status, 200);
    for (key, session) in [
        (&bos, session.as_str()),
        (&other, &session),
        (&agent.key, "made-up"),
        (&agent.key, &format!("{session}A")),
    ] {
        let told = with(key, session).await;
        assert_eq!((told.status, told.code()), (404, -32600));
    }
}

/// MCP-05: the same decision in every revision, and without one.
#[tokio::test]
async fn no_era_is_a_way_round_a_policy() {
    let agent = Agent::new().await;
    let call = json!({ "name": "refresh_model", "arguments": { "model": "Sales model" } });
    let mut texts = vec![without_names(&agent.modern("tools/call", call.clone()).await.text())];
    for version in LEGACY {
        texts.push(without_names(
            &agent.legacy(version, "tools/call", call.clone()).await.text(),
        ));
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call });
    texts.push(without_names(&agent.send(agent.post(), &body).await.text()));
    assert!(texts[0].contains("approval"), "{}", texts[0]);
    assert!(texts.iter().all(|it| *it == texts[0]), "{texts:#?}");
    assert!(agent.world.ledger("method=POST&kind=powerbi").await.is_empty());
}

/// The text without what names one call.
fn without_names(text: &str) -> String {
    text.split("trace ").next().unwrap_or_default().to_owned()
}

/// POL-04, MCP-14: a tool that is not listed is as unknown as one that does not exist.
#[tokio::test]
async fn hidden_and_unknown_tools_are_the_same() {
    let agent = Agent::new().await;
    for name in ["no_such_tool", "WHOAMI", "whoami ", "whoami\u{0}", "server/whoami", ""] {
        let body = json!({ "name": name, "arguments": {} });
        let told = agent.legacy("2025-11-25", "tools/call", body).await;
        assert_eq!((told.status, told.code()), (200, -32602), "{name:?}");
    }
    for params in [
        json!({}),
        json!({ "name": 1 }),
        json!({ "name": "whoami", "arguments": [] }),
        json!({ "name": "whoami", "_meta": { "progressToken": 1.5 } }),
    ] {
        let told = agent.legacy("2025-11-25", "tools/call", params).await;
        assert_eq!((told.status, told.code()), (200, -32602));
    }
    let told = agent.modern("tools/list", json!({ "cursor": "tampered" })).await;
    assert_eq!(told.code(), -32602);
}
