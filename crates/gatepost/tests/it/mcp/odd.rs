//! Messages that nobody well-meaning sends: read one way only, answered at once, and of no effect on others.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::waiting::eventually;
use crate::world::BO;

/// MCP-07: what two readers could read differently is refused; one reading serves policy, record and call.
#[tokio::test]
async fn json_that_two_readers_could_read_differently_is_refused() {
    let agent = Agent::new().await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami"}}"#;
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"Method":"tools/call","params":{"name":"whoami"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","METHOD":"tools/call","params":{}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"refresh_model"}}"#
            .to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","param\u017f":{"name":"whoami"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","Arguments":{}}}"#.to_owned(),
        format!("\u{feff}{call}"),
        format!("{call} x"),
        format!("{call}\n{call}"),
        format!("/* */{call}"),
        call.replace("\"whoami\"", "NaN"),
        call.replace("\"whoami\"", "'whoami'"),
        format!("{call},"),
        call.replace(
            "{\"name\":\"whoami\"}",
            &format!("{}1{}", "[".repeat(200), "]".repeat(200)),
        ),
    ] {
        let told = told(agent.post().body(body.clone())).await;
        assert_eq!(told.status, 400, "{body}: {}", told.body);
        assert!(matches!(told.code(), -32700 | -32600 | -32602), "{body}: {}", told.body);
    }
    assert_eq!(told(agent.post().body(call)).await.status, 200);
}

/// MCP-08: an id comes back as it came, and what is no id is refused.
#[tokio::test]
async fn ids_come_back_as_they_came() {
    let agent = Agent::new().await;
    for id in [
        json!(0),
        json!(-7),
        json!("a"),
        json!(""),
        json!(9_007_199_254_740_993_i64),
    ] {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
        assert_eq!(agent.send(agent.post(), &body).await.json()["id"], id);
    }
    for id in [
        json!(null),
        json!(1.5),
        json!({}),
        json!([1]),
        json!(true),
        json!("x".repeat(300)),
    ] {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
        let told = agent.send(agent.post(), &body).await;
        assert_eq!((told.status, told.code()), (400, -32600), "{id}");
    }
}

/// MCP-09, MCP-12: there is no stream to open or to take over, and nothing to resume.
#[tokio::test]
async fn nobody_resumes_or_ends_what_is_somebody_elses() {
    let agent = Agent::new().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for event in ["1", "", "18446744073709551615", "../../x", &"9".repeat(2000)] {
        let told = agent.send(agent.post().header("last-event-id", event), &ping).await;
        assert_eq!((told.status, told.header("content-type")), (200, "application/json"));
    }
    let url = format!("{}/mcp", agent.world.url);
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let request = agent.world.http.request(method, &url).bearer_auth(&agent.key);
        assert_eq!(told(request.header("last-event-id", "1")).await.status, 405);
    }
}

/// MCP-13: a change runs to its end and its outcome is on record, whoever goes away.
#[tokio::test]
async fn a_change_is_on_record_even_when_its_sender_goes_away() {
    let agent = Agent::new().await;
    let world = &agent.world;
    let call = json!({ "name": "refresh_model", "arguments": { "model": "Sales model", "wait_seconds": 0 } });
    let asked = agent.modern("tools/call", call.clone()).await.text();
    let id = asked.split("/approvals/").nth(1).unwrap()[..36].to_owned();
    admin::decide_approval(&world.app, &world.owner_caller(), &id.into(), true)
        .await
        .unwrap();
    let slow = json!({ "path": "/refreshes", "method": "POST", "kind": "delay", "ms": 1500, "remaining": 1 });
    world.fault(slow).await;
    let request = modern_headers(agent.post(), "tools/call", &call).header("content-type", "application/json");
    let body = modern_body("tools/call", call).to_string();
    let given_up = request.body(body).timeout(Duration::from_millis(900)).send().await;
    assert!(given_up.is_err(), "the sender gives up");
    let closed = eventually("the refresh is closed", async || {
        let all = world.entries_of("call.closed").await;
        all.into_iter().find(|it| {
            it["details"]["operation"]
                .as_str()
                .unwrap()
                .starts_with("datasets.refresh")
        })
    })
    .await;
    assert_eq!(
        (&closed["details"]["outcome"], &closed["details"]["status"]),
        (&json!("answered"), &json!(202))
    );
}

/// MCP-15: arguments are held to the schema that was advertised, over the wire as well.
#[tokio::test]
async fn arguments_that_do_not_fit_make_no_call() {
    let agent = Agent::new().await;
    let before = agent.world.ledger("kind=powerbi").await.len();
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!({ "a": deep });
    }
    for arguments in [
        json!({}),
        json!({ "text": 1 }),
        json!({ "text": null }),
        json!({ "text": "x", "__proto__": {} }),
        json!({ "text": "x", "constructor": "y" }),
        json!({ "text": "x", "types": "report" }),
        json!({ "text": "x", "types": [1] }),
        json!({ "text": "x", "types": ["a", "b", "c", "d", "e", "f", "g"] }),
        json!({ "text": "x".repeat(201) }),
        json!({ "text": deep }),
    ] {
        let told = agent
            .modern("tools/call", json!({ "name": "find_items", "arguments": arguments }))
            .await;
        assert_eq!(
            (told.status, &told.json()["result"]["isError"]),
            (200, &json!(true)),
            "{arguments}"
        );
        assert!(told.text().starts_with("The arguments do not fit: "), "{}", told.text());
    }
    assert_eq!(agent.world.ledger("kind=powerbi").await.len(), before);
}

/// MCP-17: notifications about requests, one's own or others', change nothing and are answered at once.
#[tokio::test]
async fn notifications_about_other_requests_have_no_effect() {
    let agent = Agent::new().await;
    let bo = agent.world.connect(BO).await;
    let bos = agent.world.key(&bo.person).await;
    let delay = json!({ "path": "/v1.0/myorg/groups", "kind": "delay", "ms": 1500, "remaining": 1 });
    agent.world.fault(delay).await;
    let flood = async {
        for at in 0..100 {
            for method in [
                "notifications/cancelled",
                "notifications/progress",
                "notifications/roots/list_changed",
            ] {
                let params = json!({ "requestId": at % 3, "progressToken": at % 3, "progress": at });
                let body = json!({ "jsonrpc": "2.0", "method": method, "params": params });
                let request = agent
                    .world
                    .http
                    .post(format!("{}/mcp", agent.world.url))
                    .bearer_auth(&bos);
                let told = agent.send(request, &body).await;
                assert_eq!((told.status, told.body.as_str()), (202, ""));
            }
        }
    };
    let call = agent.modern(
        "tools/call",
        json!({ "name": "find_items", "arguments": { "text": "*" } }),
    );
    let (told, ()) = tokio::join!(call, flood);
    assert!(!told.body.contains("\"isError\":true"), "{}", told.body);
}
