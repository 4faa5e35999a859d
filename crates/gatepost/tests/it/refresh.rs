//! One refresh at Microsoft for any number of callers, processes and databases (security rows RAC, UPS).

use std::sync::Arc;

use gatepost::app::App;
use gatepost::call::{self, CallError, Request};
use gatepost::caller::{Caller, PersonId, Role};
use gatepost::store::connections::{self, Connection};
use serde_json::{Value, json};

use crate::world::{ADA, World};

fn caller(world: &World, person: &PersonId) -> Caller {
    Caller {
        person: person.clone(),
        role: Role::Person,
        ..world.owner_caller()
    }
}

async fn list_workspaces(app: &App, caller: &Caller) -> Result<u16, CallError> {
    let request = Request::of_tool(app, "test", "groups.list", serde_json::Map::new())?;
    call::call(app, caller, request)
        .await
        .map(|answer| answer.status.as_u16())
}

async fn refreshes(world: &World) -> usize {
    let asked = world.ledger("kind=entra").await;
    asked.iter().filter(|it| it["grant_type"] == "refresh_token").count()
}

async fn connection(world: &World, person: &PersonId) -> Connection {
    connections::of_person(&world.app.db, person).await.unwrap().remove(0)
}

/// Ada, connected, with an access token that has run out.
async fn expired() -> (World, Caller) {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    world.advance_seconds(2 * 3600);
    let caller = caller(&world, &ada.person);
    (world, caller)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_on_an_expired_token_make_one_refresh() {
    let (world, caller) = expired().await;
    let (app, caller) = (world.app.clone(), Arc::new(caller));
    let calls = (0..1000).map(|_| {
        let (app, caller) = (app.clone(), caller.clone());
        tokio::spawn(async move { list_workspaces(&app, &caller).await })
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().unwrap(), 200);
    }
    assert_eq!(refreshes(&world).await, 1);
    assert_eq!(connection(&world, &caller.person).await.generation, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_on_one_database_make_one_refresh_between_them() {
    let (world, caller) = expired().await;
    let other = App::start(world.app.settings.clone(), world.clock.clone(), false)
        .await
        .unwrap();
    let calls = (0..200).map(|at| {
        let app = if at % 2 == 0 { world.app.clone() } else { other.clone() };
        let caller = caller.clone();
        tokio::spawn(async move { list_workspaces(&app, &caller).await })
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().unwrap(), 200);
    }
    assert_eq!(refreshes(&world).await, 1);
}

#[tokio::test]
async fn a_strict_provider_that_kills_used_tokens_never_sees_one_twice() {
    let (world, caller) = expired().await;
    let mode = json!({ "refresh": "strict" });
    let url = format!("{}/sandbox/mode", world.sandbox_url);
    assert!(
        world
            .http
            .post(url)
            .json(&mode)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    for _ in 0..3 {
        let answers = futures_util::future::join_all((0..20).map(|_| list_workspaces(&world.app, &caller))).await;
        assert!(answers.iter().all(|it| matches!(it, Ok(200))), "{answers:?}");
        world.advance_seconds(2 * 3600);
    }
    assert_eq!(refreshes(&world).await, 3);
}

#[tokio::test]
async fn a_token_that_power_bi_calls_expired_is_refreshed_once_and_the_call_repeated() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let headers = json!({ "x-powerbi-error-info": "TokenExpired" });
    let rule =
        json!({ "path": "/v1.0/myorg/groups", "kind": "status", "status": 403, "headers": headers, "remaining": 1 });
    world.fault(rule).await;
    assert_eq!(
        list_workspaces(&world.app, &caller(&world, &ada.person)).await.unwrap(),
        200
    );
    assert_eq!(refreshes(&world).await, 1);
}

#[tokio::test]
async fn a_401_is_a_matter_of_rights_and_never_refreshes() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let rule = json!({ "path": "/v1.0/myorg/groups", "kind": "status", "status": 401, "remaining": 1 });
    world.fault(rule).await;
    assert_eq!(
        list_workspaces(&world.app, &caller(&world, &ada.person)).await.unwrap(),
        401
    );
    assert_eq!(refreshes(&world).await, 0);
}

/// UPS-04
#[tokio::test]
async fn a_broken_registration_stops_refreshes_but_keeps_every_connection() {
    let (world, caller) = expired().await;
    world
        .fault(json!({ "endpoint": "token", "kind": "aadsts", "code": 7_000_222, "remaining": 1 }))
        .await;
    for _ in 0..3 {
        let error = list_workspaces(&world.app, &caller).await.unwrap_err();
        assert_eq!(error.problem().code, "integration_broken");
    }
    assert_eq!(
        refreshes(&world).await,
        1,
        "no further try until the registration is edited"
    );
    let row = connection(&world, &caller.person).await;
    assert_eq!((row.state.as_str(), row.refresh_sealed.is_some()), ("connected", true));
    // The administrator enters the secret again, and connections resume by themselves.
    let input = world.integration_input();
    gatepost::admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &input)
        .await
        .unwrap();
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
}

#[tokio::test]
async fn throttling_that_looks_like_a_dead_grant_kills_nothing() {
    let (world, caller) = expired().await;
    world
        .fault(json!({ "endpoint": "token", "kind": "aadsts", "code": 50196, "remaining": 1 }))
        .await;
    let error = list_workspaces(&world.app, &caller).await.unwrap_err();
    assert_eq!(error.problem().code, "microsoft_unavailable");
    assert!(error.problem().retry_after_s.unwrap() >= 60);
    assert_eq!(connection(&world, &caller.person).await.state, "degraded");
    world.advance_seconds(3600);
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    assert_eq!(connection(&world, &caller.person).await.state, "connected");
}

#[tokio::test]
async fn a_dead_grant_asks_the_person_to_reconnect_and_is_not_tried_again() {
    let (world, caller) = expired().await;
    world
        .fault(json!({ "endpoint": "token", "kind": "aadsts", "code": 700_082, "remaining": 5 }))
        .await;
    for _ in 0..3 {
        let problem = list_workspaces(&world.app, &caller).await.unwrap_err().problem();
        assert_eq!(problem.code, "not_connected");
        assert!(problem.hint.contains("/connections"), "{problem:?}");
    }
    assert_eq!(refreshes(&world).await, 1);
    assert_eq!(connection(&world, &caller.person).await.state, "needs_reconnect");
}

/// UPS-03: a replica that held its lease too long hears that the grant is dead, while another has new tokens already.
#[tokio::test]
async fn a_dead_grant_is_believed_only_of_the_newest_tokens() {
    let (world, caller) = expired().await;
    let other = App::start(world.app.settings.clone(), world.clock.clone(), false)
        .await
        .unwrap();
    for fault in [
        json!({ "endpoint": "token", "kind": "delay", "ms": 1500, "remaining": 1 }),
        json!({ "endpoint": "token", "kind": "aadsts", "code": 50_173, "remaining": 1 }),
    ] {
        world.fault(fault).await;
    }
    let slow = tokio::spawn({
        let (app, caller) = (world.app.clone(), caller.clone());
        async move { list_workspaces(&app, &caller).await }
    });
    while !world.sandbox.faults().armed().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.advance_seconds(60);
    assert_eq!(list_workspaces(&other, &caller).await.unwrap(), 200);
    assert!(!slow.is_finished(), "the first one still waits for its answer");
    assert_eq!(slow.await.unwrap().unwrap(), 200, "with what the other replica stored");
    let row = connection(&world, &caller.person).await;
    assert_eq!((row.state.as_str(), row.generation), ("connected", 2));
}

#[tokio::test]
async fn a_refresh_ends_even_if_whoever_asked_for_it_has_left() {
    let (world, caller) = expired().await;
    let strict = world.http.post(format!("{}/sandbox/mode", world.sandbox_url));
    let strict = strict.json(&json!({ "refresh": "strict" })).send().await.unwrap();
    assert!(strict.status().is_success());
    world
        .fault(json!({ "endpoint": "token", "kind": "delay", "ms": 700, "remaining": 1 }))
        .await;
    let leaves = tokio::spawn({
        let (app, caller) = (world.app.clone(), caller.clone());
        async move { list_workspaces(&app, &caller).await }
    });
    while !world.sandbox.faults().armed().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    leaves.abort();
    assert!(leaves.await.unwrap_err().is_cancelled());
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    assert_eq!(
        refreshes(&world).await,
        1,
        "the second caller got what the first had asked for"
    );
}

/// UPS-05
#[tokio::test]
async fn the_old_refresh_token_is_kept_when_microsoft_sends_no_new_one() {
    let (world, caller) = expired().await;
    let before = connection(&world, &caller.person).await.refresh_sealed;
    let rule = json!({ "endpoint": "token", "kind": "omit", "field": "refresh_token", "remaining": 1 });
    world.fault(rule).await;
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    let row = connection(&world, &caller.person).await;
    assert_eq!((row.generation, row.refresh_sealed), (2, before));
    world.advance_seconds(2 * 3600);
    assert_eq!(
        list_workspaces(&world.app, &caller).await.unwrap(),
        200,
        "and it still works"
    );
    assert_eq!(refreshes(&world).await, 2);
}

#[tokio::test]
async fn an_answer_of_microsoft_that_gets_lost_loses_no_connection() {
    let (world, caller) = expired().await;
    world
        .fault(json!({ "endpoint": "token", "kind": "drop_response", "remaining": 1 }))
        .await;
    let error = list_workspaces(&world.app, &caller).await.unwrap_err();
    assert_eq!(error.problem().code, "microsoft_unavailable");
    world.advance_seconds(10);
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
}

#[tokio::test]
async fn tokens_in_use_are_refreshed_ahead_and_others_wait_for_a_call() {
    let world = World::new().await;
    let (ada, bo) = (world.connect(ADA).await, world.connect(crate::world::BO).await);
    let caller = caller(&world, &ada.person);
    gatepost::jobs::due(&world.app).await.unwrap();
    let due = connection(&world, &ada.person).await.refresh_after;
    world.advance_seconds(due.since_ms(world.clock.now()) / 1000 - 120);
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    gatepost::jobs::due(&world.app).await.unwrap();
    assert_eq!(refreshes(&world).await, 0, "not yet");
    world.advance_seconds(180);
    let row = connection(&world, &ada.person).await;
    assert!(world.clock.now() < row.access_expires_at, "before its end");
    // A failure ahead is nobody's trouble yet.
    world
        .fault(json!({ "endpoint": "token", "kind": "status", "status": 503, "remaining": 1 }))
        .await;
    gatepost::jobs::due(&world.app).await.unwrap();
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    world.advance_seconds(90);
    gatepost::jobs::due(&world.app).await.unwrap();
    gatepost::jobs::due(&world.app).await.unwrap();
    assert_eq!(refreshes(&world).await, 2, "the failure and the refresh");
    assert_eq!(connection(&world, &ada.person).await.generation, row.generation + 1);
    assert_eq!(connection(&world, &bo.person).await.generation, 1, "nobody used it");
    assert_eq!(list_workspaces(&world.app, &caller).await.unwrap(), 200);
    assert_eq!(refreshes(&world).await, 2);
}

#[tokio::test]
async fn an_idle_connection_is_kept_alive_by_the_job() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    world.advance_seconds(8 * 24 * 3600);
    gatepost::jobs::due(&world.app).await.unwrap();
    gatepost::jobs::due(&world.app).await.unwrap();
    assert_eq!(refreshes(&world).await, 1);
    assert_eq!(connection(&world, &ada.person).await.refreshed_at, world.clock.now());
}

