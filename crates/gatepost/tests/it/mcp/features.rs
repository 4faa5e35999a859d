//! Resources, prompts, completion and lists: through the same gates as tools, and private to the person who asks.

use gatepost::admin;
use serde_json::json;

use super::*;
use crate::world::{BO, CY};

async fn without_policies(agent: &Agent) {
    let world = &agent.world;
    for policy in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        admin::set_policy_enabled(&world.app, &world.owner_caller(), &policy.id, false)
            .await
            .unwrap();
    }
}

fn uris(told: &Told) -> Vec<String> {
    let list = told.json()["result"]["resources"].clone();
    let list = list
        .as_array()
        .unwrap_or_else(|| panic!("expected resources, not {}", told.body))
        .clone();
    list.iter().map(|it| it["uri"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn workspaces_and_operations_are_resources_and_are_read_as_the_person() {
    let agent = Agent::new().await;
    let listed = agent.modern("resources/list", json!({})).await;
    let result = &listed.json()["result"];
    assert_eq!(
        (&result["cacheScope"], &result["ttlMs"], &result["resultType"]),
        (&json!("private"), &json!(60_000), &json!("complete"))
    );
    let workspace = uris(&listed)
        .into_iter()
        .find(|it| it.starts_with("gatepost://workspace/"))
        .unwrap();
    for uri in [
        workspace.as_str(),
        "gatepost://workspace/Sales",
        "gatepost://semantic-model/Sales%20model",
        "gatepost://report/Sales%20overview",
        "gatepost://operation/datasets.refresh",
        "gatepost://operations/pipelines",
    ] {
        let told = agent.modern("resources/read", json!({ "uri": uri })).await;
        let result = &told.json()["result"];
        assert_eq!(
            (told.status, &result["contents"][0]["uri"]),
            (200, &json!(uri)),
            "{}",
            told.body
        );
        assert_eq!(
            (&result["cacheScope"], result["ttlMs"].is_u64()),
            (&json!("private"), true)
        );
        assert!(
            result["contents"][0]["text"].as_str().unwrap().len() > 40,
            "{}",
            told.body
        );
    }
    let templates = agent.legacy("2025-11-25", "resources/templates/list", json!({})).await;
    insta::assert_json_snapshot!(templates.json()["result"]);
    let entries = agent.world.entries_of("call.opened").await;
    assert!(
        entries.iter().all(|it| it["details"]["tool"].is_string()),
        "every read is on record as a tool's"
    );
}

#[tokio::test]
async fn what_is_no_resource_is_told_with_its_address() {
    let agent = Agent::new().await;
    for uri in [
        "gatepost://workspace/No%20such%20workspace",
        "gatepost://operation/no.such",
        "gatepost://operations/no_such_group",
        "gatepost://workspace/",
        "gatepost://secret/x",
        "gatepost://workspace/%00",
        "file:///etc/passwd",
        "https://example.com/",
        "test://static-text",
        "",
    ] {
        let told = agent.modern("resources/read", json!({ "uri": uri })).await;
        assert_eq!(
            (told.code(), &told.json()["error"]["data"]["uri"]),
            (-32602, &json!(uri)),
            "{}",
            told.body
        );
    }
}

/// MCP-20: resources, prompts and completion meet the gate of the tools.
#[tokio::test]
async fn what_the_policies_hide_from_tools_is_hidden_everywhere() {
    let agent = Agent::new().await;
    let model = json!({ "ref": { "type": "ref/prompt", "name": "explore_model" }, "argument": { "name": "model", "value": "sales" } });
    let told = agent.modern("completion/complete", model.clone()).await.json();
    let values = &told["result"]["completion"]["values"];
    assert!(values.as_array().unwrap().contains(&json!("Sales model")), "{told}");
    without_policies(&agent).await;
    let before = agent.world.ledger("kind=powerbi").await.len();
    assert!(
        uris(&agent.modern("resources/list", json!({})).await)
            .iter()
            .all(|it| it.starts_with("gatepost://operations/"))
    );
    let told = agent.modern("completion/complete", model).await.json();
    assert_eq!(told["result"]["completion"]["values"], json!([]));
    for uri in [
        "gatepost://workspace/Sales",
        "gatepost://semantic-model/Sales%20model",
        "gatepost://operation/groups.list",
    ] {
        let told = agent.modern("resources/read", json!({ "uri": uri })).await;
        assert_eq!(told.code(), -32602, "{uri}: {}", told.body);
    }
    let told = agent.modern("prompts/list", json!({})).await.json();
    assert_eq!(told["result"]["prompts"], json!([]));
    let prompt = json!({ "name": "explore_model", "arguments": { "model": "Sales model" } });
    assert_eq!(agent.modern("prompts/get", prompt).await.code(), -32602);
    assert_eq!(agent.world.ledger("kind=powerbi").await.len(), before);
}

#[tokio::test]
async fn prompts_are_filled_with_what_the_person_gave() {
    let agent = Agent::new().await;
    let listed = agent.modern("prompts/list", json!({})).await.json();
    insta::assert_json_snapshot!(listed["result"]);
    let arguments = json!({ "workspace": "Sales\n\u{202e}now" });
    let told = agent
        .legacy(
            "2025-06-18",
            "prompts/get",
            json!({ "name": "monthly_report_pack", "arguments": arguments }),
        )
        .await;
    let text = told.json()["result"]["messages"][0]["content"]["text"].clone();
    let text = text.as_str().unwrap();
    assert!(
        text.starts_with("Prepare the monthly pack of the workspace “Sales now” for “the last full month”."),
        "{text}"
    );
    for params in [
        json!({ "name": "explore_model" }),
        json!({ "name": "explore_model", "arguments": { "model": 1 } }),
        json!({ "name": "explore_model", "arguments": { "model": "m", "extra": "x" } }),
        json!({ "name": "no_such_prompt" }),
        json!({ "name": 1 }),
    ] {
        assert_eq!(agent.legacy("2025-11-25", "prompts/get", params).await.code(), -32602);
    }
}

#[tokio::test]
async fn names_are_completed_for_prompts_and_templates() {
    let agent = Agent::new().await;
    let ask = |reference: Value, name: &str, value: &str| {
        let params = json!({ "ref": reference, "argument": { "name": name, "value": value } });
        agent.modern("completion/complete", params)
    };
    let template = |kind: &str| json!({ "type": "ref/resource", "uri": format!("gatepost://{kind}") });
    for (kind, name, typed, wanted) in [
        ("workspace/{workspace}", "workspace", "Sal", "Sales"),
        ("semantic-model/{model}", "model", "support", "Finance/Support tickets"),
        ("report/{report}", "report", "sales over", "Sales overview"),
        (
            "operation/{operation}",
            "operation",
            "cancel refresh",
            "datasets.cancel_refresh",
        ),
    ] {
        let told = ask(template(kind), name, typed).await.json();
        let found = told["result"]["completion"].clone();
        assert!(
            found["values"].as_array().unwrap().contains(&json!(wanted)),
            "{kind}: {told}"
        );
        assert!(found["values"].as_array().unwrap().len() <= 100 && found["hasMore"].is_boolean());
    }
    let all = ask(template("operation/{operation}"), "operation", "").await.json();
    let all = &all["result"]["completion"];
    assert_eq!(
        (all["values"].as_array().unwrap().len(), &all["hasMore"]),
        (100, &json!(true))
    );
    for (reference, name) in [
        (json!({ "type": "ref/prompt", "name": "no_such" }), "model"),
        (json!({ "type": "ref/prompt", "name": "explore_model" }), "no_such"),
        (template("secret/{secret}"), "secret"),
        (json!({ "type": "ref/tool" }), "model"),
    ] {
        assert_eq!(ask(reference, name, "x").await.code(), -32602);
    }
}

/// MCP-24, ISO-07: a cursor is good for the person and the list it was given for.
#[tokio::test]
async fn long_lists_come_in_pages_by_cursors_that_nobody_else_can_use() {
    let agent = Agent::new().await;
    {
        let mut power_bi = agent.world.sandbox.world().lock().unwrap();
        let sales = power_bi
            .workspaces
            .iter()
            .find(|it| it.name == "Sales")
            .unwrap()
            .clone();
        for at in 0..120_u128 {
            let mut extra = sales.clone();
            extra.id = uuid::Uuid::from_u128(0xabc0_0000 + at);
            extra.name = format!("Extra {at:03}");
            power_bi.workspaces.push(extra);
        }
    }
    let first = agent.modern("resources/list", json!({})).await;
    let cursor = first.json()["result"]["nextCursor"].as_str().unwrap().to_owned();
    let second = agent.modern("resources/list", json!({ "cursor": cursor })).await;
    let (first, second) = (uris(&first), uris(&second));
    assert_eq!(first.len(), 100);
    assert!(
        second.len() > 20 && !second.iter().any(|it| first.contains(it)),
        "{second:?}"
    );
    let bo = agent.world.connect(BO).await;
    let bos = agent.world.key(&bo.person).await;
    let own = agent.key.clone();
    for (key, method, cursor) in [
        (&bos, "resources/list", json!(cursor)),
        (&own, "tools/list", json!(cursor)),
        (&own, "prompts/list", json!(cursor)),
        (&own, "resources/list", json!(format!("{cursor}A"))),
        (&own, "resources/list", json!(cursor[1..])),
        (&own, "resources/list", json!("")),
        (&own, "resources/list", json!(7)),
        (&own, "resources/templates/list", json!("tampered")),
    ] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "cursor": cursor } });
        let request = agent
            .world
            .http
            .post(format!("{}/mcp", agent.world.url))
            .bearer_auth(key);
        assert_eq!(agent.send(request, &body).await.code(), -32602, "{method} {cursor}");
    }
}

