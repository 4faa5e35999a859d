//! Headers that cross the gateway (security rows PRX-03, PRX-06, PRX-11, PRX-12, PRX-13, PRX-19, ISO-10).

use std::collections::BTreeSet;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::problem;
use super::upstream::{Upstream, bearer_of};
use crate::world::BO;

/// PRX-12, PRX-11, PRX-19
#[tokio::test(flavor = "multi_thread")]
async fn power_bi_gets_the_headers_of_a_short_list_and_microsofts_token() {
    let upstream = Upstream::with(vec![(200, vec![], "{}")]).await;
    let (world, key) = upstream.world(BO).await;
    let host = world.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!(
        "GET /powerbi/v1.0/myorg/groups HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close, X-Important\r\n\
         X-Important: canary\r\nX_Under: canary\r\nx-ms-client-principal: canary\r\nX-Forwarded-For: canary\r\nForwarded: for=canary\r\n\
         Cookie: canary=1\r\nProxy-Authorization: canary\r\nProxy-Connection: canary\r\nTE: trailers\r\nOrigin: https://canary.test\r\n\
         Referer: https://canary.test\r\nUser-Agent: canary\r\nAccept-Encoding: br\r\nExpect: canary\r\nGatepost-Hint: canary\r\n\
         Client-Request-Id: canary\r\nX-PowerBI-User: canary\r\nRange: bytes=0-canary\r\nAccept: application/json\r\nIf-None-Match: \"kept\"\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let seen = upstream.seen().remove(0);
    let names: BTreeSet<&str> = seen.headers.keys().map(http::HeaderName::as_str).collect();
    let expected = [
        "accept",
        "accept-encoding",
        "authorization",
        "client-request-id",
        "host",
        "if-none-match",
        "user-agent",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(!format!("{:?}", seen.headers).contains("canary"));
    assert_eq!(bearer_of(&seen.headers), BO);
    // Neither token is met on the wrong side.
    assert!(!format!("{:?}", seen.headers).contains(&key));
    let token = seen.headers["authorization"]
        .to_str()
        .unwrap()
        .trim_start_matches("Bearer ");
    assert!(!answer.contains(token));
}

/// PRX-13, ISO-10
#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_the_headers_of_a_short_list_and_none_that_feigns_ours() {
    let hostile = vec![
        ("set-cookie", "session=canary"),
        ("location", "https://canary.test/"),
        ("content-security-policy", "script-src canary"),
        ("server", "canary"),
        ("x-powered-by", "canary"),
        ("access-control-allow-origin", "*"),
        ("www-authenticate", "Bearer canary"),
        ("gatepost-error", "canary"),
        ("gatepost-hint", "canary"),
        ("gatepost-trace", "canary"),
        ("gatepost-answered-by", "canary"),
        ("refresh", "0; url=https://canary.test"),
        ("clear-site-data", "\"*\""),
        ("content-type", "application/problem+json"),
        ("requestid", "0f0e"),
    ];
    let upstream = Upstream::with(vec![(200, hostile, "{\"code\":\"denied\"}")]).await;
    let (world, key) = upstream.world(BO).await;
    for _ in 0..2 {
        let answer = world.get(&key, "/groups").await;
        let headers = answer.headers();
        assert!(!format!("{headers:?}").contains("canary"), "{headers:?}");
        assert_eq!(headers["gatepost-answered-by"], "power-bi");
        assert_eq!(headers["requestid"], "0f0e");
        for name in [
            "set-cookie",
            "location",
            "gatepost-error",
            "access-control-allow-origin",
            "refresh",
            "clear-site-data",
        ] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert_eq!(answer.text().await.unwrap(), "{\"code\":\"denied\"}");
    }
    // There is no cookie jar: the second call brought nothing of the first.
    assert!(!upstream.seen()[1].headers.contains_key("cookie"));
    let own = world.get(&key, "/no/such/thing").await;
    assert_eq!(own.headers()["gatepost-answered-by"], "gatepost");
    assert_eq!(problem(own).await.0, 404);
}

/// A claims challenge is told to the person; the way of Microsoft's to say it stays inside.
#[tokio::test(flavor = "multi_thread")]
async fn a_claims_challenge_asks_the_person_to_connect_again() {
    let challenge = "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";
    let upstream = Upstream::with(vec![
        (401, vec![("www-authenticate", challenge)], ""),
        (200, vec![], "{}"),
    ])
    .await;
    let (world, key) = upstream.world(BO).await;
    let answer = world.get(&key, "/groups").await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["gatepost-error"].to_str().unwrap()
        ),
        (401, "reconnect_needed")
    );
    let hint = answer.headers()["gatepost-hint"].to_str().unwrap();
    assert!(hint.contains(&format!("{}/connections", world.url)), "{hint}");
    assert!(!answer.headers().contains_key("www-authenticate"));
    let again = problem(world.get(&key, "/groups").await).await;
    assert_eq!(again.1, "not_connected");
    assert_eq!(
        upstream.seen().len(),
        1,
        "nothing is tried with a token that does not do"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_something_is_is_told_as_an_address_of_the_gateway() {
    const REFRESH: &str = "/v1.0/myorg/groups/5a4db0c5-0010-4000-8000-000000000001/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes/r";
    let upstream = Upstream::start(|request| async move {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let location = match request.uri().path() {
            "/v1.0/myorg/groups" => format!("http://{host}{REFRESH}"),
            "/v1.0/myorg/reports" => format!("http://{host}/v1.0/../admin"),
            _ => format!("https://evil.test{REFRESH}"),
        };
        super::upstream::text(202, &[("location", &location), ("x-ms-request-id", "r-1")], "")
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    let answer = world.get(&key, "/groups").await;
    assert_eq!(
        answer.headers()["location"],
        format!("{}/powerbi{REFRESH}", world.url).as_str()
    );
    assert_eq!(answer.headers()["x-ms-request-id"], "r-1");
    for path in ["/reports", "/datasets"] {
        let answer = world.get(&key, path).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers().get("location")),
            (202, None),
            "{path}"
        );
    }
}
