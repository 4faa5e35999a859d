//! Calls of tools: answers, scopes, streams and senders who go away.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::waiting::{eventually, until};

#[tokio::test]
async fn a_tool_is_called_as_the_person_who_asks() {
    let agent = Agent::new().await;
    let told = agent
        .modern("tools/call", json!({ "name": "whoami", "arguments": {} }))
        .await;
    let result = told.json()["result"].clone();
    assert_eq!(
        (&result["resultType"], &result["isError"]),
        (&json!("complete"), &json!(false))
    );
    assert!(told.text().contains("ada@contoso.test"), "{}", told.text());
    let legacy = agent
        .legacy("2025-06-18", "tools/call", json!({ "name": "whoami" }))
        .await;
    assert_eq!(
        (legacy.text(), legacy.json()["result"].get("resultType")),
        (told.text(), None)
    );
    let wrong = agent
        .modern(
            "tools/call",
            json!({ "name": "find_items", "arguments": { "text": 1 } }),
        )
        .await;
    assert_eq!((wrong.status, &wrong.json()["result"]["isError"]), (200, &json!(true)));
}

/// MCP-22: one challenge with the least scope, and nothing of the caller's in it.
#[tokio::test]
async fn a_missing_scope_is_a_challenge_that_names_it() {
    let mut agent = Agent::new().await;
    agent.key = agent.reading_key().await;
    for era in ["modern", "legacy"] {
        let call = json!({ "name": "refresh_model", "arguments": { "model": "Sales" } });
        let told = match era {
            "modern" => agent.modern("tools/call", call).await,
            _ => agent.legacy("2025-11-25", "tools/call", call).await,
        };
        assert_eq!(told.status, 403, "{}", told.body);
        assert_eq!(
            told.header("www-authenticate"),
            format!(
                r#"Bearer resource_metadata="{}/.well-known/oauth-protected-resource/mcp", scope="powerbi.write", error="insufficient_scope", error_description="this call needs the scope powerbi.write""#,
                agent.world.url
            )
        );
    }
}

async fn slow_lists(agent: &Agent, ms: u64) {
    agent
        .world
        .fault(json!({ "path": "/v1.0/myorg/groups", "kind": "delay", "ms": ms, "remaining": 1 }))
        .await;
}

#[tokio::test]
async fn a_long_call_becomes_a_stream_for_those_who_read_streams() {
    let agent = Agent::new().await;
    slow_lists(&agent, 2500).await;
    let call = json!({ "name": "find_items", "arguments": { "text": "*" }, "_meta": { "progressToken": 0 } });
    let told = agent.modern("tools/call", call).await;
    assert_eq!(
        (
            told.status,
            told.header("content-type"),
            told.header("x-accel-buffering")
        ),
        (200, "text/event-stream", "no")
    );
    let data = told.body.lines().filter_map(|it| it.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|it| serde_json::from_str(it).unwrap()).collect();
    let (last, before) = events.split_last().unwrap();
    assert_eq!((&last["id"], &last["result"]["isError"]), (&json!(1), &json!(false)));
    for progress in before {
        let told = (&progress["method"], &progress["params"]["progressToken"]);
        assert_eq!(told, (&json!("notifications/progress"), &json!(0)));
    }
}

#[tokio::test]
async fn a_long_call_is_waited_for_by_those_who_read_json_only() {
    let agent = Agent::new().await;
    slow_lists(&agent, 2500).await;
    let call = json!({ "name": "find_items", "arguments": { "text": "*" } });
    let request = agent
        .world
        .http
        .post(format!("{}/mcp", agent.world.url))
        .bearer_auth(&agent.key);
    let request = modern_headers(request.header("accept", "application/json"), "tools/call", &call);
    let told = agent.send(request, &modern_body("tools/call", call)).await;
    assert_eq!((told.status, told.header("content-type")), (200, "application/json"));
    assert_eq!(told.json()["result"]["isError"], json!(false));
}