/// PRX-24: the list of tools is the checked-in manifest, however often and by whom it is asked for.
#[tokio::test]
async fn the_list_of_tools_is_the_manifest_and_nothing_of_power_bis() {
    let agent = Agent::new().await;
    let listed = || async { agent.modern("tools/list", json!({})).await.json()["result"]["tools"].clone() };
    // Sharing is denied by the policies an environment begins with.
    let shown = gatepost::tools::all().iter().filter(|it| it.name != "manage_access");
    let manifest: Vec<Value> = shown.map(gatepost::tools::Tool::listed).collect();
    assert_eq!(listed().await, json!(manifest));
    agent
        .modern(
            "tools/call",
            json!({ "name": "find_items", "arguments": { "text": "*" } }),
        )
        .await;
    assert_eq!(listed().await, json!(manifest));
    let everything = serde_json::to_string(&manifest).unwrap();
    assert!(!everything.contains("Sales model") && !everything.contains(ADA));
}

/// What a client says of its own trace is on record beside ours.
#[tokio::test]
async fn the_trace_of_the_client_is_on_record() {
    let agent = Agent::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (parent, is_kept) in [
        (format!("00-{trace}-00f067aa0ba902b7-01"), true),
        (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false),
        (
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(),
            false,
        ),
        ("'; DROP TABLE audit; --".to_owned(), false),
    ] {
        let call = json!({ "name": "find_items", "arguments": { "text": "*" }, "_meta": { "traceparent": parent } });
        agent.modern("tools/call", call).await;
        agent.world.advance_seconds(300);
        let opened = agent.world.entries_of("call.opened").await;
        let told = opened.last().unwrap()["trace"].as_str().unwrap().to_owned();
        assert_eq!(told.ends_with(&format!(".{trace}")), is_kept, "{parent}: {told}");
        assert!(told.len() <= 69, "{told}");
    }
}

/// ISO-07: everybody sees their own workspaces only.
#[tokio::test]
async fn somebody_elses_workspace_is_no_resource() {
    let agent = Agent::new().await;
    let cy = agent.world.connect(CY).await;
    let cys = agent.world.key(&cy.person).await;
    let own = uris(&agent.modern("resources/list", json!({})).await);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/list" });
    let request = agent
        .world
        .http
        .post(format!("{}/mcp", agent.world.url))
        .bearer_auth(&cys);
    let theirs = uris(&agent.send(request, &body).await);
    let hidden = own.iter().filter(|it| !theirs.contains(it)).count();
    assert!(hidden > 0, "{own:?} {theirs:?}");
}
