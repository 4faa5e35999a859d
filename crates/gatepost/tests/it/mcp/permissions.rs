//! A connection to which Microsoft granted less than was asked for: what needs more says so, and a new sign-in mends it.

use serde_json::json;

use super::*;

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Ada, connected through a registration without the permission to change models.
async fn limited() -> Agent {
    let world = World::with(|it| it.consent_wait_seconds = 0).await;
    let client_id = register(&world, &["Dataset.ReadWrite.All"]).await;
    use_registration(&world, &client_id).await;
    let person = world.connect(ADA).await.person;
    let key = world.key(&person).await;
    let agent = Agent { world, person, key };
    crate::every_operation::allow_everything(&agent.world).await;
    agent
}

/// An application in Entra that lists all permissions but `without`.
async fn register(world: &World, without: &[&str]) -> String {
    let permissions: Vec<_> = catalogue::scopes::wanted()
        .iter()
        .filter(|it| !without.contains(it))
        .collect();
    let application = json!({
        "name": "Gatepost", "tid": sandbox::people::CONTOSO, "tenants": "single", "user_consent": true,
        "secrets": [{ "value": crate::world::SECRET }], "permissions": permissions,
        "redirect_uris": { "web": [format!("{}/integration-callback", world.url)] },
    });
    let asked = world.http.post(format!("{}/sandbox/apps", world.sandbox_url));
    let made: Value = asked.json(&application).send().await.unwrap().json().await.unwrap();
    made["client_id"].as_str().unwrap().to_owned()
}

async fn use_registration(world: &World, client_id: &str) {
    let input = gatepost::admin::IntegrationInput {
        client_id: client_id.to_owned(),
        ends: Some(1),
        ..world.integration_input()
    };
    gatepost::admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &input)
        .await
        .unwrap();
}

fn refresh(more: &Value) -> Value {
    let mut call = json!({ "name": "refresh_model", "arguments": { "model": "Sales/Sales model", "wait_seconds": 0 } });
    for (name, value) in more.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

/// CB-19
#[tokio::test]
async fn a_limited_connection_reads_and_says_what_it_lacks_for_more() {
    let agent = limited().await;
    let text = |told: &Value| told["content"][0]["text"].as_str().unwrap_or_default().to_owned();
    let seen = agent
        .modern("tools/call", json!({ "name": "whoami", "arguments": {} }))
        .await;
    let seen = text(&seen.json()["result"]);
    assert!(seen.contains("permissions missing: Dataset.ReadWrite.All"), "{seen}");
    let read = json!({ "name": "find_items", "arguments": { "text": "sales" } });
    let read = agent.modern("tools/call", read).await.json()["result"].clone();
    assert_eq!(read["isError"], false, "{read}");
    let refused = agent.modern("tools/call", refresh(&json!({}))).await;
    assert_eq!(refused.status, 200);
    let refused = refused.json()["result"].clone();
    assert_eq!(refused["isError"], true);
    let words = text(&refused);
    for part in ["Dataset.ReadWrite.All", "administrator", "/connections"] {
        assert!(words.contains(part), "{part} is missing in {words}");
    }
    let path = "/groups/5a4db0c5-0000-4000-8000-000000000000/datasets/5a4db0c5-0000-4000-8000-000000000000/refreshes";
    let by_rest = agent
        .world
        .http
        .post(format!("{}/powerbi/v1.0/myorg{path}", agent.world.url))
        .bearer_auth(&agent.key)
        .json(&json!({ "notifyOption": "NoNotification" }))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (by_rest.status(), &by_rest.headers()["gatepost-error"]),
        (
            http::StatusCode::FORBIDDEN,
            &http::HeaderValue::from_static("permission_missing")
        )
    );
    let hint = by_rest.headers()["gatepost-hint"].to_str().unwrap();
    assert!(hint.contains("Dataset.ReadWrite.All"), "{hint}");
}

/// CB-19: a client that shows addresses is offered the page, once, and goes on when the permission is there.
#[tokio::test]
async fn a_new_sign_in_brings_the_permission_that_was_missing() {
    let agent = limited().await;
    let mut meta = json!({});
    meta[CAPABILITIES] = json!({ "elicitation": { "form": {}, "url": {} } });
    let call = async |more: Value| {
        let mut more = more;
        more["_meta"] = meta.clone();
        agent.modern("tools/call", refresh(&more)).await.json()["result"].clone()
    };
    let asked = call(json!({})).await;
    let question = &asked["inputRequests"]["microsoft"];
    assert_eq!(
        question["params"]["url"],
        format!("{}/connections", agent.world.url),
        "{asked}"
    );
    let accepted =
        |state: &Value| json!({ "inputResponses": { "microsoft": { "action": "accept" } }, "requestState": state });
    let waits = call(accepted(&asked["requestState"])).await;
    assert_eq!(
        (&waits["resultType"], &waits["inputRequests"]),
        (&json!("input_required"), &Value::Null)
    );
    // The person connects again before anybody consented to more: the call is refused, and nobody is asked once more.
    agent.world.advance_seconds(5);
    agent.world.connect(ADA).await;
    let still = call(json!({ "requestState": waits["requestState"] })).await;
    assert_eq!(
        (&still["resultType"], &still["isError"]),
        (&json!("complete"), &json!(true)),
        "{still}"
    );
    let asked = call(json!({})).await;
    let whole = register(&agent.world, &[]).await;
    use_registration(&agent.world, &whole).await;
    agent.world.advance_seconds(5);
    agent.world.connect(ADA).await;
    let done = call(accepted(&asked["requestState"])).await;
    assert_eq!(
        (&done["resultType"], &done["isError"]),
        (&json!("complete"), &json!(false)),
        "{done}"
    );
}
