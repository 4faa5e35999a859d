//! JSON of ordinary operations, at every door that reads some: counted before anything is built of it.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{EXECUTE, MODEL, ROWS, query_with_numbers, tool_call};
use crate::rest::problem;
use crate::rest::upstream::{Upstream, text};
use crate::world::{BO, World};

/// Far more than a bounded text takes in a debug build beside other tests; what is judged in full takes many seconds.
const SOON: Duration = Duration::from_secs(4);

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

fn keys(many: usize) -> String {
    let members: Vec<String> = (0..many).map(|at| format!("\"k{at}\":0")).collect();
    format!("{{{}}}", members.join(","))
}

/// DOS-06, DOS-07
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_holds_more_than_its_operation_takes_is_refused_and_reaches_nobody() {
    let upstream = Upstream::start(|_| async { text(200, &[], "{}") }).await;
    let (world, key) = upstream.world(BO).await;
    let query = |inner: &str| format!("{{\"queries\":[{{\"query\":\"EVALUATE {{1}}\"}}],\"x\":{inner}}}");
    let cases = [
        ("15 MB of numbers", query_with_numbers(7_500_000), 413, "body_too_large"),
        (
            "one byte too many",
            format!("\"{}\"", "x".repeat(1024 * 1024 - 1)),
            413,
            "body_too_large",
        ),
        ("a million numbers", query_with_numbers(500_000), 400, "body_invalid"),
        ("a million keys", query(&keys(90_000)), 400, "body_invalid"),
        ("10,000 levels", query(&nested(10_000)), 400, "body_invalid"),
        ("a number beyond all", query("1e400"), 400, "body_invalid"),
        ("a million digits", query(&"9".repeat(1_000_000)), 400, "body_invalid"),
        ("a key twice", query("{\"a\":1,\"a\":2}"), 400, "body_invalid"),
        ("no end", query(&"[".repeat(500_000)), 400, "body_invalid"),
    ];
    for (what, body, status, code) in cases {
        for is_announced in [true, false] {
            let began = Instant::now();
            let request = world
                .ask(Method::POST, &key, EXECUTE)
                .header("content-type", "application/json");
            let request = match is_announced {
                true => request.body(body.clone()),
                false => request.body(reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<
                    _,
                    std::io::Error,
                >(
                    body.clone()
                )]))),
            };
            // The connection may be gone before all was sent: that is an answer too.
            if let Ok(answer) = request.send().await {
                let found = problem(answer).await;
                assert_eq!((found.0, found.1.as_str()), (status, code), "{what}: {}", found.2);
            }
            assert!(began.elapsed() < SOON, "{what} took {:?}", began.elapsed());
        }
    }
    assert!(upstream.seen().is_empty(), "nothing was sent");
}

/// What the catalogue says of one operation holds for that one alone.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_push_model_may_be_larger_than_other_bodies() {
    let upstream = Upstream::start(|request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text(
            200,
            &[("content-type", "application/json")],
            json!({ "bytes": body.len() }).to_string(),
        )
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let row = json!({ "Region": "North", "Amount": 12.5, "Text": "x".repeat(250) });
    let body = json!({ "rows": vec![row; 10_000] }).to_string();
    assert!(2 * 1024 * 1024 < body.len());
    let length = body.len();
    let request = world
        .ask(Method::POST, &key, ROWS)
        .header("content-type", "application/json");
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["bytes"], length);
}

/// PRX-04: a number that no reader but one of text keeps is the same to policies, record and Power BI.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_with_many_digits_arrives_and_is_recorded_to_its_last_digit() {
    let upstream = Upstream::start(|request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text(200, &[("content-type", "application/json")], body)
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let digits = "79228162514264337593543950335.1234567";
    let body = format!("{{\"rows\":[{{\"Amount\":{digits}}}]}}");
    let request = world
        .ask(Method::POST, &key, ROWS)
        .header("content-type", "application/json");
    let answer = request.body(body.clone()).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), body);
    let opened = world.entries_of("call.opened").await.pop().unwrap();
    assert!(opened.to_string().contains(digits), "{opened}");
}

