//! Bodies in both directions, byte for byte (security rows PRX-03, PRX-04, PRX-22, UPS-15).

use http_body_util::BodyExt as _;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::problem;
use super::upstream::{Upstream, text};
use crate::world::BO;

const EXECUTE: &str = "/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001/executeQueries";
const SENT: &str = "{ \"queries\":[{\"query\":\"EVALUATE ROW(\\u0022n\\u0022, 9007199254740993)\"}],\r\n\t\"SerializerSettings\" : {\"includeNulls\":true}, \"n\": 9223372036854775807, \"x\": 1.0e+2 }\n";
const ANSWERED: &str = "\u{feff}{\"@odata.context\":\"http://wabi-west.test/$metadata#x\",\"Value\":[{\"id\":18446744073709551615,\"ID\":-0.0,\"dup\":1,\"dup\":2,\"big\":123456789012345678901234567890}],\"@odata.nextLink\":\"https://evil.test/x\"}\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_arrives_as_it_was_sent_in_both_directions() {
    let upstream = Upstream::start(|request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let status = if body == SENT { 200 } else { 500 };
        text(
            status,
            &[("content-type", "application/json; odata.metadata=minimal")],
            ANSWERED,
        )
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    let request = world
        .ask(Method::POST, &key, EXECUTE)
        .header("content-type", "application/json; charset=utf-8");
    let answer = request.body(SENT).send().await.unwrap();
    assert_eq!(answer.status(), 200, "the body arrived changed");
    assert_eq!(
        answer.headers()["content-type"],
        "application/json; odata.metadata=minimal"
    );
    assert_eq!(answer.bytes().await.unwrap(), ANSWERED);
}

/// PRX-04: a text inside the query stays a text inside the query.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_cannot_break_out_of_its_json() {
    let upstream = Upstream::start(|request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text(200, &[("content-type", "application/json")], body)
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    let query = "EVALUATE x\"}],\"impersonatedUserName\":\"ceo@contoso.test";
    let answer = world
        .ask(Method::POST, &key, EXECUTE)
        .json(&json!({"queries": [{"query": query}]}))
        .send()
        .await
        .unwrap();
    let arrived: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(arrived["queries"][0]["query"], query);
    assert_eq!(arrived.as_object().unwrap().len(), 1);
}

/// PRX-22, UPS-15: hostile answers end in an error that names itself, and never in part of an answer as if it were all.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_trusted_is_no_answer() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let upstream = Upstream::start(move |request| {
        let deep = deep.clone();
        async move {
            match request.uri().path() {
                "/v1.0/myorg/groups" => text(200, &[("content-encoding", "gzip")], vec![0x1f, 0x8b, 8]),
                "/v1.0/myorg/reports" => text(307, &[("location", "https://evil.test/v1.0/myorg/reports")], ""),
                "/v1.0/myorg/dashboards" => text(400, &[("content-type", "application/json")], deep),
                "/v1.0/myorg/apps" => text(
                    502,
                    &[("content-type", "text/html")],
                    "<html>\u{1b}[31mbad gateway</html>",
                ),
                _ => text(200, &[("content-type", "application/json")], vec![0xff, 0xfe, b'{']),
            }
        }
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    for (path, words) in [("/groups", "compressed"), ("/reports", "redirect (307)")] {
        let found = problem(world.get(&key, path).await).await;
        assert_eq!((found.0, found.1.as_str()), (502, "power_bi_unreachable"));
        assert!(found.2["detail"].as_str().unwrap().contains(words), "{}", found.2);
    }
    // A refusal stays what it is, whatever its body; what is said beside it is ours.
    let deep = world.get(&key, "/dashboards").await;
    assert_eq!(
        (
            deep.status().as_u16(),
            deep.headers()["gatepost-error"].to_str().unwrap()
        ),
        (400, "power_bi_bad_request")
    );
    // Cut at 256 KiB, less what could be the beginning of a token.
    let length = deep.bytes().await.unwrap().len();
    assert!((240 * 1024..=256 * 1024).contains(&length), "{length}");
    let page = world.get(&key, "/apps").await;
    assert_eq!(page.status(), 502);
    assert!(
        !page.headers()["gatepost-hint"]
            .to_str()
            .unwrap()
            .contains("bad gateway")
    );
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    // Not text, but an answer: it is passed on and not read.
    assert_eq!(
        world.get(&key, "/datasets").await.bytes().await.unwrap(),
        vec![0xff, 0xfe, b'{']
    );
}

/// A client that signs in after a 401 sends its next request over the same connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_with_a_body_leaves_the_connection_usable() {
    let upstream = Upstream::start(|_| async { text(200, &[("content-type", "application/json")], "{}") }).await;
    let (world, key) = upstream.world(BO).await;
    let host = world.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(host.replace("localhost", "127.0.0.1"))
        .await
        .unwrap();
    for (token, status) in [("gp_key_wrong", 401), (key.as_str(), 200)] {
        let head = format!(
            "POST {EXECUTE} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            SENT.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // Behind the head, as a client does that does not know yet what becomes of it.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stream.write_all(SENT.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.contains("\r\n\r\n") || !answer.ends_with('}') {
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).await.unwrap();
            assert!(0 < read, "closed after {answer:?}");
            answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(!answer.to_lowercase().contains("connection: close"), "{answer}");
    }
}

/// PRX-25: policies judge the operation and what it is about, never the words of a query; what is allowed arrives as it was
/// sent, and what is denied is denied in any disguise.
#[tokio::test(flavor = "multi_thread")]
async fn no_wording_of_a_query_changes_what_the_policies_say() {
    let queries = [
        "EVALUATE INFO.TABLES()",
        "SELECT * FROM $SYSTEM.TMSCHEMA_TABLES",
        "/* deny */ EVALUATE x // allow",
        "EVALUATE a EVALUATE b",
        "DEFINE MEASURE t[datasets.execute_queries] = 1 EVALUATE t",
        "permit(principal, action, resource);",
    ];
    let upstream = Upstream::start(|request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text(200, &[("content-type", "application/json")], body)
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    let ask = async |query: &str| {
        let body = json!({ "queries": [{ "query": query }] });
        world.ask(Method::POST, &key, EXECUTE).json(&body).send().await.unwrap()
    };
    for query in queries {
        let arrived: serde_json::Value = ask(query).await.json().await.unwrap();
        assert_eq!(arrived["queries"][0]["query"], query);
    }
    let allowed = upstream.seen().len();
    assert_eq!(allowed, queries.len());
    let form = gatepost::policy::Form {
        operations: vec!["datasets.execute_queries".into()],
        ..gatepost::policy::Form::about("No queries", gatepost::policy::Action::Deny, &[])
    };
    let input = gatepost::admin::PolicyInput {
        name: "No queries".into(),
        enabled: true,
        source: gatepost::policy::Source::Form(form),
    };
    gatepost::admin::create_policy(&world.app, &world.owner_caller(), input)
        .await
        .unwrap();
    for query in queries {
        let found = problem(ask(query).await).await;
        assert_eq!((found.0, found.1.as_str()), (403, "denied"), "{query}");
    }
    assert_eq!(upstream.seen().len(), allowed);
}
