//! Many tokens that end together: renewed at a bounded rate, and no call fails because of it (security row UPS-13).

use std::collections::BTreeSet;

use gatepost::app::App;
use gatepost::call::{self, CallError, Request};
use gatepost::caller::{Caller, ConnectionId, PersonId, Role};
use gatepost::entra::token_place;
use gatepost::store::connections::{self, Connection};
use gatepost::store::people;
use gatepost::vault::Binding;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::world::{ADA, World};

async fn list_workspaces(app: &App, caller: &Caller) -> Result<u16, CallError> {
    let request = Request::of_tool(app, "test", "groups.list", serde_json::Map::new())?;
    call::call(app, caller, request)
        .await
        .map(|answer| answer.status.as_u16())
}

/// `count` people, each with a connection of their own that holds Ada's tokens.
async fn crowd(world: &World, count: usize) -> Vec<Caller> {
    let ada = world.connect(ADA).await.person;
    let person = people::find(&world.app.db, &ada).await.unwrap().unwrap();
    let connection = connections::of_person(&world.app.db, &ada).await.unwrap().remove(0);
    let binding = world.binding().await;
    let mut callers = Vec::new();
    for _ in 0..count {
        let id = PersonId(world.clock.new_id());
        let person = people::Person {
            id: id.clone(),
            tenant_id: None,
            object_id: None,
            email: None,
            ..person.clone()
        };
        people::create(&world.app.db, &person).await.unwrap();
        let copy = copy_of(world, binding, &connection, &id);
        connections::save_connected(&world.app.db, &copy).await.unwrap();
        callers.push(Caller {
            person: id,
            role: Role::Person,
            ..world.owner_caller()
        });
    }
    callers
}

fn copy_of(world: &World, binding: Binding, it: &Connection, person: &PersonId) -> Connection {
    let id = world.clock.new_id();
    let again = |column, sealed: &Option<Vec<u8>>| {
        let (from, to) = (
            token_place(column, &it.id.0, &it.environment_id.0),
            token_place(column, &id, &it.environment_id.0),
        );
        let vault = &world.app.vault;
        let secret = vault.open_bound(from, binding, sealed.as_deref().unwrap()).unwrap();
        Some(vault.seal_bound(to, binding, secret.expose_secret()))
    };
    Connection {
        access_sealed: again("access_sealed", &it.access_sealed),
        refresh_sealed: again("refresh_sealed", &it.refresh_sealed),
        id: ConnectionId(id.clone()),
        person_id: person.clone(),
        ..it.clone()
    }
}

/// When the sandbox was asked to refresh a token, in its milliseconds.
async fn refreshes(world: &World) -> Vec<i64> {
    let all = world.ledger("kind=entra").await;
    let refreshes = all.iter().filter(|it| it["grant_type"] == "refresh_token");
    let mut times: Vec<_> = refreshes.map(|it| it["time_ms"].as_i64().unwrap()).collect();
    times.sort_unstable();
    times
}

async fn generation(world: &World, caller: &Caller) -> i64 {
    let all = connections::of_person(&world.app.db, &caller.person).await.unwrap();
    all[0].generation
}

/// UPS-13: whoever still has a usable token is served with it while the others are renewed, ten in a minute.
#[tokio::test]
async fn tokens_that_end_together_are_renewed_ahead_at_the_configured_rate() {
    let world = World::with(|it| it.token_refreshes_per_minute = 10).await;
    let crowd = crowd(&world, 24).await;
    for caller in &crowd {
        assert_eq!(list_workspaces(&world.app, caller).await.unwrap(), 200);
    }
    let all = connections::of_person(&world.app.db, &crowd[0].person).await.unwrap();
    let ahead_s = all[0].access_expires_at.since_ms(world.clock.now()) / 1000 - 280;
    world.advance_seconds(ahead_s);
    for _ in 0..30 {
        gatepost::jobs::due(&world.app).await.unwrap();
        for caller in &crowd {
            assert_eq!(list_workspaces(&world.app, caller).await.unwrap(), 200);
        }
        world.advance_seconds(7);
    }
    let times = refreshes(&world).await;
    assert_eq!(times.len(), crowd.len(), "each once");
    for from in &times {
        let minute = *from..from + 60_000;
        assert!(times.iter().filter(|it| minute.contains(it)).count() <= 10, "{times:?}");
    }
    for caller in &crowd {
        assert_eq!(generation(&world, caller).await, 2);
    }
}

/// UPS-13: with nothing left to use, calls queue for their turn over all replicas.
#[tokio::test(flavor = "multi_thread")]
async fn calls_on_tokens_that_have_ended_queue_over_all_replicas() {
    const EARLY: i64 = 60;
    const GAP_MS: i64 = 112;
    let world = World::with(|it| it.token_refreshes_per_minute = 600).await;
    let crowd = crowd(&world, 140).await;
    let other = App::start(world.app.settings.clone(), world.clock.clone(), false)
        .await
        .unwrap();
    world.advance_seconds(2 * 3600);
    let started = std::time::Instant::now();
    let calls = crowd.iter().enumerate().map(|(at, caller)| {
        let app = if at % 2 == 0 { world.app.clone() } else { other.clone() };
        let caller = caller.clone();
        tokio::spawn(async move { list_workspaces(&app, &caller).await })
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().unwrap(), 200);
    }
    assert_eq!(refreshes(&world).await.len(), crowd.len());
    // The world's clock stands still, so only the queue itself can have taken this long.
    let least = (i64::try_from(crowd.len()).unwrap() - EARLY - 1) * GAP_MS;
    assert!(least <= i64::try_from(started.elapsed().as_millis()).unwrap());
    let mut due = BTreeSet::new();
    for caller in &crowd {
        let all = connections::of_person(&world.app.db, &caller.person).await.unwrap();
        due.insert(all[0].refresh_after);
    }
    let spread = due.last().unwrap().since_ms(*due.first().unwrap());
    assert!(30_000 < spread, "they do not all come again at one moment: {spread} ms");
}

/// A pause that Microsoft asks one connection for is kept by all connections of the integration.
#[tokio::test]
async fn a_throttled_integration_stops_asking_for_anybody() {
    let world = World::new().await;
    let crowd = crowd(&world, 3).await;
    world.advance_seconds(2 * 3600);
    let headers = json!({ "retry-after": "90" });
    world
        .fault(json!({ "endpoint": "token", "kind": "status", "status": 429, "headers": headers, "remaining": 1 }))
        .await;
    for caller in &crowd {
        let problem = list_workspaces(&world.app, caller).await.unwrap_err().problem();
        assert_eq!(problem.code, "microsoft_unavailable");
        assert!((60..=90).contains(&problem.retry_after_s.unwrap()), "{problem:?}");
    }
    assert_eq!(refreshes(&world).await.len(), 1);
    world.advance_seconds(91);
    for caller in &crowd {
        assert_eq!(list_workspaces(&world.app, caller).await.unwrap(), 200);
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_stops_nobody() {
    let world = World::new().await;
    let crowd = crowd(&world, 1).await;
    world.advance_seconds(2 * 3600);
    assert_eq!(list_workspaces(&world.app, &crowd[0]).await.unwrap(), 200);
    world.clock.advance_ms(-2 * 3600 * 1000);
    let row = connections::of_person(&world.app.db, &crowd[0].person)
        .await
        .unwrap()
        .remove(0);
    gatepost::entra::expire(&world.app.means(), &row, row.generation)
        .await
        .unwrap();
    assert_eq!(list_workspaces(&world.app, &crowd[0]).await.unwrap(), 200);
    assert_eq!(generation(&world, &crowd[0]).await, 3);
}
