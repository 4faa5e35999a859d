//! PostgreSQL behind a bad wire, locked, frozen, read-only or moved: answers within seconds, and nobody has to restart a gateway.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepost::store::{self, Db};
use http::StatusCode;

use super::proxy::{Proxy, Wire};
use crate::processes::Process;
use crate::world::{ADA, World};

/// Longest time anybody waits for an answer while the database gives none.
pub(super) const SECONDS: Duration = Duration::from_secs(12);

/// A world whose database is reached through a wire of the test's own; `None` on SQLite.
pub(super) async fn behind_a_wire() -> Option<(World, Proxy, String)> {
    let url = super::server_url()?;
    let (proxy, through) = Proxy::before(&url).await;
    let world = World::with(|it| it.database_url = through).await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    Some((world, proxy, key))
}

/// How a call and `/readyz` were answered, and how long the slower one took.
pub(super) async fn asked(world: &World, key: &str) -> (StatusCode, StatusCode, Duration) {
    let begun = Instant::now();
    let ready = world.http.get(format!("{}/readyz", world.url)).send();
    let (call, ready) = tokio::join!(world.get(key, "/groups"), ready);
    let ready = ready.unwrap();
    for answer in [&call, &ready] {
        let is_told = answer.headers().contains_key("retry-after");
        assert_eq!(answer.status() == 503, is_told, "a 503 says when to come back");
    }
    (call.status(), ready.status(), begun.elapsed())
}

/// The same once what a probe found before is not kept any more.
pub(super) async fn asked_later(world: &World, key: &str) -> (StatusCode, StatusCode, Duration) {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    asked(world, key).await
}

/// Waits until calls are answered again, which must be by itself.
pub(super) async fn recovered(world: &World, key: &str) {
    let begun = Instant::now();
    loop {
        let (call, ready, _) = asked(world, key).await;
        if call == 200 && ready == 200 {
            return;
        }
        assert!(begun.elapsed() < SECONDS, "{call} {ready}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// DB-02: latency without end, connections cut, and every one held.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_cut_off_calls_and_probes_are_answered_within_seconds() {
    let Some((world, proxy, key)) = behind_a_wire().await else {
        return;
    };
    assert_eq!(asked(&world, &key).await.0, 200);
    for wire in [Wire::Swallow, Wire::Cut] {
        proxy.set(wire);
        let (call, ready, took) = asked_later(&world, &key).await;
        assert_eq!((call.as_u16(), ready.as_u16()), (503, 503), "{wire:?}");
        assert!(took < SECONDS, "{wire:?}: {took:?}");
        proxy.set(Wire::Cut);
        proxy.set(Wire::Open);
        recovered(&world, &key).await;
    }
    // In the middle of work, when no connection has rested long enough to be asked for a sign of life first.
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    proxy.set(Wire::Swallow);
    let call = tokio::time::timeout(SECONDS, world.get(&key, "/groups")).await;
    assert_eq!(call.expect("a statement ends without an answer").status(), 503);
    proxy.set(Wire::Cut);
    proxy.set(Wire::Open);
    recovered(&world, &key).await;
    // Whoever probes gives up after a few seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    proxy.set(Wire::Swallow);
    let begun = Instant::now();
    let probe = world.http.get(format!("{}/readyz", world.url)).send().await.unwrap();
    assert_eq!(probe.status(), 503);
    assert!(begun.elapsed() < Duration::from_millis(4_500), "{:?}", begun.elapsed());
    proxy.set(Wire::Cut);
    proxy.set(Wire::Open);
    recovered(&world, &key).await;
    let Db::Postgres(pool) = &world.app.db else {
        unreachable!()
    };
    let mut all = Vec::new();
    for _ in 0..16 {
        all.push(pool.acquire().await.unwrap());
    }
    let begun = Instant::now();
    let call = tokio::time::timeout(SECONDS, world.get(&key, "/groups")).await;
    assert_eq!(call.expect("a place is not waited for without end").status(), 503);
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "a place is waited for two seconds"
    );
    drop(all);
    recovered(&world, &key).await;
}

/// A lock that somebody else holds on a table ends the wait, and is said in the log by PostgreSQL's own words.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_is_answered_within_seconds() {
    let world = World::new().await;
    let Some(url) = super::server_url() else { return };
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut other = super::connection(&url).await;
    let lock = format!(
        "BEGIN; LOCK TABLE \"{}\".connections",
        world.app.settings.database_schema
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock))
        .execute(&mut other)
        .await
        .unwrap();
    let (call, _, took) = asked(&world, &key).await;
    assert_eq!(call, 503);
    assert!(took < SECONDS, "{took:?}");
    let Db::Postgres(pool) = &world.app.db else {
        unreachable!()
    };
    let waited = sqlx::query("SELECT id FROM connections").execute(pool).await;
    let said = waited.unwrap_err().into_database_error().expect("PostgreSQL says it");
    assert_eq!(
        said.code().as_deref(),
        Some("55P03"),
        "the wait for the lock ended: {said}"
    );
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    recovered(&world, &key).await;
}

