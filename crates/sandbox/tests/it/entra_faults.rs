//! Faults on demand: every kind, who they hit and how often.

use std::time::Instant;

use sandbox::people::CONTOSO;
use serde_json::Value;
use serde_json::json;

use crate::entra_harness::Browser;
use crate::entra_harness::SCOPE;
use crate::entra_harness::SECRET;
use crate::entra_harness::World;
use crate::entra_harness::claims;

#[tokio::test]
async fn too_many_requests_is_plain_text_with_a_retry_after() {
    let world = World::start().await;
    let app = world.web_app();
    world.arm(json!({ "endpoint": "token", "remaining": 1, "kind": "status", "status": 429, "headers": { "retry-after": "60" } })).await;
    let answer = world.refresh("common", &app, "x", &[]).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "60");
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    assert_eq!(answer.body, Value::from("Too Many Requests"));
    world
        .refresh("common", &app, "x", &[])
        .await
        .fails("invalid_grant", 9002313);
}

#[tokio::test]
async fn the_loop_guard_is_an_invalid_grant() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    world
        .arm(json!({ "endpoint": "token", "remaining": 1, "kind": "aadsts", "code": 50196 }))
        .await;
    let token = tokens["refresh_token"].as_str().unwrap();
    world
        .refresh("common", &app, token, &[])
        .await
        .fails("invalid_grant", 50196);
    assert_eq!(world.refresh("common", &app, token, &[]).await.status, 200);
}

#[tokio::test]
async fn any_code_can_be_demanded_with_claims() {
    let world = World::start().await;
    let app = world.web_app();
    world
        .arm(json!({ "endpoint": "token", "kind": "aadsts", "code": 50079, "claims": "{\"access_token\":{}}" }))
        .await;
    let answer = world.refresh("common", &app, "x", &[]).await;
    answer.fails("interaction_required", 50079);
    assert_eq!(answer.body["claims"], "{\"access_token\":{}}");
    world
        .http
        .delete(format!("{}/sandbox/faults", world.url))
        .send()
        .await
        .unwrap();
    world
        .refresh("common", &app, "x", &[])
        .await
        .fails("invalid_grant", 9002313);
}

#[tokio::test]
async fn demanded_codes_of_the_authorize_page_show_where_they_would() {
    let world = World::start().await;
    let app = world.web_app();
    world
        .arm(json!({ "endpoint": "authorize", "kind": "aadsts", "code": 53003, "remaining": 1 }))
        .await;
    let url = world.authorize_url("common", &app, &[]);
    Browser::default().open(&world, &url).await.shows(53003);
    world
        .arm(json!({ "endpoint": "authorize", "kind": "aadsts", "code": 65004, "remaining": 1 }))
        .await;
    Browser::default()
        .open(&world, &url)
        .await
        .sends_back("access_denied", 65004);
}

#[tokio::test]
async fn a_rule_for_one_person_leaves_the_others_alone() {
    let world = World::start().await;
    let app = world.web_app();
    let bo = world.tokens("common", &app, "bo@contoso.test").await;
    let cy = world.tokens("common", &app, "cy@contoso.test").await;
    world.arm(json!({ "endpoint": "token", "person": "bo@contoso.test", "grant": "refresh_token", "kind": "aadsts", "code": 50173 })).await;
    let of = |tokens: &Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    world
        .refresh("common", &app, &of(&bo), &[])
        .await
        .fails("invalid_grant", 50173);
    assert_eq!(world.refresh("common", &app, &of(&cy), &[]).await.status, 200);
}

#[tokio::test]
async fn a_rule_can_let_requests_pass_first() {
    let world = World::start().await;
    world
        .arm(json!({ "endpoint": "keys", "skip": 1, "remaining": 1, "kind": "status", "status": 503 }))
        .await;
    let path = format!("/{CONTOSO}/discovery/v2.0/keys");
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(world.get(&path).await.status().as_u16());
    }
    assert_eq!(seen, [200, 503, 200]);
    assert_eq!(world.get_json("/sandbox/faults").await, json!([]));
}

