//! What is sent again and what never is (security rows UPS-06, UPS-08, UPS-09, UPS-12, UPS-14), and what a caller who goes away cancels.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use reqwest::Method;
use serde_json::json;

use super::problem;
use super::upstream::{Canned, Upstream, text};
use crate::world::{BO, World};

const REFRESH: &str = "/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes";

/// What a client gets, and how often Power BI was asked for it.
async fn asked(method: Method, answers: Vec<Canned>) -> (u16, usize) {
    let upstream = Upstream::with(answers).await;
    let (world, _) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let answer = if method == Method::GET {
        world.get(&key, "/groups").await
    } else {
        world
            .ask(method, &key, REFRESH)
            .json(&json!({"notifyOption": "NoNotification"}))
            .send()
            .await
            .unwrap()
    };
    (answer.status().as_u16(), upstream.seen().len())
}

/// UPS-09
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_by_chance_is_repeated_and_a_write_never() {
    let good = (200, vec![], "{}");
    let bad = |status| (status, vec![], "");
    assert_eq!(
        asked(Method::GET, vec![bad(502), bad(500), good.clone()]).await,
        (200, 3)
    );
    assert_eq!(asked(Method::GET, vec![bad(503)]).await, (503, 3));
    assert_eq!(asked(Method::GET, vec![bad(400), good.clone()]).await, (400, 1));
    for status in [500, 502, 503, 504] {
        assert_eq!(
            asked(Method::POST, vec![bad(status), good.clone()]).await,
            (status, 1),
            "{status}"
        );
    }
}

/// UPS-08
#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_before_it_began_is_sent_again_after_a_short_wait() {
    let good = (202, vec![], "");
    let later = |status, seconds| (status, vec![("retry-after", seconds)], "");
    assert_eq!(asked(Method::POST, vec![later(429, "1"), good.clone()]).await, (202, 2));
    assert_eq!(asked(Method::POST, vec![later(503, "1"), good.clone()]).await, (202, 2));
    // Too long to wait for, or not a time at all: told at once.
    for seconds in [
        "60",
        "99999999999999999999",
        "-5",
        "soon",
        "Mon, 23 Nov 2026 13:00:00 GMT",
    ] {
        assert_eq!(
            asked(Method::POST, vec![later(429, seconds), good.clone()]).await,
            (429, 1),
            "{seconds}"
        );
    }
}

/// UPS-06
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_once_and_never_in_a_loop() {
    let stale = (403, vec![("x-powerbi-error-info", "TokenExpired")], "");
    assert_eq!(
        asked(Method::POST, vec![stale.clone(), (202, vec![], "")]).await,
        (202, 2)
    );
    assert_eq!(asked(Method::GET, vec![stale]).await, (403, 2));
    assert_eq!(asked(Method::GET, vec![(401, vec![], "")]).await, (401, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_never_multiply_an_outage() {
    let upstream = Upstream::with(vec![(500, vec![], "")]).await;
    let (world, key) = upstream.world(BO).await;
    for _ in 0..40 {
        assert_eq!(world.get(&key, "/groups").await.status(), 500);
    }
    let asked = upstream.seen().len();
    assert!((40..=60).contains(&asked), "{asked} requests for 40 calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_the_other_end_is_told_as_that() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let world = World::calling(&format!("http://127.0.0.1:{port}")).await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let found = problem(world.get(&key, "/groups").await).await;
    assert_eq!((found.0, found.1.as_str()), (502, "power_bi_unreachable"));
}

/// A Power BI that says when the gateway hangs up on it.
async fn patient() -> (Upstream, tokio::sync::mpsc::UnboundedReceiver<Instant>) {
    struct HangUp(tokio::sync::mpsc::UnboundedSender<Instant>);
    impl Drop for HangUp {
        fn drop(&mut self) {
            self.0.send(Instant::now()).ok();
        }
    }
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let upstream = Upstream::start(move |request| {
        let tell = tell.clone();
        async move {
            if request.method() == Method::GET {
                let _hang_up = HangUp(tell);
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            request.into_body().collect().await.unwrap();
            tokio::time::sleep(Duration::from_millis(700)).await;
            text(202, &[("requestid", "r-1")], "")
        }
    })
    .await;
    (upstream, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_cancels_its_read_and_a_writes_outcome_is_recorded() {
    let (upstream, mut told) = patient().await;
    let (world, _) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let gone = |method: Method, path: &str| {
        let request = world
            .ask(method, &key, path)
            .json(&json!({"notifyOption": "NoNotification"}));
        async move {
            tokio::time::timeout(Duration::from_millis(300), request.send())
                .await
                .unwrap_err()
        }
    };
    let read = world.ask(Method::GET, &key, "/powerbi/v1.0/myorg/groups").send();
    tokio::time::timeout(Duration::from_millis(300), read)
        .await
        .unwrap_err();
    let left = Instant::now();
    let hung_up = tokio::time::timeout(Duration::from_secs(5), told.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(hung_up.duration_since(left) < Duration::from_secs(1));
    gone(Method::POST, REFRESH).await;
    let mut closed = vec![];
    for _ in 0..200 {
        closed = world.entries_of("call.closed").await;
        if closed.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let outcomes: Vec<_> = closed
        .iter()
        .map(|it| (it["details"]["outcome"].clone(), it["details"]["status"].clone()))
        .collect();
    assert_eq!(
        outcomes,
        [(json!("cancelled"), json!(null)), (json!("answered"), json!(202))]
    );
    assert_eq!(world.entries_of("call.opened").await.len(), 2);
}
