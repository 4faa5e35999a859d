//! Calls that were opened and never closed: the next process, or another one, says that their end is not known.

use gatepost::audit::Entry;
use gatepost::jobs;
use gatepost::store::Db;
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::approved::Asking;
use super::log::tamper;
use crate::processes::{Process, gatepost};
use crate::waiting::until;
use crate::world::{ADA, World};

/// Entries of calls as a process called `replica` would have left them.
async fn leave(world: &World, replica: &str, ends: &[&str]) -> i64 {
    let entry = |kind, details| Entry::of(kind, &world.owner_caller(), details);
    let opened = json!({ "replica": replica, "operation": "datasets.refresh" });
    let seq = world.app.audit.append(entry("call.opened", opened)).await.unwrap();
    for end in ends {
        let (kind, outcome) = if *end == "streamed" {
            ("call.streamed", "")
        } else {
            ("call.closed", *end)
        };
        let details = json!({ "opened": seq, "operation": "datasets.refresh", "outcome": outcome });
        world.app.audit.append(entry(kind, details)).await.unwrap();
    }
    seq
}

async fn unknown(world: &World) -> Vec<(i64, String)> {
    let all = world.entries().await;
    let unknown = all.iter().filter(|it| it["details"]["outcome"] == "unknown");
    unknown
        .map(|it| {
            (
                it["details"]["opened"].as_i64().unwrap(),
                it["kind"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[tokio::test]
async fn calls_of_a_process_that_is_gone_are_closed_as_not_known() {
    let world = World::new().await;
    let sent = leave(&world, "gone", &[]).await;
    leave(&world, "gone", &["answered"]).await;
    let streaming = leave(&world, "gone", &["streaming"]).await;
    leave(&world, "gone", &["streaming", "streamed"]).await;
    leave(&world, "gone", &["cancelled"]).await;
    leave(&world, &world.app.replica, &[]).await;
    tamper(
        &world.app.db,
        "INSERT INTO replicas (id, started_at, seen_at, from_seq) VALUES ('gone', 1, 1, 0)",
    )
    .await;
    jobs::due(&world.app).await.unwrap();
    let expected = vec![
        (sent, "call.closed".to_owned()),
        (streaming, "call.streamed".to_owned()),
    ];
    assert_eq!(unknown(&world).await, expected);
    world.advance_seconds(3600);
    jobs::due(&world.app).await.unwrap();
    assert_eq!(unknown(&world).await, expected, "once");
}

/// On PostgreSQL another process may be alive: it is gone only when it has been silent for long.
#[tokio::test]
async fn calls_of_a_process_that_is_alive_are_left_alone() {
    let world = World::new().await;
    if matches!(world.app.db, Db::Sqlite(_)) {
        return;
    }
    let sent = leave(&world, "alive", &[]).await;
    // Seen at noon of the test's clock.
    tamper(
        &world.app.db,
        "INSERT INTO replicas (id, started_at, seen_at, from_seq) VALUES ('alive', 1, 1795435200000, 0)",
    )
    .await;
    jobs::due(&world.app).await.unwrap();
    assert_eq!(unknown(&world).await, vec![]);
    world.advance_seconds(6 * 60);
    jobs::due(&world.app).await.unwrap();
    assert_eq!(unknown(&world).await, vec![(sent, "call.closed".to_owned())]);
}

async fn slow_read(world: &World) -> String {
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    world
        .fault(json!({ "path": "/groups", "kind": "delay", "ms": 3000, "remaining": 1 }))
        .await;
    key
}

async fn until_opened(world: &World) {
    until("the call is opened", async || {
        !world.entries_of("call.opened").await.is_empty()
    })
    .await;
}

/// CRH-02 (half)
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_killed_is_closed_as_not_known_at_the_next_start() {
    let world = World::in_real_time().await;
    let key = slow_read(&world).await;
    let process = Process::start(&world);
    tokio::select! {
        _ = process.get(&world, &key, "/powerbi/v1.0/myorg/groups") => panic!("it was answered too soon"),
        () = until_opened(&world) => {}
    }
    drop(process);
    assert_eq!(world.entries_of("call.closed").await.len(), 0);
    tamper(&world.app.db, "UPDATE replicas SET seen_at = 1").await;
    let _next = Process::start(&world);
    until("the next process closes the call", async || {
        !unknown(&world).await.is_empty()
    })
    .await;
    let opened: Vec<Value> = world.entries_of("call.opened").await;
    assert_eq!(
        unknown(&world).await,
        vec![(opened[0]["seq"].as_i64().unwrap(), "call.closed".to_owned())]
    );
}

/// CRH-10 (half)
#[tokio::test(flavor = "multi_thread")]
async fn a_change_under_way_at_sigterm_has_its_end_on_record() {
    let it = Asking::of(World::in_real_time().await).await;
    let (world, key) = (&it.world, &it.key);
    it.approved("refreshes", &json!({})).await;
    world
        .fault(json!({ "method": "POST", "path": "/refreshes", "kind": "delay", "ms": 2000, "remaining": 1 }))
        .await;
    // It stops at once, so that nothing but this change keeps it.
    let mut serve = gatepost(world, &["serve", "--listen", "127.0.0.1:0"]);
    serve.env("GATEPOST_UNREADY_SECONDS", "0");
    let process = Process::of(serve);
    let path = "/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes";
    let body = json!({});
    // Its caller leaves in the middle.
    tokio::select! {
        _ = process.post(world, key, path, &body) => panic!("it was answered too soon"),
        () = until_opened(world) => {}
    }
    assert_eq!(process.stop().await, Some(0));
    let closed = world.entries_of("call.closed").await;
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0]["details"]["outcome"], "answered", "{}", closed[0]);
    assert_eq!(
        super::log::texts(&world.app.db, "SELECT id FROM replicas").await,
        Vec::<String>::new()
    );
}

/// What has not ended when a gateway waits no longer is closed by the gateway itself, not by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_ended_when_a_gateway_leaves_is_closed_as_not_known() {
    let world = World::new().await;
    let key = slow_read(&world).await;
    tokio::select! {
        _ = world.get(&key, "/groups") => panic!("it was answered too soon"),
        () = async {
            until_opened(&world).await;
            gatepost::call::leave(&world.app, std::time::Duration::ZERO).await;
        } => {}
    }
    let opened = world.entries_of("call.opened").await;
    assert_eq!(
        unknown(&world).await,
        vec![(opened[0]["seq"].as_i64().unwrap(), "call.closed".to_owned())]
    );
}

/// CRH-02 (half): calls of a process that is not listed would be closed by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_listed_before_it_serves() {
    let world = World::in_real_time().await;
    if matches!(world.app.db, Db::Sqlite(_)) {
        return;
    }
    let settings = &world.app.settings;
    let mut holder = sqlx::PgConnection::connect(&settings.database_url).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    let lock = format!("LOCK TABLE {}.replicas", settings.database_schema);
    sqlx::query(sqlx::AssertSqlSafe(lock))
        .execute(&mut *held)
        .await
        .unwrap();
    let serve = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
    let started = tokio::task::spawn_blocking(|| Process::of(serve));
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(!started.is_finished(), "it serves and is not listed");
    held.rollback().await.unwrap();
    let _process = started.await.unwrap();
    let listed = super::log::texts(&world.app.db, "SELECT id FROM replicas").await;
    assert!(!listed.is_empty());
}

/// One part of what is tidied that fails keeps no other from being done.
#[tokio::test]
async fn what_cannot_be_removed_keeps_nothing_else_from_being() {
    let it = Asking::of(World::new().await).await;
    it.approved("refreshes", &json!({})).await;
    tamper(&it.world.app.db, "ALTER TABLE flows RENAME TO gone").await;
    it.world.advance_seconds(30 * 24 * 3600);
    jobs::due(&it.world.app).await.unwrap();
    let states = super::log::texts(&it.world.app.db, "SELECT state FROM approvals").await;
    assert_eq!(states, ["expired"]);
}