/// ISO-04
#[tokio::test]
async fn a_call_without_a_connection_says_connect_first_and_uses_nobody_elses() {
    let world = World::new().await;
    world.connect(ADA).await;
    let before = world.ledger("kind=powerbi").await.len();
    let problem = list_workspaces(&world.app, &world.owner_caller())
        .await
        .unwrap_err()
        .problem();
    assert_eq!(problem.code, "not_connected");
    assert_eq!(world.ledger("kind=powerbi").await.len(), before);
}

/// VLT-02
#[tokio::test]
async fn tokens_are_sealed_in_the_database_and_a_swapped_one_does_not_open() {
    let world = World::new().await;
    let (ada, bo) = (world.connect(ADA).await, world.connect(crate::world::BO).await);
    let (mine, theirs) = (
        connection(&world, &ada.person).await,
        connection(&world, &bo.person).await,
    );
    let swapped = Connection {
        access_sealed: theirs.access_sealed.clone(),
        refresh_sealed: theirs.refresh_sealed.clone(),
        ..mine
    };
    connections::save_connected(&world.app.db, &swapped).await.unwrap();
    let problem = list_workspaces(&world.app, &caller(&world, &ada.person))
        .await
        .unwrap_err()
        .problem();
    assert_eq!(problem.code, "not_connected");
    let last: Vec<Value> = world.entries_of("call.closed").await;
    assert_eq!(last.last().unwrap()["details"]["outcome"], "failed");
}