/// Whoever reads a body after the gateway must not read other characters than it did.
#[tokio::test(flavor = "multi_thread")]
async fn json_and_forms_in_another_charset_are_refused_at_every_door() {
    let upstream = Upstream::start(|_| async { text(200, &[], "{}") }).await;
    let (world, key) = upstream.world(BO).await;
    let post = |path: &str, kind: &str| {
        let request = world.ask(Method::POST, &key, path).header("content-type", kind);
        request.header("accept", "application/json, text/event-stream")
    };
    let query = "{\"queries\":[{\"query\":\"EVALUATE {1}\"}]}";
    let whoami = tool_call(1, "whoami", &json!({})).to_string();
    let client = "{\"redirect_uris\":[\"http://localhost:7777/cb\"]}";
    let form = "grant_type=refresh_token&refresh_token=gp_rt_x&client_id=x";
    let doors = [
        (EXECUTE, "application/json", query, 200, 415),
        ("/mcp", "application/json", &whoami, 200, 415),
        ("/register", "application/json", client, 201, 400),
        ("/token", "application/x-www-form-urlencoded", form, 401, 400),
    ];
    for (path, kind, body, good, bad) in doors {
        let fine = post(path, &format!("{kind}; charset=UTF-8"))
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(fine.status(), good, "{path}");
        for charset in ["utf-16", "iso-8859-1", "utf-7", "utf-8; charset=utf-16"] {
            let odd = post(path, &format!("{kind}; charset={charset}"))
                .body(body.to_owned())
                .send()
                .await
                .unwrap();
            let (status, told) = (odd.status().as_u16(), odd.text().await.unwrap());
            assert_eq!(status, bad, "{path} in {charset}: {told}");
            assert!(told.contains("charset"), "{path} says why: {told}");
        }
    }
    assert_eq!(upstream.seen().len(), 1, "only the query in UTF-8 was sent");
}

/// DOS-07, as an agent may try it.
#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_hold_more_than_any_tool_takes_are_refused_before_they_are_built() {
    let upstream = Upstream::start(|_| async { text(200, &[], "{}") }).await;
    let (world, key) = upstream.world(BO).await;
    let call = |inner: &str| {
        let arguments =
            json!({ "operation": "datasets.execute_queries", "arguments": { "datasetId": MODEL, "body": "@" } });
        tool_call(1, "call_read_operation", &arguments)
            .to_string()
            .replace("\"@\"", inner)
    };
    let cases = [
        (
            "half a million numbers",
            call(&query_with_numbers(500_000)),
            400,
            "values",
        ),
        ("90,000 keys", call(&keys(90_000)), 400, "values"),
        ("10,000 levels", call(&nested(10_000)), 400, "levels"),
        ("a number beyond all", call("1e400"), 400, "numbers"),
        (
            "a number that would lose digits",
            call("{\"x\":12345678901234567890123}"),
            400,
            "12345678901234567890123",
        ),
        ("15 MB", call(&query_with_numbers(7_500_000)), 413, "larger"),
    ];
    for (what, body, status, words) in cases {
        let began = Instant::now();
        let request = world
            .ask(Method::POST, &key, "/mcp")
            .header("content-type", "application/json");
        let sent = request
            .header("accept", "application/json, text/event-stream")
            .body(body)
            .send();
        if let Ok(answer) = sent.await {
            assert_eq!(answer.status(), status, "{what}");
            let told: Value = answer.json().await.unwrap();
            assert!(
                told["error"]["message"].as_str().unwrap().contains(words),
                "{what}: {told}"
            );
        }
        assert!(began.elapsed() < SOON, "{what} took {:?}", began.elapsed());
    }
    assert!(upstream.seen().is_empty(), "nothing was sent");
}

/// DOS-06, DOS-07: what strangers send.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_registers_with_too_much_is_told_so() {
    let world = World::new().await;
    let register = |body: String| {
        world
            .http
            .post(format!("{}/register", world.url))
            .header("content-type", "application/json")
            .body(body)
    };
    let with = |inner: &str| format!("{{\"redirect_uris\":[\"http://localhost:7777/cb\"],\"x\":{inner}}}");
    for (what, body, status) in [
        ("a key twice", with("{\"a\":1,\"a\":2}"), 400),
        ("500 levels", with(&nested(500)), 400),
        ("2,000 numbers", with(&format!("[{}1]", "1,".repeat(2_000))), 400),
        ("40 KiB", with(&format!("\"{}\"", "x".repeat(40 * 1024))), 400),
        ("2 MiB", with(&format!("\"{}\"", "x".repeat(2 * 1024 * 1024))), 413),
    ] {
        assert_eq!(register(body).send().await.unwrap().status(), status, "{what}");
    }
    assert_eq!(register(with("1")).send().await.unwrap().status(), 201);
}
