//! Steering the sandbox: ledger, clock, keys, people, registrations, and the bearer check of Power BI.

use sandbox::people::CONTOSO;
use serde_json::Value;
use serde_json::json;

use crate::entra_harness::Browser;
use crate::entra_harness::START_MS;
use crate::entra_harness::World;
use crate::entra_harness::claims;

/// Asks Power BI for workspaces with a token; the status and the reason header.
async fn ask_power_bi(world: &World, token: Option<&str>) -> (u16, Option<String>, String) {
    let mut request = world.http.get(format!("{}/v1.0/myorg/groups", world.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let reason = response
        .headers()
        .get("x-powerbi-error-info")
        .map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), reason, response.text().await.unwrap())
}

fn refused(reason: Option<&str>) -> (u16, Option<String>, String) {
    (403, reason.map(str::to_owned), String::new())
}

#[tokio::test]
async fn power_bi_refuses_tokens_with_an_empty_403_and_a_reason() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(ask_power_bi(&world, Some(token)).await.0, 200);
    assert_eq!(ask_power_bi(&world, None).await, refused(None));
    assert_eq!(
        ask_power_bi(&world, Some("garbage")).await,
        refused(Some("InvalidToken"))
    );
    assert_eq!(
        ask_power_bi(&world, tokens["id_token"].as_str()).await,
        refused(Some("InvalidToken"))
    );
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, other_signature) = tokens["id_token"].as_str().unwrap().rsplit_once('.').unwrap();
    let forged = format!("{signed}.{other_signature}");
    assert_eq!(ask_power_bi(&world, Some(&forged)).await, refused(Some("TokenExpired")));
    world
        .sandbox
        .clock()
        .advance(tokens["expires_in"].as_i64().unwrap() * 1000);
    assert_eq!(ask_power_bi(&world, Some(token)).await, refused(Some("TokenExpired")));
}

#[tokio::test]
async fn a_graph_token_is_not_one_for_power_bi() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    let scope = [("scope", "User.Read")];
    let graph = world
        .refresh("common", &app, tokens["refresh_token"].as_str().unwrap(), &scope)
        .await;
    let graph = graph.member("access_token");
    assert_eq!(ask_power_bi(&world, Some(&graph)).await, refused(Some("InvalidToken")));
}

#[tokio::test]
async fn the_ledger_proves_who_asked_what_and_holds_no_secret() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    world.refresh("common", &app, token, &[]).await;
    ask_power_bi(&world, tokens["access_token"].as_str()).await;
    let mark = sandbox::ledger::fingerprint(token);
    let entries = world.get_json("/sandbox/ledger?kind=entra&path=/token").await;
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["issued"]["refresh_token"], mark);
    assert_eq!(entries[1]["presented"]["refresh_token"], mark);
    assert_eq!(
        [&entries[1]["grant_type"], &entries[1]["identity"]],
        ["refresh_token", "bo@contoso.test"]
    );
    assert_eq!(entries[1]["client_id"], app.client_id);
    assert_eq!(
        [&entries[1]["status"], &entries[1]["time_ms"]],
        [&json!(200), &json!(START_MS)]
    );
    assert_eq!(world.count("kind=powerbi&identity=bo@contoso.test").await, 1);
    assert_eq!(
        world
            .count(&format!("client_id={}&grant=refresh_token", app.client_id))
            .await,
        1
    );
    let all = world.get("/sandbox/ledger").await.text().await.unwrap();
    for secret in [
        token,
        tokens["access_token"].as_str().unwrap(),
        crate::entra_harness::SECRET,
    ] {
        assert!(!all.contains(secret));
    }
    let since = entries[1]["seq"].as_u64().unwrap();
    assert_eq!(world.count(&format!("since={since}&kind=entra")).await, 0);
    world
        .http
        .delete(format!("{}/sandbox/ledger", world.url))
        .send()
        .await
        .unwrap();
    assert_eq!(world.count("").await, 0);
}

#[tokio::test]
async fn the_clock_is_set_moved_and_sped_up() {
    let world = World::start().await;
    assert_eq!(world.get_json("/sandbox/clock").await["now_ms"], START_MS);
    let moved = world.post("/sandbox/clock", json!({ "advance_ms": 3_600_000 })).await;
    assert_eq!(moved["now_ms"], START_MS + 3_600_000);
    let set = world
        .post("/sandbox/clock", json!({ "set": "2027-01-01T00:00:00Z" }))
        .await;
    assert_eq!(set["now"], "2027-01-01T00:00:00Z");
    world.post("/sandbox/clock", json!({ "speed": 100_000.0 })).await;
    tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while world.get_json("/sandbox/clock").await["now"].as_str().unwrap() < "2027-01-01T01" {}
    })
    .await
    .expect("an hour passes in some 36 ms");
}

