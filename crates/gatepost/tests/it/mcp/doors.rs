//! Who is let in: tokens, origins, methods and sizes.

use serde_json::json;

use super::*;

/// MCP-01: no door of agents opens without a token, in neither era.
#[tokio::test]
async fn without_a_token_every_door_asks_for_one_before_it_looks_at_the_message() {
    let agent = Agent::new().await;
    let url = &agent.world.url;
    for path in ["/mcp", "/e/production/mcp"] {
        for body in ["", "{", r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#] {
            let told = told(agent.world.http.post(format!("{url}{path}")).body(body)).await;
            assert_eq!(told.status, 401, "{path} {body}");
            assert_eq!(
                told.header("www-authenticate"),
                format!(
                    r#"Bearer resource_metadata="{url}/.well-known/oauth-protected-resource{path}", scope="powerbi.read""#
                )
            );
            let metadata = told.header("www-authenticate").split('"').nth(1).unwrap().to_owned();
            let metadata = told_json(&agent, &metadata).await;
            assert_eq!(metadata["resource"], format!("{url}{path}"));
        }
    }
}

async fn told_json(agent: &Agent, url: &str) -> Value {
    agent.world.http.get(url).send().await.unwrap().json().await.unwrap()
}

/// POL-15, MCP-02: one bearer token in its header, and nothing else that could pass for one.
#[tokio::test]
async fn a_token_that_is_not_ours_is_told_to_be_invalid() {
    let agent = Agent::new().await;
    let url = format!("{}/mcp", agent.world.url);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    for token in [
        "x",
        "gp_at_unknown",
        "gp_key_unknown",
        "eyJ0eXAiOiJKV1QifQ.e30.sig",
        &"a".repeat(100_000),
    ] {
        let answer = agent
            .world
            .http
            .post(&url)
            .bearer_auth(token)
            .body(ping.clone())
            .send()
            .await;
        // The front may close on a header that is far too long.
        let Ok(answer) = answer else { continue };
        let status = answer.status().as_u16();
        assert!(matches!(status, 401 | 431 | 400), "{status}");
        if status == 401 {
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
        }
    }
    let twice = agent
        .post()
        .header("authorization", "Bearer gp_at_other")
        .body(ping.clone());
    assert_eq!(told(twice).await.status, 401);
    let in_query = agent
        .world
        .http
        .post(format!("{url}?access_token={}", agent.key))
        .body(ping.clone());
    assert_eq!(told(in_query).await.status, 401);
    let lower = agent
        .world
        .http
        .post(&url)
        .header("authorization", format!("bearer {}", agent.key))
        .body(ping);
    assert_eq!(told(lower).await.status, 200);
}

/// MCP-01: no alias is another way in.
#[tokio::test]
async fn only_post_is_answered_with_or_without_a_token() {
    let agent = Agent::new().await;
    for path in ["/mcp", "/e/production/mcp"] {
        for method in ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let request = agent
                .world
                .http
                .request(method.clone(), format!("{}{path}", agent.world.url));
            let told = told(request).await;
            assert_eq!((told.status, told.header("allow")), (405, "POST"), "{method} {path}");
        }
    }
    for path in ["/mcp/", "/MCP", "/sse", "/message", "/e/nowhere/mcp"] {
        let told = told(agent.world.http.post(format!("{}{path}", agent.world.url)).body("{}")).await;
        assert!(matches!(told.status, 400 | 401 | 404 | 405), "{path} {}", told.status);
    }
}

/// MCP-03: a page elsewhere cannot reach a gateway on a private network; hosts are the front's matter.
#[tokio::test]
async fn pages_of_other_origins_are_turned_away() {
    let agent = Agent::new().await;
    let port = agent.world.url.rsplit(':').next().unwrap().to_owned();
    let foreign = [
        "null".to_owned(),
        "https://evil.example".to_owned(),
        format!("http://localhost.evil.example:{port}"),
        format!("http://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        format!("http://localhost:{port}/"),
        "http://localhost".to_owned(),
        format!("http://[::1]:{port}"),
    ];
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for origin in foreign {
        let told = agent.send(agent.post().header("origin", &origin), &ping).await;
        assert_eq!(told.status, 403, "{origin}");
    }
    let own = agent.send(agent.post().header("origin", &agent.world.url), &ping).await;
    assert_eq!(
        (own.status, own.body.as_str()),
        (200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
    );
}

/// MCP-06, MCP-18: one message a request, in JSON as it is.
#[tokio::test]
async fn bodies_that_are_too_large_or_no_single_message_are_refused() {
    let agent = Agent::new().await;
    let large = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "a".repeat(1024 * 1024) } });
    assert_eq!(agent.send(agent.post(), &large).await.status, 413);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (kind, status) in [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-8", 200),
    ] {
        assert_eq!(
            told(agent.post().header("content-type", kind).body(ping)).await.status,
            status,
            "{kind}"
        );
    }
    assert_eq!(
        told(agent.post().header("content-encoding", "gzip").body(ping))
            .await
            .status,
        415
    );
    for (body, code) in [
        ("", -32700),
        ("[]", -32600),
        (&format!("[{ping},{ping}]"), -32600),
        (&format!("{ping}{ping}"), -32700),
    ] {
        let told = told(agent.post().body(body.to_owned())).await;
        assert_eq!((told.status, told.code()), (400, code), "{body}");
    }
    assert!(agent.world.entries_of("call.opened").await.is_empty());
}
