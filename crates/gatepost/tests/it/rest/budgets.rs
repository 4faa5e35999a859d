//! Rate budgets of a Microsoft identity, shared by callers and replicas (security rows UPS-08, RAC-08).

use std::time::Duration;

use gatepost::app::App;
use gatepost::call::{self, CallError, Request};
use gatepost::caller::Caller;
use gatepost::store::rates;
use reqwest::Method;
use serde_json::{Value, json};

use super::problem;
use super::upstream::Upstream;
use crate::world::{BO, CY, World};

const MODEL: &str = "5a4db0c5-0011-4000-8000-000000000002";

async fn query(app: &App, caller: &Caller) -> Result<u16, CallError> {
    let body = json!({"queries": [{"query": "EVALUATE ROW(\"one\", 1)"}]});
    let arguments = Request::arguments_of([("datasetId", MODEL.into()), ("body", body)]);
    let request = Request::of_tool(app, "test", "datasets.execute_queries", arguments)?;
    Ok(call::call(app, caller, request).await?.status.as_u16())
}

fn limited(result: Result<u16, CallError>) -> Option<u64> {
    match result {
        Err(CallError::RateLimited { retry_after_s, .. }) => Some(retry_after_s),
        Ok(200) => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_send_no_more_queries_in_a_minute_than_power_bi_takes() {
    let upstream = Upstream::with(vec![(200, vec![], "{}")]).await;
    let (world, _) = upstream.world(CY).await;
    let cy = world.connect(CY).await;
    let caller = Caller {
        person: cy.person,
        ..world.owner_caller()
    };
    let other = App::start(world.app.settings.clone(), world.clock.clone(), false)
        .await
        .unwrap();
    let calls = (0..200).map(|at| {
        let (app, caller) = (
            if at % 2 == 0 { world.app.clone() } else { other.clone() },
            caller.clone(),
        );
        tokio::spawn(async move { limited(query(&app, &caller).await) })
    });
    let results: Vec<_> = futures_util::future::join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let sent = results.iter().filter(|it| it.is_none()).count();
    assert_eq!(upstream.seen().len(), sent);
    assert!(sent <= 120, "{sent} queries were sent");
    // What is not used of the last block of each replica is lost until it is forgotten, and no more.
    assert!(120 - 2 * 9 <= sent, "{sent} queries were sent");
    let waits: Vec<_> = results.into_iter().flatten().collect();
    assert!(waits.iter().all(|it| (55..=70).contains(it)), "{waits:?}");
    world.clock.advance_ms(66_000);
    assert_eq!(limited(query(&other, &caller).await), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_told_to_every_caller_of_the_account_and_to_nobody_else() {
    let upstream = Upstream::with(vec![(200, vec![], "")]).await;
    let (world, key) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let path = "/powerbi/v1.0/myorg/RefreshUserPermissions";
    assert_eq!(world.ask(Method::POST, &key, path).send().await.unwrap().status(), 200);
    world.advance_seconds(600);
    let bo = world.connect(BO).await;
    let second = world.key(&bo.person).await;
    let answer = world.ask(Method::POST, &second, path).send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "3000");
    let (status, code, body) = problem(answer).await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"));
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("1 such call in an hour for one person"),
        "{body}"
    );
    let cy = world.connect(CY).await;
    let cys = world.key(&cy.person).await;
    assert_eq!(world.ask(Method::POST, &cys, path).send().await.unwrap().status(), 200);
    assert_eq!(upstream.seen().len(), 2);
    let refused = world.entries_of("call.refused").await;
    assert_eq!(refused.last().unwrap()["details"]["decision"], "rate_limited");
    world.advance_seconds(3001);
    assert_eq!(world.ask(Method::POST, &key, path).send().await.unwrap().status(), 200);
}

/// UPS-08
#[tokio::test(flavor = "multi_thread")]
async fn what_power_bi_throttles_is_not_sent_again_before_its_time_by_anybody() {
    let answers = vec![
        (
            429,
            vec![("retry-after", "3000")],
            "{\"message\":\"Retry in 3000 seconds.\"}",
        ),
        (200, vec![], "{}"),
    ];
    let upstream = Upstream::with(answers).await;
    let (world, key) = upstream.world(BO).await;
    let first = world.get(&key, "/groups").await;
    assert_eq!(
        (
            first.status().as_u16(),
            first.headers()["gatepost-answered-by"].to_str().unwrap()
        ),
        (429, "power-bi")
    );
    world.advance_seconds(1000);
    let second = world.get(&key, "/groups").await;
    assert_eq!(
        (
            second.status().as_u16(),
            second.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "2000")
    );
    assert_eq!(second.headers()["gatepost-answered-by"], "gatepost");
    assert_eq!(
        world.get(&key, "/reports").await.status(),
        200,
        "another operation is not meant"
    );
    assert_eq!(upstream.seen().len(), 2);
    world.advance_seconds(2001);
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}

/// UPS-08
#[tokio::test(flavor = "multi_thread")]
async fn a_short_wait_is_waited_and_a_long_one_told() {
    let upstream = Upstream::with(vec![(200, vec![], "{}")]).await;
    let (world, key) = upstream
        .world_with(BO, |settings| settings.list_calls_per_minute = 2)
        .await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    world.advance_seconds(30);
    assert_eq!(world.get(&key, "/reports").await.status(), 200);
    let found = problem(world.get(&key, "/datasets").await).await;
    assert_eq!((found.0, found.1.as_str()), (429, "rate_limited"));
    world.advance_seconds(27);
    let waiting = world.get(&key, "/datasets");
    let moving = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(upstream.seen().len(), 2, "it did not wait");
        world.advance_seconds(3);
    };
    let (answer, ()) = tokio::join!(waiting, moving);
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_without_a_documented_limit_cost_no_write() {
    let upstream = Upstream::with(vec![(200, vec![], "{}")]).await;
    let (world, key) = upstream
        .world_with(BO, |settings| settings.list_calls_per_minute = 500)
        .await;
    for _ in 0..20 {
        assert_eq!(world.get(&key, "/groups").await.status(), 200);
    }
    assert_eq!(stored(&world, "reads").await, None);
    let cy = world.connect(CY).await;
    let caller = Caller {
        person: cy.person,
        ..world.owner_caller()
    };
    for _ in 0..60 {
        assert_eq!(limited(query(&world.app, &caller).await), None);
    }
    let (version, state) = stored(&world, "dax").await.unwrap();
    assert!(version <= 10, "60 queries took {version} writes");
    let log: Value = serde_json::from_str(&state).unwrap();
    assert!(log["taken"].as_array().unwrap().len() <= 10);
    rates::delete_expired(&world.app.db, world.clock.now().plus_seconds(120))
        .await
        .unwrap();
    assert_eq!(stored(&world, "dax").await, None);
}

async fn stored(world: &World, class: &str) -> Option<(i64, String)> {
    let (tenant, upn) = (sandbox::people::CONTOSO, if class == "dax" { CY } else { BO });
    let object = sandbox::people::find_by_upn(upn).unwrap().oid;
    rates::find(&world.app.db, &format!("{class} {tenant} {object}"))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_not_used_up_by_a_call_that_was_not_sent() {
    let upstream = Upstream::with(vec![(200, vec![], "")]).await;
    let (world, key) = upstream.world(BO).await;
    let path = "/powerbi/v1.0/myorg/RefreshUserPermissions";
    for expected in ["sent", "rate_limited", "rate_limited", "sent"] {
        if expected == "sent" {
            world.advance_seconds(3601);
        }
        let answer = world.ask(Method::POST, &key, path).send().await.unwrap();
        let code = match answer.headers().get("gatepost-error") {
            None => "sent".to_owned(),
            Some(code) if code == "approval_required" => {
                let body: Value = answer.json().await.unwrap();
                let id = body["link"].as_str().unwrap().rsplit('/').next().unwrap().into();
                gatepost::admin::decide_approval(&world.app, &world.owner_caller(), &id, true)
                    .await
                    .unwrap();
                let again = world.ask(Method::POST, &key, path).send().await.unwrap();
                again
                    .headers()
                    .get("gatepost-error")
                    .map_or("sent".to_owned(), |it| it.to_str().unwrap().to_owned())
            }
            Some(code) => code.to_str().unwrap().to_owned(),
        };
        assert_eq!(code, expected);
    }
    assert_eq!(upstream.seen().len(), 2);
}
