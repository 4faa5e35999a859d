//! Whoever refreshes a token may die, stop, or be slow: nobody waits long for it, and nothing is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepost::caller::PersonId;
use gatepost::entra;
use gatepost::store::connections::{self, Connection};
use gatepost::store::{Db, refresh};
use serde_json::json;

use crate::processes::Process;
use crate::world::{ADA, World};

const GROUPS: &str = "/powerbi/v1.0/myorg/groups";

pub(crate) async fn connection(world: &World, person: &PersonId) -> Connection {
    connections::of_person(&world.app.db, person).await.unwrap().remove(0)
}

pub(crate) async fn refreshes(world: &World) -> usize {
    let asked = world.ledger("kind=entra").await;
    asked.iter().filter(|it| it["grant_type"] == "refresh_token").count()
}

/// Ada in a world on real time, with a token that is over, and her key.
pub(crate) async fn expired() -> (Arc<World>, PersonId, String) {
    let world = Arc::new(World::in_real_time().await);
    let ada = world.connect(ADA).await.person;
    let key = world.key(&ada).await;
    expire(&world, &ada).await;
    (world, ada, key)
}

async fn expire(world: &World, person: &PersonId) {
    let row = connection(world, person).await;
    entra::expire(&world.app.means(), &row, row.generation).await.unwrap();
}

/// The next refresh takes this long at Microsoft.
pub(crate) async fn slow(world: &World, ms: u64) {
    world
        .fault(json!({ "endpoint": "token", "kind": "delay", "ms": ms, "remaining": 1 }))
        .await;
}

/// Calls `process` and leaves the call on its own; returns once its refresh is out.
pub(crate) async fn refreshing(
    world: &Arc<World>,
    process: &Arc<Process>,
    person: &PersonId,
    key: &str,
) -> tokio::task::JoinHandle<()> {
    let call = tokio::spawn({
        let (world, process, key) = (world.clone(), process.clone(), key.to_owned());
        async move {
            let url = process.url(GROUPS);
            let request = world
                .http
                .get(url)
                .header("host", world.url.trim_start_matches("http://"));
            // Whether it is answered is for others to see: the process may be killed meanwhile.
            let _ = request.bearer_auth(key).send().await;
        }
    });
    while connection(world, person).await.lease_owner.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    call
}

/// RAC-02, CRH-01, CRH-02 (half): killed with the lease in hand and the call out.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_in_the_middle_of_a_refresh_the_next_call_waits_five_seconds_at_most() {
    let (world, ada, key) = expired().await;
    let holder = Arc::new(Process::start(&world));
    let is_shared = matches!(world.app.db, Db::Postgres(_));
    let standing_by = is_shared.then(|| Process::start(&world));
    slow(&world, 30_000).await;
    let call = refreshing(&world, &holder, &ada, &key).await;
    call.abort();
    let _ = call.await;
    drop(Arc::into_inner(holder).expect("nobody else holds the process"));
    // Killed before its request was out, it left the slowness to whoever asks next.
    let cleared = world
        .http
        .delete(format!("{}/sandbox/faults", world.sandbox_url))
        .send();
    assert!(cleared.await.unwrap().status().is_success());
    let taker = standing_by.unwrap_or_else(|| Process::start(&world));
    let began = Instant::now();
    let answer = taker.get(&world, &key, GROUPS).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(refreshes(&world).await <= 2);
    let row = connection(&world, &ada).await;
    assert_eq!(
        (row.state.as_str(), row.generation),
        ("connected", 2),
        "nobody has to connect again"
    );
}

/// RAC-01: a lease of seconds is held on for as long as the call is out.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_refresh_is_overtaken_by_nobody() {
    let (world, ada, key) = expired().await;
    let holder = Arc::new(Process::start(&world));
    slow(&world, 5500).await;
    let call = refreshing(&world, &holder, &ada, &key).await;
    assert_eq!(
        world.get(&key, "/groups").await.status(),
        200,
        "another process, which waited"
    );
    call.await.unwrap();
    assert_eq!(refreshes(&world).await, 1);
}

