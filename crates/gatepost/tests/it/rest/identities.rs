//! One person's answers reach that person alone (security rows ISO-01, ISO-02, ISO-05, ISO-09, ISO-11, DOS-13).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::upstream::{Upstream, bearer_of, text};
use crate::world::{BO, CY, World};

const PEOPLE: usize = 64;
const CALLS: usize = 1_920;

/// Power BI answers whose token it saw; some answers come late, so that they overtake each other.
async fn canaries() -> Upstream {
    Upstream::start(|request| async move {
        let whose = bearer_of(request.headers());
        if whose.len().is_multiple_of(3) || whose.ends_with("7@contoso.test") {
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        }
        text(
            200,
            &[("content-type", "application/json")],
            json!({"canary": whose}).to_string(),
        )
    })
    .await
}

async fn newcomer(world: &World, at: usize) -> (String, String) {
    let upn = format!("p{at}@contoso.test");
    let oid = format!("5a4db0c5-0001-4000-8000-00000000{:04x}", 0x8000 + at);
    let person = json!({"upn": upn, "oid": oid});
    let added = world
        .http
        .post(format!("{}/sandbox/people", world.sandbox_url))
        .json(&person)
        .send()
        .await
        .unwrap();
    assert!(added.status().is_success(), "{}", added.text().await.unwrap());
    let guest = world.connect_account(&upn, sandbox::people::CONTOSO, &oid).await;
    let key = world.key(&guest.person).await;
    (upn, key)
}

/// A kept-alive HTTP/2 connection to the gateway.
async fn http2(world: &World) -> hyper::client::conn::http2::SendRequest<Body> {
    let address = world.url.strip_prefix("http://").unwrap();
    let stream = hyper_util::rt::TokioIo::new(tokio::net::TcpStream::connect(address).await.unwrap());
    let executor = hyper_util::rt::TokioExecutor::new();
    let (sender, connection) = hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn over_http2(sender: &mut hyper::client::conn::http2::SendRequest<Body>, url: &str, key: &str) -> String {
    let request = axum::http::Request::get(url).header("authorization", format!("Bearer {key}"));
    let answer = sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
    let bytes = axum::body::to_bytes(Body::new(answer.into_body()), 100_000)
        .await
        .unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// ISO-01, ISO-02: the same path by all of them, over shared connections of both kinds, with their own answers.
#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_people_on_shared_connections_see_nobody_elses_answer() {
    let upstream = canaries().await;
    let world = Arc::new(World::calling(&upstream.url).await);
    let mut people = Vec::new();
    for at in 0..PEOPLE {
        people.push(newcomer(&world, at).await);
    }
    let people = Arc::new(people);
    let url = format!("{}/powerbi/v1.0/myorg/groups", world.url);
    let tasks = (0..24).map(|task| {
        let (world, people, url) = (world.clone(), people.clone(), url.clone());
        tokio::spawn(async move {
            let mut sender = http2(&world).await;
            let mut foreign = 0;
            for at in 0..CALLS / 24 {
                let (upn, key) = &people[(task * 31 + at * 7) % PEOPLE];
                let answer = if (task + at) % 2 == 0 {
                    world
                        .http
                        .get(&url)
                        .bearer_auth(key)
                        .send()
                        .await
                        .unwrap()
                        .text()
                        .await
                        .unwrap()
                } else {
                    over_http2(&mut sender, &url, key).await
                };
                let own = json!({"canary": upn}).to_string();
                foreign += usize::from(answer != own);
            }
            foreign
        })
    });
    let foreign: usize = futures_util::future::join_all(tasks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .sum();
    assert_eq!(foreign, 0, "of {CALLS}");
    assert_eq!(upstream.seen().len(), CALLS, "no answer was kept for another call");
}

/// ISO-09
#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_a_connection_is_judged_by_its_own_token() {
    let upstream = canaries().await;
    let (world, bos) = upstream.world(BO).await;
    let cy = world.connect(CY).await;
    let cys = world.key(&cy.person).await;
    let host = world.url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let request = |token: &str, close: &str| {
        let authorization = if token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {token}\r\n")
        };
        format!("GET /powerbi/v1.0/myorg/groups HTTP/1.1\r\nHost: {host}\r\n{authorization}{close}\r\n")
    };
    let all = [
        request(&bos, ""),
        request(&cys, ""),
        request("", ""),
        request("gp_key_x", ""),
        request(&bos, "Connection: close\r\n"),
    ];
    stream.write_all(all.concat().as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<&str> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answers[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "200", "401", "401", "200"]);
    let canaries: Vec<&str> = answers
        .match_indices("{\"canary\":\"")
        .map(|(at, _)| &answers[at + 11..at + 13])
        .collect();
    assert_eq!(canaries, ["bo", "cy", "bo"]);
    let mut sender = http2(&world).await;
    let url = format!("{}/powerbi/v1.0/myorg/groups", world.url);
    for (key, expected) in [
        (&bos, "bo@"),
        (&cys, "cy@"),
        (&"gp_key_x".to_owned(), "token_invalid"),
        (&bos, "bo@"),
    ] {
        assert!(over_http2(&mut sender, &url, key).await.contains(expected));
    }
}