/// A gateway that freezes inside the audit transaction holds the log's head; the server ends it, and the others go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_frozen_inside_the_audit_transaction_stops_nobody() {
    let Some((world, proxy, key)) = behind_a_wire().await else {
        return;
    };
    let url = super::server_url().unwrap();
    let healthy = Db::postgres(&url, Some(&world.app.settings.database_schema))
        .await
        .unwrap();
    let mut frozen = world.app.db.begin().await.unwrap();
    store::audit::lock_head(&mut frozen).await.unwrap();
    // Its packets vanish, and its process does nothing more.
    proxy.set(Wire::Swallow);
    let begun = Instant::now();
    let mut tx = healthy.begin().await.unwrap();
    store::audit::lock_head(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    proxy.set(Wire::Cut);
    proxy.set(Wire::Open);
    assert!(
        frozen.commit().await.is_err(),
        "what was frozen is not stored when it wakes"
    );
    recovered(&world, &key).await;
}

/// Every face says 503 with a time, and none says that it is broken for good.
#[tokio::test(flavor = "multi_thread")]
async fn every_face_says_503_while_the_database_is_away() {
    let Some((world, proxy, key)) = behind_a_wire().await else {
        return;
    };
    let mut browser = sandbox::visitor::Visitor::new();
    let (email, password) = crate::world::OWNER;
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    browser
        .submit(&page, "/sign-in", &[("email", email), ("password", password)])
        .await
        .unwrap();
    let session = browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    let client = world.register_client(&["http://localhost:7777/cb"]).await;
    let mut somebody = sandbox::visitor::Visitor::new();
    let form = somebody.open(&format!("{}/sign-in", world.url)).await.unwrap();
    proxy.set(Wire::Cut);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let signed_in = somebody
        .submit(&form, "/sign-in", &[("email", email), ("password", password)])
        .await
        .unwrap();
    assert_eq!(signed_in.status, 503, "{}", signed_in.text());
    let get = |path: &str| world.http.get(format!("{}{path}", world.url));
    let cookie = format!("__Host-gatepost-session={session}");
    let authorize = world.authorize_url(&client, "http://localhost:7777/cb", "powerbi.read");
    let token = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "gpr_x"),
        ("client_id", client.as_str()),
    ];
    let call = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let requests = [
        ("REST", get("/powerbi/v1.0/myorg/groups").bearer_auth(&key)),
        (
            "MCP",
            world
                .http
                .post(format!("{}/mcp", world.url))
                .bearer_auth(&key)
                .json(&call),
        ),
        ("the portal", get("/").header("cookie", &cookie)),
        ("a page of the portal", get("/people").header("cookie", &cookie)),
        ("my connections", get("/connections").header("cookie", &cookie)),
        ("authorize", world.http.get(authorize)),
        ("token", world.http.post(format!("{}/token", world.url)).form(&token)),
        (
            "register",
            world
                .http
                .post(format!("{}/register", world.url))
                .json(&serde_json::json!({ "redirect_uris": ["http://localhost:7777/cb"] })),
        ),
        ("the callback", get("/integration-callback?state=x&code=y")),
        ("the probe", get("/readyz")),
    ];
    let answers = requests.map(|(what, request)| async move { (what, request.send().await.unwrap()) });
    for (what, answer) in futures_util::future::join_all(answers).await {
        let status = answer.status().as_u16();
        let comes_back = answer.headers().contains_key("retry-after");
        assert!(
            status == 503 && comes_back,
            "{what}: {status}, retry-after: {comes_back}: {}",
            answer.text().await.unwrap()
        );
    }
    proxy.set(Wire::Open);
    recovered(&world, &key).await;
}

/// The real thing: a gateway under load is stopped wherever it is, several times, and another one answers within seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_stopped_under_load_holds_no_other_up() {
    if super::server_url().is_none() {
        return;
    }
    let world = Arc::new(World::in_real_time().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let process = Arc::new(Process::start(&world));
    for round in 0..5 {
        let load: Vec<_> = (0..12)
            .map(|_| {
                let (world, process, key) = (world.clone(), process.clone(), key.clone());
                tokio::spawn(async move {
                    loop {
                        process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300 + round * 7)).await;
        process.signal("STOP");
        let begun = Instant::now();
        let answer = world.get(&key, "/groups").await;
        let took = begun.elapsed();
        process.signal("CONT");
        load.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        assert!(took < Duration::from_secs(7), "{took:?}");
    }
    let begun = Instant::now();
    while process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await.status() != 200 {
        assert!(begun.elapsed() < SECONDS, "{}", process.said());
    }
}
