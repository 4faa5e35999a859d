//! Microsoft's sign-in service out of order: connections outlive it, and nobody knocks all the time (security rows UPS).

use gatepost::app::App;
use gatepost::call::{self, CallError, Request};
use gatepost::caller::{Caller, Role};
use gatepost::store::connections::{self, Connection};
use serde_json::{Value, json};

use crate::world::{ADA, World};

async fn list_workspaces(app: &App, caller: &Caller) -> Result<u16, CallError> {
    let request = Request::of_tool(app, "test", "groups.list", serde_json::Map::new())?;
    call::call(app, caller, request)
        .await
        .map(|answer| answer.status.as_u16())
}

async fn connected() -> (World, Caller) {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let caller = Caller {
        person: ada.person,
        role: Role::Person,
        ..world.owner_caller()
    };
    (world, caller)
}

async fn connection(world: &World, caller: &Caller) -> Connection {
    connections::of_person(&world.app.db, &caller.person)
        .await
        .unwrap()
        .remove(0)
}

async fn asked(world: &World) -> usize {
    let all = world.ledger("kind=entra").await;
    all.iter().filter(|it| it["grant_type"] == "refresh_token").count()
}

/// What a token endpoint in trouble may do.
fn troubles() -> Vec<(&'static str, Value)> {
    let status = |status: u16, headers: Value, body: Value| json!({ "kind": "status", "status": status, "headers": headers, "body": body });
    vec![
        ("throttled", status(429, json!({ "retry-after": "30" }), json!({}))),
        ("500", status(500, json!({}), json!({}))),
        ("502", status(502, json!({}), "<html>Bad gateway</html>".into())),
        ("503", status(503, json!({}), json!({}))),
        (
            "a page instead of JSON",
            status(200, json!({ "content-type": "text/html" }), "<html></html>".into()),
        ),
        ("cut", json!({ "kind": "cut" })),
        ("half an answer", json!({ "kind": "malformed" })),
    ]
}

/// UPS-01: a token that is still good is used on, one that is not waits, and the connection is never given up.
#[tokio::test]
async fn trouble_at_the_token_endpoint_harms_no_connection() {
    for (what, mut fault) in troubles() {
        let (world, caller) = connected().await;
        fault["endpoint"] = "token".into();
        fault["remaining"] = 1.into();
        world.advance_seconds(55 * 60);
        world.fault(fault.clone()).await;
        assert_eq!(
            list_workspaces(&world.app, &caller).await.unwrap(),
            200,
            "{what}: still good"
        );
        world.advance_seconds(3600);
        world.fault(fault).await;
        if let Err(error) = list_workspaces(&world.app, &caller).await {
            assert_eq!(error.problem().code, "microsoft_unavailable", "{what}");
            assert!(error.problem().retry_after_s.is_some(), "{what}");
        }
        let row = connection(&world, &caller).await;
        assert!(
            ["connected", "degraded"].contains(&row.state.as_str()) && row.refresh_sealed.is_some(),
            "{what}: {}",
            row.state
        );
        world.advance_seconds(3600);
        assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200, "{what}: over");
        assert_eq!(connection(&world, &caller).await.state, "connected", "{what}");
    }
}

/// UPS-02: what only the person can mend asks the person; nothing else does; no refresh token is thrown away.
#[tokio::test]
async fn each_refusal_of_a_grant_is_taken_for_what_it_is() {
    let aadsts = |code: u32| json!({ "kind": "aadsts", "code": code });
    let unknown_number =
        json!({ "error": "invalid_grant", "error_codes": [987_654], "error_description": "AADSTS987654: new" });
    for (what, mut fault, state) in [
        ("50173", aadsts(50_173), "needs_reconnect"),
        ("700082", aadsts(700_082), "needs_reconnect"),
        ("700084", aadsts(700_084), "needs_reconnect"),
        ("70008", aadsts(70_008), "needs_reconnect"),
        ("70000", aadsts(70_000), "needs_reconnect"),
        ("65001", aadsts(65_001), "needs_reconnect"),
        ("50076", aadsts(50_076), "needs_reconnect"),
        ("50079", aadsts(50_079), "needs_reconnect"),
        ("50158", aadsts(50_158), "needs_reconnect"),
        ("50196", aadsts(50_196), "degraded"),
        (
            "a number nobody knows",
            json!({ "kind": "status", "status": 400, "body": unknown_number }),
            "needs_reconnect",
        ),
        (
            "an error nobody knows",
            json!({ "kind": "status", "status": 400, "body": { "error": "moon_phase" } }),
            "degraded",
        ),
    ] {
        let (world, caller) = connected().await;
        let before = connection(&world, &caller).await.refresh_sealed;
        world.advance_seconds(2 * 3600);
        fault["endpoint"] = "token".into();
        fault["remaining"] = 1.into();
        world.fault(fault).await;
        let problem = list_workspaces(&world.app, &caller).await.unwrap_err().problem();
        let row = connection(&world, &caller).await;
        assert_eq!(row.state, state, "{what}: {problem:?}");
        assert_eq!(row.refresh_sealed, before, "{what}");
    }
}

/// UPS-02: an answer that nobody understands sets the connection aside after three times, with its refresh token.
#[tokio::test]
async fn what_nobody_understands_is_tried_three_times_and_then_hourly() {
    let (world, caller) = connected().await;
    world.advance_seconds(2 * 3600);
    let body = json!({ "error": "moon_phase" });
    world
        .fault(json!({ "endpoint": "token", "kind": "status", "status": 400, "body": body, "remaining": 4 }))
        .await;
    let before = asked(&world).await;
    for _ in 0..10 {
        let problem = list_workspaces(&world.app, &caller).await.unwrap_err().problem();
        assert_eq!(problem.code, "microsoft_unavailable");
        world.advance_seconds(60);
    }
    assert_eq!(asked(&world).await - before, 3);
    let row = connection(&world, &caller).await;
    assert!(
        row.reason.unwrap().contains("trace id"),
        "an administrator is told where to look"
    );
    world.advance_seconds(3600);
    list_workspaces(&world.app, &caller).await.unwrap_err();
    assert_eq!(asked(&world).await - before, 4);
    world.advance_seconds(3700);
    assert_eq!(
        list_workspaces(&world.app, &caller).await.unwrap(),
        200,
        "it heals by itself"
    );
}

/// UPS-16: a day without Microsoft, with callers all the time: no person has to act, and the door is knocked at seldom.
#[tokio::test]
async fn a_day_without_microsoft_needs_nobody_afterwards() {
    let (world, caller) = connected().await;
    let armed = world
        .http
        .post(format!("{}/sandbox/faults", world.sandbox_url))
        .json(&json!({ "endpoint": "token", "kind": "status", "status": 503 }))
        .send()
        .await
        .unwrap();
    let rule: Value = armed.json().await.unwrap();
    world.advance_seconds(2 * 3600);
    let before = asked(&world).await;
    for _ in 0..24 {
        for _ in 0..5 {
            let problem = list_workspaces(&world.app, &caller).await.unwrap_err().problem();
            assert_eq!(problem.code, "microsoft_unavailable");
        }
        world.advance_seconds(3600);
    }
    let knocks = asked(&world).await - before;
    assert!(
        (1..=24).contains(&knocks),
        "asked {knocks} times in 24 hours of five calls each"
    );
    let gone = world
        .http
        .delete(format!("{}/sandbox/faults/{}", world.sandbox_url, rule["id"]))
        .send()
        .await
        .unwrap();
    assert!(gone.status().is_success());
    world.advance_seconds(3600);
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    assert_eq!(connection(&world, &caller).await.state, "connected");
}
