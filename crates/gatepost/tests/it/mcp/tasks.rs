//! Calls that become tasks: stored before they are answered, told to their owner alone, and cancelled by nobody else.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::world::BO;

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn declared(mut params: Value) -> Value {
    params["_meta"][CAPABILITIES] = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    params
}

/// A request about a task, with the header that names it.
async fn about(agent: &Agent, key: &str, method: &str, id: &str, header: &str, params: Value) -> Told {
    let mut params = params;
    params["taskId"] = json!(id);
    let request = agent
        .world
        .http
        .post(format!("{}/mcp", agent.world.url))
        .bearer_auth(key);
    let request = modern_headers(request, method, &json!({})).header("mcp-name", header);
    agent.send(request, &modern_body(method, params)).await
}

async fn get(agent: &Agent, id: &str) -> Value {
    about(agent, &agent.key, "tasks/get", id, id, declared(json!({})))
        .await
        .json()["result"]
        .clone()
}

/// The task once it is over.
async fn ended(agent: &Agent, id: &str) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let task = get(agent, id).await;
        if task["status"] != "working" {
            return task;
        }
        assert!(tokio::time::Instant::now() < deadline, "{task}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A refresh that was approved and is under way as a task.
async fn refreshing(agent: &Agent) -> Value {
    let world = &agent.world;
    let call = json!({ "name": "refresh_model", "arguments": { "model": "Sales model" } });
    let asked = agent.modern("tools/call", call.clone()).await.text();
    let id = asked.split("/approvals/").nth(1).unwrap()[..36].to_owned();
    admin::decide_approval(&world.app, &world.owner_caller(), &id.into(), true)
        .await
        .unwrap();
    let begun = agent.modern("tools/call", declared(call)).await.json();
    assert_eq!(begun["result"]["resultType"], "task", "{begun}");
    begun["result"].clone()
}

#[tokio::test]
async fn a_long_refresh_becomes_a_task_that_ends_with_its_result() {
    let agent = Agent::new().await;
    let discovered = agent.modern("server/discover", json!({})).await.json();
    assert!(discovered["result"]["capabilities"]["extensions"]["io.modelcontextprotocol/tasks"].is_object());
    let begun = refreshing(&agent).await;
    let id = begun["taskId"].as_str().unwrap();
    assert_eq!((&begun["status"], begun["ttlMs"].is_u64()), (&json!("working"), true));
    assert!(begun["result"].is_null() && id.len() >= 32);
    let first = get(&agent, id).await;
    assert_eq!(
        (&first["taskId"], &first["resultType"]),
        (&json!(id), &json!("complete"))
    );
    agent.world.advance_seconds(60);
    let ended = ended(&agent, id).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let text = ended["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("The refresh was started. Sales model (Sales): Completed"),
        "{text}"
    );
    assert_eq!(ended["result"]["isError"], false);
    agent.world.advance_seconds(3600);
    let told = about(&agent, &agent.key, "tasks/get", id, id, declared(json!({}))).await;
    assert_eq!(told.code(), -32602, "a task is forgotten after its time");
}

/// What lasts, beside refreshes: exports, imports and deployments.
#[tokio::test]
async fn everything_that_lasts_can_become_a_task() {
    let world = World::new().await;
    crate::every_operation::allow_everything(&world).await;
    crate::every_operation::register_with_every_scope(&world).await;
    let person = world.connect(ADA).await.person;
    let key = world.key(&person).await;
    let agent = Agent { world, person, key };
    let flow = r#"{ "name": "Orders", "version": "1.0", "entities": [] }"#;
    for (tool, arguments, words) in [
        (
            "export_report",
            json!({ "report": "Finance overview", "format": "PDF" }),
            "/download/",
        ),
        (
            "import_file",
            json!({ "workspace": "Sales", "file_name": "model.json", "text": flow }),
            "imported",
        ),
        (
            "deploy_stage",
            json!({ "pipeline": "Marketing", "from_stage": "development" }),
            "succeeded",
        ),
    ] {
        let call = json!({ "name": tool, "arguments": arguments });
        let begun = agent.modern("tools/call", declared(call)).await.json();
        assert_eq!(begun["result"]["resultType"], "task", "{tool}: {begun}");
        let id = begun["result"]["taskId"].as_str().unwrap();
        agent.world.advance_seconds(60);
        let ended = ended(&agent, id).await;
        assert_eq!(ended["status"], "completed", "{tool}: {ended}");
        let text = ended["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(words), "{tool}: {text}");
        assert_eq!(ended["result"]["isError"], false, "{tool}");
    }
}

/// ISO-03: a task of somebody else is as unknown as one that never was; and its header must name it.
#[tokio::test]
async fn a_task_is_its_owners_alone() {
    let agent = Agent::new().await;
    let bo = agent.world.connect(BO).await;
    let bos = agent.world.key(&bo.person).await;
    let other_client = agent.world.key(&agent.person).await;
    let begun = refreshing(&agent).await;
    let id = begun["taskId"].as_str().unwrap().to_owned();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let mut answers = Vec::new();
        for (key, id) in [(&bos, id.as_str()), (&other_client, &id), (&agent.key, "made-up")] {
            let told = about(&agent, key, method, id, id, declared(json!({ "inputResponses": {} }))).await;
            assert_eq!(told.code(), -32602, "{method} {}", told.body);
            answers.push(told.json()["error"].clone());
        }
        assert!(answers.windows(2).all(|it| it[0] == it[1]));
        let told = about(&agent, &agent.key, method, &id, "another", declared(json!({}))).await;
        assert_eq!((told.status, told.code()), (400, -32020), "{method}");
        let told = about(&agent, &agent.key, method, &id, &id, json!({})).await;
        assert_eq!((told.status, told.code()), (400, -32021), "{method}");
    }
    for method in ["tasks/list", "tasks/result"] {
        let told = about(&agent, &agent.key, method, &id, &id, declared(json!({}))).await;
        assert_eq!((told.status, told.code()), (404, -32601), "{method}");
    }
    assert_eq!(get(&agent, &id).await["status"], "working");
}

#[tokio::test]
async fn a_cancelled_task_stays_cancelled_and_what_was_started_stays_on_record() {
    let agent = Agent::new().await;
    let begun = refreshing(&agent).await;
    let id = begun["taskId"].as_str().unwrap();
    for _ in 0..2 {
        let told = about(&agent, &agent.key, "tasks/cancel", id, id, declared(json!({}))).await;
        assert_eq!(told.json()["result"], json!({ "resultType": "complete" }));
    }
    let task = get(&agent, id).await;
    assert_eq!((&task["status"], &task["result"]), (&json!("cancelled"), &json!(null)));
    agent.world.advance_seconds(60);
    let is_refresh = |it: &&Value| {
        it["details"]["operation"]
            .as_str()
            .unwrap()
            .starts_with("datasets.refresh")
    };
    let closed = agent.world.entries_of("call.closed").await;
    assert_eq!(closed.iter().filter(is_refresh).count(), 1);
    assert_eq!(get(&agent, id).await["status"], "cancelled");
}

#[tokio::test]
async fn a_call_that_ends_soon_or_of_a_client_without_tasks_is_answered_as_ever() {
    let agent = Agent::new().await;
    let call = json!({ "name": "refresh_model", "arguments": { "model": "Sales model" } });
    let told = agent.modern("tools/call", declared(call.clone())).await;
    assert_eq!(told.json()["result"]["resultType"], "complete");
    assert!(
        told.text().contains("needs an administrator's approval"),
        "{}",
        told.body
    );
    agent
        .world
        .fault(json!({ "path": "/v1.0/myorg/groups", "kind": "delay", "ms": 2500, "remaining": 1 }))
        .await;
    let find = json!({ "name": "find_items", "arguments": { "text": "*" } });
    let told = agent.modern("tools/call", declared(find)).await;
    assert_eq!(
        told.json()["result"]["resultType"],
        "complete",
        "only long work becomes a task"
    );
}

/// A worker that died with its process is told to be gone, not to work for ever.
#[tokio::test]
async fn a_task_whose_worker_is_gone_is_told_to_have_failed() {
    let agent = Agent::new().await;
    let task = gatepost::store::mcp_tasks::Task {
        id: "0123456789abcdef0123456789abcdef".into(),
        environment_id: agent.world.environment.clone(),
        person_id: agent.person.clone(),
        client: agent.client().await,
        tool: "refresh_model".into(),
        status: "working".into(),
        message: String::new(),
        outcome_sealed: None,
        created_at: agent.world.clock.now(),
        updated_at: agent.world.clock.now(),
        expires_at: agent.world.clock.now().plus_seconds(3600),
    };
    let db = &agent.world.app.db;
    assert!(gatepost::store::mcp_tasks::insert(db, &task, 1).await.unwrap());
    let second = gatepost::store::mcp_tasks::Task {
        id: "another".into(),
        ..task.clone()
    };
    assert!(
        !gatepost::store::mcp_tasks::insert(db, &second, 1).await.unwrap(),
        "there is a limit to each person's tasks"
    );
    assert_eq!(get(&agent, &task.id).await["status"], "working");
    agent.world.advance_seconds(120);
    let gone = get(&agent, &task.id).await;
    assert_eq!(
        (&gone["status"], gone["error"]["message"].is_string()),
        (&json!("failed"), true),
        "{gone}"
    );
}

impl Agent {
    /// The id of the key, which is the client behind it.
    async fn client(&self) -> String {
        let keys =
            gatepost::store::api_keys::find_by_hash(&self.world.app.db, &gatepost::session::hash(&self.key)).await;
        keys.unwrap().unwrap().key.id.0
    }
}
