//! Strangers: what one network asks for stops no other, and leaves little behind.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::RequestBuilder;
use serde_json::json;

use crate::world::{BO, World};

fn network(at: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + at))
}

fn register(world: &World, from: IpAddr) -> RequestBuilder {
    world
        .http
        .post(format!("{}/register", world.url))
        .header("x-forwarded-for", from.to_string())
        .json(&json!({ "redirect_uris": ["http://localhost:7777/cb"] }))
}

/// DOS-11: 200 registrations from one network once stopped everybody for an hour.
#[tokio::test(flavor = "multi_thread")]
async fn registrations_from_one_network_do_not_stop_those_from_another() {
    let world = World::with(|it| it.trusted_proxies = vec!["127.0.0.1".into()]).await;
    let many = async |from: u32, times: usize| {
        let mut made = 0;
        for _ in 0..times {
            made += usize::from(register(&world, network(from)).send().await.unwrap().status() == 201);
        }
        made
    };
    assert_eq!(many(1, 110).await, 100, "half of all");
    let refused = register(&world, network(1)).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(many(2, 100).await, 100);
    // All is taken; whoever registered nothing yet still gets a few.
    assert_eq!(many(5, 10).await, 5);
    assert_eq!(many(6, 1).await, 1);
}

/// DOS-12: a table of networks that is full once refused everybody who was not in it.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_networks_that_begin_a_sign_in_leave_the_way_open_to_others() {
    let world = World::new().await;
    for at in 0..5_000 {
        world.app.departures.count(Some(network(at)), world.clock.now());
        world.app.strays.count(Some(network(at)), world.clock.now());
    }
    world.connect(BO).await;
}

/// Behind one address may be a whole company.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_network_begins_as_many_sign_ins_as_it_likes() {
    let begin = async |world: &World| {
        let client = world.register_client(&["http://localhost:7777/cb"]).await;
        let mut browser = sandbox::visitor::Visitor::new();
        browser.stop_at(&world.sandbox_url);
        let page = browser
            .open(&world.authorize_url(&client, "http://localhost:7777/cb", "powerbi.read"))
            .await
            .unwrap();
        let next = browser
            .submit(&page, "/authorize", &[("answer", "approve")])
            .await
            .unwrap();
        next.url.to_string().starts_with(&world.sandbox_url)
    };
    let few = World::with(|it| it.sign_ins_per_minute = 2).await;
    assert!(begin(&few).await && begin(&few).await);
    assert!(!begin(&few).await, "the third of a minute waits");
    let known = World::with(|it| {
        it.sign_ins_per_minute = 2;
        it.known_networks = vec!["127.0.0.0/8".into(), "::1".into()];
    })
    .await;
    for _ in 0..4 {
        assert!(begin(&known).await);
    }
}

/// DOS-09
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_tokens_that_are_none_writes_nothing() {
    let world = World::new().await;
    let ada = world.connect(BO).await;
    let key = world.key(&ada.person).await;
    let written = async || {
        let wal = world.app.settings.sqlite_path().with_extension("db-wal");
        let length = std::fs::metadata(wal).map_or(0, |it| it.len());
        (world.entries().await.len(), length)
    };
    let before = written().await;
    for at in 0..300 {
        let token = match at % 3 {
            0 => format!("gp_at_{at:040}"),
            1 => format!("gp_key_{at:040}"),
            _ => format!("eyJ0eXAi.{at}.x"),
        };
        let path = ["/mcp", "/powerbi/v1.0/myorg/groups"][at % 2];
        let request = world.http.post(format!("{}{path}", world.url)).bearer_auth(token);
        assert_eq!(request.body("{}").send().await.unwrap().status(), 401);
    }
    assert_eq!(written().await, before);
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}
