//! A replica that is cut off from the database with an answer of Microsoft in its hands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepost::caller::PersonId;
use tokio::task::JoinHandle;

use super::proxy::{Proxy, Wire};
use crate::leases::{connection, expired, refreshes, refreshing, slow};
use crate::processes::{Process, gatepost};
use crate::waiting::until;
use crate::world::World;

const GROUPS: &str = "/powerbi/v1.0/myorg/groups";

/// A replica behind a wire of its own, which was cut while Microsoft was asked for new tokens.
struct CutOff {
    world: Arc<World>,
    ada: PersonId,
    key: String,
    replica: Arc<Process>,
    proxy: Proxy,
    call: JoinHandle<()>,
}

/// `None` on SQLite.
async fn cut_off() -> Option<CutOff> {
    let (proxy, through) = Proxy::before(&super::server_url()?).await;
    let (world, ada, key) = expired().await;
    let mut command = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
    command.env("GATEPOST_DATABASE_URL", through);
    let replica = Arc::new(Process::of(command));
    slow(&world, 1_500).await;
    let call = refreshing(&world, &replica, &ada, &key).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    proxy.set(Wire::Swallow);
    Some(CutOff {
        world,
        ada,
        key,
        replica,
        proxy,
        call,
    })
}

fn heal(proxy: &Proxy) {
    proxy.set(Wire::Cut);
    proxy.set(Wire::Open);
}

/// RAC-04: while it is cut off nobody else needs the token; it is stored as soon as the wire is whole again.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_in_the_hands_of_a_replica_that_is_cut_off_are_stored_afterwards() {
    let Some(it) = cut_off().await else { return };
    let (world, ada, key, replica) = (&it.world, &it.ada, &it.key, &it.replica);
    // Longer than its lease, than Microsoft takes, and than a statement is waited for.
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(connection(world, ada).await.generation, 1, "nothing is stored yet");
    heal(&it.proxy);
    let begun = Instant::now();
    until("the tokens are stored", async || {
        connection(world, ada).await.generation != 1
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{}", replica.said());
    let row = connection(world, ada).await;
    assert_eq!(
        (row.generation, row.state.as_str(), row.lease_owner),
        (2, "connected", None)
    );
    it.call.await.unwrap();
    assert_eq!(world.get(key, "/groups").await.status(), 200);
    assert_eq!(refreshes(world).await, 1, "what Microsoft gave was not given up");
}

/// RAC-04: another replica takes over meanwhile; what the first one holds is dropped when the wire is whole again.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_in_the_hands_of_a_replica_that_was_overtaken_are_dropped() {
    let Some(it) = cut_off().await else { return };
    let (world, ada, key, replica) = (&it.world, &it.ada, &it.key, &it.replica);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        world.get(key, "/groups").await.status(),
        200,
        "whoever is not cut off goes on"
    );
    let taken = connection(world, ada).await;
    assert_eq!((taken.generation, refreshes(world).await), (2, 2));
    tokio::time::sleep(Duration::from_secs(8)).await;
    heal(&it.proxy);
    it.call.await.unwrap();
    let begun = Instant::now();
    let answers = async || replica.get(world, key, GROUPS).await.status() == 200;
    until("the replica answers again", answers).await;
    assert!(begun.elapsed() < Duration::from_secs(12), "{}", replica.said());
    // By now it has tried to store what it held, which is done each second.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = connection(world, ada).await;
    assert_eq!(
        (after.generation, &after.refresh_sealed, &after.access_sealed),
        (2, &taken.refresh_sealed, &taken.access_sealed)
    );
    assert_eq!((after.state.as_str(), refreshes(world).await), ("connected", 2));
}
