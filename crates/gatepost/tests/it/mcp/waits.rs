//! Calls that wait for a person: pages that are offered, states that come back, and everything a client may get wrong.

use std::time::Duration;

use gatepost::admin;
use serde_json::json;

use super::*;
use crate::world::BO;

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// A call by a client that can show addresses.
fn call(more: Value) -> Value {
    let mut call = json!({ "name": "find_items", "arguments": { "text": "sales", "types": ["workspace"] } });
    call["_meta"][CAPABILITIES] = json!({ "elicitation": { "form": {}, "url": {} } });
    for (name, value) in more.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

async fn quick() -> Agent {
    Agent::with(|it| it.consent_wait_seconds = 1).await
}

/// A person who has no connection any more, as their key still says who they are.
async fn disconnected(agent: &Agent) {
    for connection in gatepost::store::connections::of_person(&agent.world.app.db, &agent.person)
        .await
        .unwrap()
    {
        let caller = agent.caller();
        gatepost::connections::disconnect(&agent.world.app, &caller, &connection.id)
            .await
            .unwrap();
    }
}

impl Agent {
    fn caller(&self) -> Caller {
        Caller {
            person: self.person.clone(),
            role: Role::Person,
            ..self.world.owner_caller()
        }
    }

    async fn find(&self, more: Value) -> Value {
        let told = self.modern("tools/call", call(more)).await;
        let body = told.json();
        if body["result"].is_null() {
            body["error"].clone()
        } else {
            body["result"].clone()
        }
    }
}

fn answer(action: &str, state: &Value) -> Value {
    json!({ "inputResponses": { "microsoft": { "action": action } }, "requestState": state })
}

#[tokio::test]
async fn a_client_that_shows_addresses_is_asked_once_and_then_waits() {
    let agent = quick().await;
    disconnected(&agent).await;
    let asked = agent.find(json!({})).await;
    assert_eq!(asked["resultType"], "input_required");
    let question = &asked["inputRequests"]["microsoft"];
    assert_eq!(question["method"], "elicitation/create");
    // MCP-21: only our own page, which shows everybody their own connections; the address carries nothing.
    assert_eq!(question["params"]["url"], format!("{}/connections", agent.world.url));
    assert_eq!(question["params"]["mode"], "url");
    assert!(!question["params"]["elicitationId"].as_str().unwrap().is_empty());
    let waiting = agent.find(answer("accept", &asked["requestState"])).await;
    assert_eq!(waiting["resultType"], "input_required");
    assert!(
        waiting["inputRequests"].is_null(),
        "the person is not asked twice: {waiting}"
    );
    assert_ne!(waiting["requestState"], asked["requestState"]);
    let still = agent.find(json!({ "requestState": waiting["requestState"] })).await;
    assert!(
        still["inputRequests"].is_null() && still["requestState"].is_string(),
        "{still}"
    );
    let poll = async {
        let mut state = still["requestState"].clone();
        loop {
            let told = agent.find(json!({ "requestState": state })).await;
            if told["resultType"] == "complete" {
                return told;
            }
            state = told["requestState"].clone();
        }
    };
    let (told, _) = tokio::join!(poll, agent.world.connect(ADA));
    assert_eq!(told["isError"], false, "{told}");
    assert!(told["content"][0]["text"].as_str().unwrap().contains("Sales"), "{told}");
}

#[tokio::test]
async fn whoever_declines_or_never_connects_is_told_where_to_go() {
    let agent = Agent::with(|it| it.consent_wait_seconds = 0).await;
    disconnected(&agent).await;
    for action in ["decline", "cancel"] {
        let asked = agent.find(json!({})).await;
        let told = agent.find(answer(action, &asked["requestState"])).await;
        assert_eq!(
            (&told["resultType"], &told["isError"]),
            (&json!("complete"), &json!(true))
        );
        assert!(
            told["content"][0]["text"].as_str().unwrap().contains("/connections"),
            "{told}"
        );
    }
    let mut told = agent.find(json!({})).await;
    let mut rounds = 1;
    while told["resultType"] == "input_required" {
        rounds += 1;
        told = agent.find(answer("accept", &told["requestState"])).await;
    }
    assert!((7..=9).contains(&rounds), "{rounds}");
    assert!(
        told["content"][0]["text"].as_str().unwrap().contains("/connections"),
        "{told}"
    );
}

/// The ladder: a client that cannot show addresses reads the link, in both eras.
#[tokio::test]
async fn a_client_that_cannot_show_addresses_reads_the_link() {
    let agent = quick().await;
    disconnected(&agent).await;
    for declared in [
        json!({}),
        json!({ "elicitation": {} }),
        json!({ "elicitation": { "form": {} } }),
        json!({ "elicitation": { "url": true } }),
    ] {
        let mut call = call(json!({}));
        call["_meta"][CAPABILITIES] = declared.clone();
        let told = agent.modern("tools/call", call).await;
        assert_eq!(told.json()["result"]["resultType"], "complete", "{declared}");
        assert!(
            told.text().contains(&format!("{}/connections", agent.world.url)),
            "{}",
            told.text()
        );
    }
    let plain = json!({ "name": "find_items", "arguments": { "text": "sales" } });
    for (version, session, is_asked) in [
        ("2025-11-25", json!({ "elicitation": { "url": {} } }), true),
        ("2025-11-25", json!({ "elicitation": {} }), false),
        ("2025-06-18", json!({ "elicitation": { "url": {} } }), false),
    ] {
        let params = json!({ "protocolVersion": version, "capabilities": session });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let begun = agent.send(agent.post(), &body).await;
        let session = begun.header("mcp-session-id");
        let body = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": plain });
        let told = agent.send(agent.post().header("mcp-session-id", session), &body).await;
        if is_asked {
            assert_eq!((told.status, told.code()), (200, -32042));
            let offered = &told.json()["error"]["data"]["elicitations"][0];
            assert_eq!(offered["url"], format!("{}/connections", agent.world.url));
        } else {
            assert!(told.text().contains("/connections"), "{}", told.body);
        }
    }
}

/// MCP-10: a state is good for the same person, client, method, tool and arguments, and for a time.
#[tokio::test]
async fn a_state_that_is_not_of_this_very_request_is_refused() {
    let agent = quick().await;
    let asked_bo = agent.world.connect(BO).await;
    disconnected(&agent).await;
    let asked = agent.find(json!({})).await;
    let state = asked["requestState"].as_str().unwrap().to_owned();
    let own = agent.key.clone();
    let bos = agent.world.key(&asked_bo.person).await;
    let other_key = agent.world.key(&agent.person).await;
    let mut flipped = state.clone().into_bytes();
    let middle = flipped.len() / 2;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let other_arguments = json!({ "text": "finance" });
    for (key, what, more) in [
        (&bos, "another person", answer("accept", &json!(state))),
        (&other_key, "another client", answer("accept", &json!(state))),
        (&own, "a flipped bit", answer("accept", &json!(flipped))),
        (&own, "cut short", answer("accept", &json!(state[..state.len() - 2]))),
        (&own, "longer", answer("accept", &json!(format!("{state}-TAMPERED")))),
        (&own, "no text", answer("accept", &json!(7))),
        (&own, "nothing", answer("accept", &json!(""))),
        (
            &own,
            "other arguments",
            json!({ "arguments": other_arguments, "requestState": state }),
        ),
        (&own, "another tool", json!({ "name": "whoami", "requestState": state })),
    ] {
        let call = call(more);
        let request = agent
            .world
            .http
            .post(format!("{}/mcp", agent.world.url))
            .bearer_auth(key);
        let request = modern_headers(request, "tools/call", &call);
        let told = agent.send(request, &modern_body("tools/call", call)).await;
        assert_eq!(told.code(), -32602, "{what}: {}", told.body);
    }
    let prompt = json!({ "name": "find_items", "arguments": { "text": "sales", "types": ["workspace"] }, "requestState": state });
    assert_eq!(agent.modern("prompts/get", prompt).await.code(), -32602);
    // Members in another order are the same arguments.
    let same = json!({ "arguments": { "types": ["workspace"], "text": "sales" }, "requestState": state });
    assert_eq!(agent.find(same).await["resultType"], "input_required");
    agent.world.advance_seconds(16 * 60);
    assert_eq!(agent.find(answer("accept", &json!(state))).await["code"], -32602);
}

/// MCP-11: answers that were never asked for count for nothing, and nobody approves their own call.
#[tokio::test]
async fn answers_that_were_not_asked_for_count_for_nothing() {
    let agent = quick().await;
    let refresh = |more: Value| {
        let mut call = call(more);
        call["name"] = json!("refresh_model");
        call["arguments"] = json!({ "model": "Sales model", "wait_seconds": 0 });
        agent.modern("tools/call", call)
    };
    for responses in [
        json!({ "approval": { "action": "accept" } }),
        json!({ "approval": { "action": "accept", "content": { "approved": true } }, "microsoft": { "action": "accept" } }),
        json!({ "__proto__": {}, "x": 1 }),
    ] {
        let told = refresh(json!({ "inputResponses": responses })).await;
        assert!(
            told.text().contains("needs an administrator's approval"),
            "{}",
            told.body
        );
    }
    for responses in [json!(null), json!([]), json!("accept"), json!(1)] {
        let told = refresh(json!({ "inputResponses": responses })).await;
        assert_eq!(told.code(), -32602, "{}", told.body);
    }
    assert!(agent.world.ledger("kind=powerbi&method=POST").await.is_empty());
}

/// An administrator is shown what becomes of their request; it stays somebody else's to approve, and counts once.
#[tokio::test]
async fn an_administrators_call_waits_for_another_administrator() {
    let agent = Agent::with(|it| it.consent_wait_seconds = 5).await;
    let owner = agent.world.owner_caller();
    admin::save_role(&agent.world.app, &owner, &agent.person, Role::Administrator)
        .await
        .unwrap();
    let refresh = |more: Value| {
        let mut call = call(more);
        call["name"] = json!("refresh_model");
        call["arguments"] = json!({ "model": "Sales model", "wait_seconds": 0 });
        agent.modern("tools/call", call)
    };
    let asked = refresh(json!({})).await.json()["result"].clone();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let url = asked["inputRequests"]["approval"]["params"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = gatepost::caller::ApprovalId::from(url.rsplit('/').next().unwrap().to_owned());
    let own = Caller {
        role: Role::Administrator,
        ..agent.caller()
    };
    assert!(admin::decide_approval(&agent.world.app, &own, &id, true).await.is_err());
    let back =
        json!({ "inputResponses": { "approval": { "action": "accept" } }, "requestState": asked["requestState"] });
    let deciding = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        admin::decide_approval(&agent.world.app, &owner, &id, true)
            .await
            .unwrap();
    };
    let (told, ()) = tokio::join!(refresh(back.clone()), deciding);
    assert!(told.text().starts_with("The refresh was started."), "{}", told.body);
    // The state is replayed: the approval is used up, so nothing is sent a second time.
    let again = refresh(back).await;
    assert!(!again.text().starts_with("The refresh was started."), "{}", again.body);
    let asked = agent.world.ledger("kind=powerbi&method=POST").await;
    let started = asked
        .iter()
        .filter(|it| it["path"].as_str().unwrap().ends_with("/refreshes"))
        .count();
    assert_eq!(started, 1);
}