#[tokio::test]
async fn keys_roll_over_and_old_ones_can_be_withdrawn() {
    let world = World::start().await;
    let app = world.web_app();
    let old = world.tokens("common", &app, "bo@contoso.test").await;
    let kid = world.post("/sandbox/keys", json!({})).await["kid"].clone();
    let keys = world.get_json("/common/discovery/v2.0/keys").await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    let new = world.tokens("common", &app, "bo@contoso.test").await;
    let header = jsonwebtoken::decode_header(new["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(kid, header.kid.unwrap());
    assert_eq!(ask_power_bi(&world, old["access_token"].as_str()).await.0, 200);
    world.post("/sandbox/keys", json!({ "retire": true })).await;
    assert_eq!(
        world.get_json("/common/discovery/v2.0/keys").await["keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        ask_power_bi(&world, new["access_token"].as_str()).await,
        refused(Some("TokenExpired"))
    );
}

#[tokio::test]
async fn people_can_be_added_and_sign_in() {
    let world = World::start().await;
    let app = world.web_app();
    let added = world
        .post(
            "/sandbox/people",
            json!({ "upn": "max@contoso.test", "name": "Max New" }),
        )
        .await;
    assert_eq!(added["tid"], CONTOSO);
    let tokens = world.tokens("common", &app, "max@contoso.test").await;
    assert_eq!(claims(&tokens["id_token"])["oid"], added["oid"]);
    let again = world
        .http
        .post(format!("{}/sandbox/people", world.url))
        .json(&json!({ "upn": "MAX@contoso.test" }));
    assert_eq!(again.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn an_application_is_registered_over_http() {
    let world = World::start().await;
    let made = world
        .post(
            "/sandbox/apps",
            json!({
                "name": "Mine", "tenants": "single", "secrets": [{ "value": "v", "expires": "2027-01-01T00:00:00Z" }],
                "redirect_uris": { "web": ["https://mine.test/cb"] }, "permissions": ["Dataset.Read.All"],
            }),
        )
        .await;
    assert!(made["client_id"].is_string() && made["secrets"][0]["id"].is_string());
    let url = format!("{}/sandbox/apps", world.url);
    for wrong in [
        json!({ "permissions": ["Kitchen.Clean"] }),
        json!({ "redirect_uris": { "web": ["http://mine.test/cb"] } }),
        json!({ "redirect_uris": { "web": ["https://mine.test/*"] } }),
        json!({ "client_id": made["client_id"] }),
        json!({ "colour": "green" }),
    ] {
        assert_eq!(
            world.http.post(&url).json(&wrong).send().await.unwrap().status(),
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn consent_can_be_granted_and_withdrawn_without_a_page() {
    let world = World::start().await;
    let app = world.web_app();
    let consent = json!({ "client_id": app.client_id, "person": "bo@contoso.test" });
    world.post("/sandbox/consents", consent).await;
    let url = world.authorize_url("common", &app, &[]);
    let landing = Browser::default()
        .submit(&world, &url, &[("account", "bo@contoso.test")])
        .await;
    assert!(landing.back.unwrap().contains_key("code"));
    let gone = world
        .http
        .delete(format!("{}/sandbox/consents", world.url))
        .json(&json!({ "client_id": app.client_id }));
    gone.send().await.unwrap();
    assert_eq!(world.get_json("/sandbox/consents").await, json!([]));
}

#[tokio::test]
async fn a_token_can_be_had_without_a_sign_in() {
    let world = World::start().await;
    let wish = json!({ "person": sandbox::people::GUS_AS_GUEST, "scopes": ["Workspace.Read.All"], "lifetime_s": 60 });
    let token = world.post("/sandbox/tokens", wish).await["access_token"].clone();
    assert_eq!(
        [&claims(&token)["tid"], &claims(&token)["scp"]],
        [CONTOSO, "Workspace.Read.All"]
    );
    assert_eq!(ask_power_bi(&world, token.as_str()).await.0, 200);
}

#[tokio::test]
async fn the_front_page_says_what_this_is_and_every_answer_is_marked() {
    let world = World::start().await;
    let response = world.get("/").await;
    assert_eq!(response.headers()["x-sandbox"], "1");
    assert!(response.headers().contains_key("x-ms-request-id"));
    let page = response.text().await.unwrap().replace("&#x2f;", "/");
    for text in [
        "Sandbox - not Microsoft",
        "ada@contoso.test",
        "/sandbox/ledger",
        CONTOSO,
    ] {
        assert!(page.contains(text), "{text}");
    }
    let groups = world.get("/v1.0/myorg/groups").await;
    assert!(groups.headers().contains_key("requestid") && groups.headers()["x-sandbox"] == "1");
    assert_eq!(world.get("/nowhere").await.headers()["x-sandbox"], "1");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let mut seen: Vec<Value> = Vec::new();
    for _ in 0..2 {
        let world = World::start().await;
        let app = world.web_app();
        seen.push(world.tokens("common", &app, "bo@contoso.test").await["refresh_token"].clone());
    }
    assert_eq!(seen[0], seen[1]);
}