/// ISO-05: a key of one environment opens no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_its_own_environment_alone() {
    let upstream = canaries().await;
    let (world, key) = upstream.world(BO).await;
    for slug in ["other", "default2", "%2e%2e", "DEVELOPMENT"] {
        let path = format!("/e/{slug}/powerbi/v1.0/myorg/groups");
        let status = super::raw(&world, &key, &path).await;
        assert!([400, 401, 404].contains(&status), "{slug}: {status}");
    }
    assert!(upstream.seen().is_empty());
}

/// ISO-11: what one caller left half done says nothing about the next one on the same connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_leaves_no_identity_behind() {
    let upstream = canaries().await;
    let (world, bos) = upstream.world(BO).await;
    let cy = world.connect(CY).await;
    let cys = world.key(&cy.person).await;
    let mut sender = http2(&world).await;
    let url = format!("{}/powerbi/v1.0/myorg/groups", world.url);
    for at in 0..40_u64 {
        let half = over_http2(&mut sender, &url, &bos);
        tokio::time::timeout(std::time::Duration::from_micros(at * 150), half)
            .await
            .ok();
        let answer = over_http2(&mut sender, &url, &cys).await;
        assert_eq!(answer, json!({"canary": CY}).to_string());
    }
}

/// DOS-13: somebody who calls without end waits for themselves.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_floods_the_gateway_keeps_nobody_else_waiting() {
    let (under_way, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Semaphore::new(0)));
    let (counted, closed) = (under_way.clone(), gate.clone());
    let upstream = Upstream::start(move |request| {
        let (counted, closed) = (counted.clone(), closed.clone());
        async move {
            if bearer_of(request.headers()) == BO {
                counted.fetch_add(1, Ordering::SeqCst);
                closed.acquire().await.expect_err("nobody opens it but by closing");
            }
            text(200, &[], "{}")
        }
    })
    .await;
    let (world, bos) = upstream.world(BO).await;
    let cy = world.connect(CY).await;
    let cys = world.key(&cy.person).await;
    let flood = futures_util::future::join_all((0..200).map(|_| async {
        assert_eq!(world.get(&bos, "/groups").await.status(), 200);
    }));
    let other = async {
        while under_way.load(Ordering::SeqCst) < 64 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        for _ in 0..20 {
            assert_eq!(world.get(&cys, "/groups").await.status(), 200);
        }
        assert_eq!(
            under_way.load(Ordering::SeqCst),
            64,
            "of one person's calls no more are under way"
        );
        gate.close();
    };
    tokio::join!(flood, other);
    assert_eq!(under_way.load(Ordering::SeqCst), 200);
}
