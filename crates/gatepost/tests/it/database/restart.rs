//! PostgreSQL itself ends in the middle of everything and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::server::Server;
use crate::world::{ADA, World};

/// Two seconds, and what a busy machine adds.
const BACK: Duration = Duration::from_secs(3);

/// Calls without end; how many were answered with 200. Anything but 200 and 503 is wrong.
async fn calls(world: Arc<World>, key: String, stop: Arc<AtomicBool>) -> usize {
    let mut good = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = world.get(&key, "/groups").await;
        let status = answer.status();
        if status == 503 {
            assert!(
                answer.headers().contains_key("retry-after"),
                "a 503 says when to come back"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        } else {
            assert_eq!(status, 200, "{}", answer.text().await.unwrap());
            good += 1;
        }
    }
    good
}

/// DB-01: cut at once, again and again, under load.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_in_the_middle_leaves_nothing_in_part_and_nobody_restarts_a_gateway() {
    if super::server_url().is_none() {
        return;
    }
    let mut server = match Server::start().await {
        Ok(server) => server,
        Err(why) => return println!("not tried: {why}"),
    };
    let url = server.url();
    let world = World::with(|it| {
        it.database_url = url;
        it.database_schema = String::new();
    });
    let world = Arc::new(world.await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut good = 0;
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let load: Vec<_> = (0..8)
            .map(|_| tokio::spawn(calls(world.clone(), key.clone(), stop.clone())))
            .collect();
        tokio::time::sleep(Duration::from_millis(500 + round * 37)).await;
        server.stop_at_once();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(world.get(&key, "/groups").await.status(), 503, "while it is away");
        server.start_again().await;
        let begun = Instant::now();
        while world.get(&key, "/groups").await.status() != 200 {
            assert!(begun.elapsed() < BACK, "{:?}", begun.elapsed());
        }
        good += 1;
        stop.store(true, Ordering::Relaxed);
        for answered in futures_util::future::join_all(load).await {
            good += answered.unwrap();
        }
    }
    let (opened, closed) = (
        world.entries_of("call.opened").await,
        world.entries_of("call.closed").await,
    );
    let sent = world.ledger("kind=powerbi").await.len();
    assert!(sent <= opened.len(), "{sent} were sent, {} are on record", opened.len());
    let ended_well = closed.iter().filter(|it| it["details"]["status"] == 200).count();
    assert!(good <= ended_well, "{good} were answered, {ended_well} are on record");
    let report = gatepost::audit::verify(&world.app.db, &world.app.signer.public_key(), None).await;
    assert_eq!(report.unwrap().faults, vec![]);
}