/// RAC-03, DB-06: a holder that slept past its lease stores nothing over what another has stored since.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_sleeps_past_its_lease_overwrites_nothing() {
    let (world, ada, key) = expired().await;
    let holder = Arc::new(Process::start(&world));
    slow(&world, 1000).await;
    let call = refreshing(&world, &holder, &ada, &key).await;
    holder.signal("STOP");
    // Another process takes over as soon as the lease has ended.
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    let taken = connection(&world, &ada).await;
    assert_eq!(taken.generation, 2);
    holder.signal("CONT");
    call.await.unwrap();
    let after = connection(&world, &ada).await;
    assert_eq!((after.generation, after.refresh_sealed), (2, taken.refresh_sealed));
    assert_eq!((after.state.as_str(), refreshes(&world).await), ("connected", 2));
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}

/// The drain ends the refreshes under way, also those whose caller has left.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_a_refresh_stores_what_it_brings() {
    let (world, ada, key) = expired().await;
    let process = Arc::new(Process::start(&world));
    slow(&world, 2000).await;
    let call = refreshing(&world, &process, &ada, &key).await;
    call.abort();
    let _ = call.await;
    let process = Arc::into_inner(process).expect("nobody else holds the process");
    assert_eq!(process.stop().await, Some(0));
    let row = connection(&world, &ada).await;
    assert_eq!((row.generation, row.lease_owner), (2, None), "it is stored");
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    assert_eq!(refreshes(&world).await, 1);
}

/// A token with minutes left is used, whoever refreshes it meanwhile and however long that takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_holds_is_used_while_somebody_else_refreshes() {
    let world = World::new().await;
    let ada = world.connect(ADA).await.person;
    let key = world.key(&ada).await;
    let left = connection(&world, &ada)
        .await
        .access_expires_at
        .since_ms(world.clock.now());
    world.advance_seconds(left / 1000 - 4 * 60);
    let row = connection(&world, &ada).await;
    let now = world.clock.now();
    let taken = refresh::take(
        &world.app.db,
        &row.id,
        row.generation,
        "another replica",
        now,
        now.plus_seconds(60),
        now.plus_seconds(3600),
    );
    assert!(taken.await.unwrap());
    let began = Instant::now();
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    refresh::release_unchanged(&world.app.db, &row.id, "another replica")
        .await
        .unwrap();
    slow(&world, 8000).await;
    let began = Instant::now();
    assert_eq!(
        world.get(&key, "/groups").await.status(),
        200,
        "our own refresh is slow"
    );
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// On SQLite no lease survives a start: there is one process, and whoever held it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn no_lease_survives_the_start_of_the_only_process() {
    let (world, ada, key) = expired().await;
    if matches!(world.app.db, Db::Postgres(_)) {
        return;
    }
    let row = connection(&world, &ada).await;
    let now = world.clock.now();
    let (until, horizon) = (now.plus_seconds(600), now.plus_seconds(7200));
    assert!(
        refresh::take(
            &world.app.db,
            &row.id,
            row.generation,
            "one that is gone",
            now,
            until,
            horizon
        )
        .await
        .unwrap()
    );
    let process = Process::start(&world);
    let began = Instant::now();
    assert_eq!(process.get(&world, &key, GROUPS).await.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

/// A lease or a wait that was written while a clock was far ahead counts for nothing.
#[tokio::test]
async fn a_wait_from_a_clock_that_was_ahead_counts_for_nothing() {
    let world = World::new().await;
    let ada = world.connect(ADA).await.person;
    let key = world.key(&ada).await;
    world.advance_seconds(2 * 3600);
    let row = connection(&world, &ada).await;
    let now = world.clock.now();
    let tomorrow = now.plus_seconds(24 * 3600);
    assert!(
        refresh::take(&world.app.db, &row.id, row.generation, "ahead", now, tomorrow, tomorrow)
            .await
            .unwrap()
    );
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}