/// What the record says of the first call that is closed after `request` was given up.
async fn closed_after_giving_up(agent: &Agent, request: RequestBuilder, body: &Value) -> Value {
    let request = request
        .timeout(Duration::from_millis(500))
        .header("content-type", "application/json");
    request
        .body(body.to_string())
        .send()
        .await
        .expect_err("the sender gives up");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(closed) = agent.world.entries_of("call.closed").await.into_iter().next() {
            return closed["details"]["outcome"].clone();
        }
        assert!(tokio::time::Instant::now() < deadline, "no call was closed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// MCP-13: a read ends with its sender.
#[tokio::test]
async fn a_modern_sender_who_goes_away_cancels_a_read_and_the_record_says_so() {
    let agent = Agent::new().await;
    slow_lists(&agent, 60_000).await;
    let call = json!({ "name": "find_items", "arguments": { "text": "*" } });
    let request = modern_headers(agent.post(), "tools/call", &call);
    assert_eq!(
        closed_after_giving_up(&agent, request, &modern_body("tools/call", call)).await,
        "cancelled"
    );
}

#[tokio::test]
async fn a_legacy_sender_who_goes_away_cancels_nothing() {
    let agent = Agent::new().await;
    slow_lists(&agent, 2000).await;
    let call = json!({ "name": "find_items", "arguments": { "text": "*" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call });
    let outcome = closed_after_giving_up(&agent, agent.post(), &body).await;
    assert!(outcome != "cancelled" && outcome.is_string(), "{outcome}");
}

/// ISO-01, MCP-08: an id is the sender's own matter.
#[tokio::test]
async fn answers_to_many_people_with_the_same_id_never_mix() {
    let agent = Agent::new().await;
    let bo = agent.world.connect(crate::world::BO).await;
    let bos = agent.world.key(&bo.person).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami" } }).to_string();
    let ask = |key: String, upn: &'static str| {
        let request = agent
            .world
            .http
            .post(format!("{}/mcp", agent.world.url))
            .bearer_auth(key)
            .body(body.clone());
        async move {
            let text = told(request).await.text();
            assert!(text.contains(upn), "{text}");
        }
    };
    let mut asked = Vec::new();
    for _ in 0..50 {
        asked.push(tokio::spawn(ask(agent.key.clone(), ADA)));
        asked.push(tokio::spawn(ask(bos.clone(), crate::world::BO)));
    }
    for one in asked {
        one.await.unwrap();
    }
}

/// The legacy era's own way to cancel: by the id of a request of one's own.
#[tokio::test]
async fn a_legacy_sender_cancels_their_own_request_and_nobody_elses() {
    let agent = Agent::new().await;
    let bo = agent.world.connect(crate::world::BO).await;
    let bos = agent.world.key(&bo.person).await;
    let other_client = agent.world.key(&agent.person).await;
    slow_lists(&agent, 4000).await;
    let call = json!({ "name": "find_items", "arguments": { "text": "*" } });
    let body = json!({ "jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": call });
    let cancel = |key: String, id: Value| {
        let body = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
        let request = agent
            .world
            .http
            .post(format!("{}/mcp", agent.world.url))
            .bearer_auth(key);
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        async move { assert_eq!(told(request).await.status, 202) }
    };
    let cancelling = async {
        until("the call is opened", async || {
            !agent.world.entries_of("call.opened").await.is_empty()
        })
        .await;
        cancel(bos, json!("slow")).await;
        cancel(other_client, json!("slow")).await;
        cancel(agent.key.clone(), json!("another")).await;
        assert!(
            agent.world.entries_of("call.closed").await.is_empty(),
            "nothing was cancelled yet"
        );
        cancel(agent.key.clone(), json!("slow")).await;
    };
    let (told, ()) = tokio::join!(agent.send(agent.post(), &body), cancelling);
    assert_eq!(told.code(), -32800, "{}", told.body);
    let closed = eventually("the call is closed", async || {
        agent.world.entries_of("call.closed").await.pop()
    })
    .await;
    assert_eq!(closed["details"]["outcome"], "cancelled");
}