#[tokio::test]
async fn a_cut_connection_does_nothing_and_a_dropped_answer_has_done_it() {
    let world = World::start().await;
    let app = world.web_app();
    world.post("/sandbox/mode", json!({ "refresh": "strict" })).await;
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let send = || {
        let form = [
            ("client_id", app.client_id.as_str()),
            ("client_secret", SECRET),
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", SCOPE),
        ];
        world
            .http
            .post(format!("{}/common/oauth2/v2.0/token", world.url))
            .form(&form)
            .send()
    };
    world
        .arm(json!({ "endpoint": "token", "remaining": 1, "kind": "cut" }))
        .await;
    assert!(send().await.is_err());
    world
        .arm(json!({ "endpoint": "token", "remaining": 1, "kind": "drop_response" }))
        .await;
    assert!(send().await.is_err());
    let entries = world.get_json("/sandbox/ledger?grant=refresh_token").await;
    assert_eq!(
        [&entries[0]["faults"], &entries[1]["faults"]],
        [&json!(["cut"]), &json!(["drop response"])]
    );
    assert_eq!(
        [&entries[0]["status"], &entries[1]["status"]],
        [&Value::Null, &Value::Null]
    );
    assert!(entries[0]["issued"].get("refresh_token").is_none());
    assert!(entries[1]["issued"]["refresh_token"].is_string());
    assert_eq!(send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn answers_can_be_malformed_misspelt_or_incomplete() {
    let world = World::start().await;
    let path = "/common/v2.0/.well-known/openid-configuration";
    world
        .arm(json!({ "endpoint": "discovery", "remaining": 1, "kind": "malformed" }))
        .await;
    let text = world.get(path).await.text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<Value>(&text).is_err());
    world
        .arm(json!({ "endpoint": "discovery", "remaining": 1, "kind": "wrong_casing" }))
        .await;
    let body = world.get_json(path).await;
    assert!(body.get("issuer").is_none() && body["Issuer"].is_string());
    world
        .arm(json!({ "endpoint": "discovery", "remaining": 1, "kind": "omit", "field": "jwks_uri" }))
        .await;
    let body = world.get_json(path).await;
    assert!(body.get("jwks_uri").is_none() && body["issuer"].is_string());
}

#[tokio::test]
async fn the_id_token_of_somebody_else_can_be_slipped_in() {
    let world = World::start().await;
    let app = world.web_app();
    world
        .arm(json!({ "endpoint": "token", "remaining": 1, "kind": "other_person", "other": "cy@contoso.test" }))
        .await;
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    assert_eq!(claims(&tokens["id_token"])["preferred_username"], "cy@contoso.test");
    assert_eq!(claims(&tokens["access_token"])["upn"], "bo@contoso.test");
}

#[tokio::test]
async fn answers_can_be_late_and_drip() {
    let world = World::start().await;
    let path = "/common/discovery/instance";
    world
        .arm(json!({ "path": path, "remaining": 1, "kind": "delay", "ms": 120 }))
        .await;
    let begun = Instant::now();
    world.get(path).await;
    assert!(120 <= begun.elapsed().as_millis());
    world
        .arm(json!({ "path": path, "remaining": 1, "kind": "drip", "ms": 5, "bytes": 20 }))
        .await;
    let begun = Instant::now();
    let body = world.get_json(path).await;
    assert_eq!(body["metadata"], json!([]));
    assert!(25 <= begun.elapsed().as_millis());
}

#[tokio::test]
async fn one_request_can_ask_for_its_own_fault() {
    let world = World::start().await;
    let url = format!("{}/common/discovery/instance", world.url);
    let asked = |fault: &str| world.http.get(&url).header("x-sandbox-fault", fault).send();
    let answer = asked("status=429;retry-after=5").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"5".parse().unwrap())
    );
    assert!(asked("cut").await.is_err());
    assert!(
        asked("omit=metadata")
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap()
            .get("metadata")
            .is_none()
    );
    assert_eq!(asked("nonsense=1").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    let world = World::start().await;
    for rule in [
        json!({ "endpoint": "kitchen", "kind": "cut" }),
        json!({ "kind": "status", "status": 99 }),
        json!({ "kind": "explode" }),
        json!({}),
    ] {
        let response = world
            .http
            .post(format!("{}/sandbox/faults", world.url))
            .json(&rule)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{rule}");
        assert!(response.json::<Value>().await.unwrap()["error"].is_string());
    }
}
