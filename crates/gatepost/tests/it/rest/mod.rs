//! The REST proxy: Power BI's answers byte for byte, the gateway's own refusals, and paths that go nowhere else.

pub(crate) mod applications;
mod bodies;
mod budgets;
mod demo;
mod headers;
mod identities;
mod paths;
mod repeats;
pub(crate) mod streams;
mod unsaid;
pub(crate) mod upstream;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::world::{BO, CY, DI, World};

const SALES: &str = "5a4db0c5-0010-4000-8000-000000000001";
const SALES_MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";
const BY_REGION: &str = "EVALUATE SUMMARIZECOLUMNS('Region'[Region], \"Revenue\", [Total Sales])";

async fn with_key(upn: &str) -> (World, String) {
    let world = World::new().await;
    let guest = world.connect(upn).await;
    let key = world.key(&guest.person).await;
    (world, key)
}

impl World {
    pub(crate) fn ask(&self, method: Method, key: &str, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(key)
    }

    pub(crate) async fn power_bi(&self) -> Vec<Value> {
        self.ledger("kind=powerbi").await
    }
}

/// A refusal of the gateway's own: status, code and the answer's body.
pub(crate) async fn problem(answer: Response) -> (u16, String, Value) {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let header = answer.headers()["gatepost-error"].to_str().unwrap().to_owned();
    let (status, trace) = (answer.status().as_u16(), answer.headers()["gatepost-trace"].clone());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["code"], header.as_str());
    assert_eq!(body["status"], status);
    assert_eq!(body["trace"], trace.to_str().unwrap());
    for name in ["type", "title", "detail", "hint"] {
        assert!(body[name].as_str().is_some_and(|it| !it.is_empty()), "{name}: {body}");
    }
    (status, header, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_passed_on_byte_for_byte_with_its_own_headers() {
    let (world, key) = with_key(CY).await;
    let answer = world.get(&key, "/groups?$top=2").await;
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    assert!(headers.contains_key("requestid") && headers.contains_key("gatepost-trace"));
    assert!(!headers.contains_key("gatepost-error"));
    let passed = answer.bytes().await.unwrap();
    let value: Value = serde_json::from_slice(&passed).unwrap();
    // The context names a host of Microsoft's; it is data and stays.
    assert!(
        value["@odata.context"]
            .as_str()
            .is_some_and(|it| !it.starts_with(&world.url))
    );
    let asked = world.power_bi().await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["response_bytes"], passed.len());
    assert_eq!(asked[0]["path"], "/v1.0/myorg/groups");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_reaches_power_bi_as_it_was_sent() {
    let (world, key) = with_key(CY).await;
    let body = format!("{{ \"queries\" : [ {{\"query\": {} }} ] }}\n", Value::from(BY_REGION));
    let path = format!("/powerbi/v1.0/myorg/datasets/{SALES_MODEL}/executeQueries");
    let answer = world
        .ask(Method::POST, &key, &path)
        .header("content-type", "application/json; charset=utf-8")
        .body(body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let rows: Value = answer.json().await.unwrap();
    let rows = rows["results"][0]["tables"][0]["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["Region[Region]"], "North");
    assert_eq!(world.power_bi().await[0]["request_bytes"], body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_microsofts_stays_microsofts_and_is_explained_beside_it() {
    let (world, key) = with_key(DI).await;
    let path = format!("/powerbi/v1.0/myorg/datasets/{SALES_MODEL}/executeQueries");
    let query = json!({"queries": [{"query": BY_REGION}]});
    let answer = world.ask(Method::POST, &key, &path).json(&query).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["gatepost-error"], "power_bi_not_found");
    assert!(
        answer.headers()["gatepost-hint"]
            .to_str()
            .unwrap()
            .contains("Build permission")
    );
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/json")
    );
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "PowerBIEntityNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_of_ours_the_way_to_one_is_told() {
    let (world, key) = with_key(CY).await;
    let url = format!("{}/powerbi/v1.0/myorg/groups", world.url);
    let metadata = format!(
        "resource_metadata=\"{}/.well-known/oauth-protected-resource/powerbi\"",
        world.url
    );
    let missing = world.http.get(&url).send().await.unwrap();
    assert_eq!(missing.headers()["www-authenticate"], format!("Bearer {metadata}"));
    assert_eq!(problem(missing).await.0, 401);
    for token in ["eyJ0eXAiOiJKV1QifQ.e30.x", "gp_key_unknown", "gp_at_unknown", "x"] {
        let wrong = world.http.get(&url).bearer_auth(token).send().await.unwrap();
        let challenge = format!("Bearer error=\"invalid_token\", {metadata}");
        assert_eq!(wrong.headers()["www-authenticate"], challenge.as_str());
        assert_eq!(problem(wrong).await.1, "token_invalid");
    }
    let elsewhere = world.ask(Method::GET, &key, "/e/no-such-place/powerbi/v1.0/myorg/groups");
    assert_eq!(problem(elsewhere.send().await.unwrap()).await.0, 401);
    let in_query = world
        .http
        .get(format!("{url}?access_token={key}"))
        .send()
        .await
        .unwrap();
    assert_eq!(in_query.status(), 401);
    assert!(world.power_bi().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_may_stand_in_the_path() {
    let (world, key) = with_key(CY).await;
    let environment = gatepost::store::environments::find(&world.app.db, &world.environment)
        .await
        .unwrap();
    let path = format!("/e/{}/powerbi/v1.0/myorg/groups", environment.unwrap().slug);
    let answer = world.ask(Method::GET, &key, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_paths_of_operations_lead_to_power_bi() {
    let (world, key) = with_key(BO).await;
    for path in [
        "/v1.0/myorg/groups/../admin/groups",
        "/v1.0/myorg/groups/%2e%2e/admin/groups",
        "/v1.0/myorg/groups/..%2fadmin",
        "/v1.0/myorg/groups/%252e%252e%252fadmin",
        "/v1.0/myorg/groups/..;/admin/groups",
        "/v1.0/myorg//groups",
        "//v1.0/myorg/groups",
        "/v1.0/myorg/groups/",
        "/v1.0/myorg/groups/x%00y",
        "/v1.0/myorg/groups/a%0d%0aX:%20y",
        "/v1.0/myorg/groups/%ef%bc%8e%ef%bc%8e/x",
        "/v1.0/myorg/no/such/thing",
        "/v2.0/myorg/groups",
        "/",
        "",
    ] {
        let answer = raw(&world, &key, &format!("/powerbi{path}")).await;
        assert!((400..=404).contains(&answer), "{path}: {answer}");
    }
    for query in ["$top=1&$top=2", "$top=1&%24top=2", "unknown=1", "$top=x", "$filter=%zz"] {
        let answer = world.get(&key, &format!("/groups?{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
    }
    assert!(world.power_bi().await.is_empty(), "{:?}", world.power_bi().await);
}

/// Sends a request line as it stands, which no client library would.
async fn raw(world: &World, key: &str, target: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = world.url.strip_prefix("http://").unwrap();
    let port = host.rsplit(':').next().unwrap();
    let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let line = String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    line.split(' ')
        .nth(1)
        .and_then(|it| it.parse().ok())
        .unwrap_or_else(|| panic!("{target}: {line}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_named_headers_of_a_client_reach_power_bi() {
    let (world, key) = with_key(CY).await;
    let mut request = world.ask(Method::GET, &key, "/powerbi/v1.0/myorg/groups");
    let kept_back = [
        "cookie",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-ms-client-request-id",
        "proxy-authorization",
        "x-original-url",
        "gatepost-trace",
        "x_under",
    ];
    for name in kept_back {
        request = request.header(name, "canary");
    }
    assert_eq!(request.send().await.unwrap().status(), 200);
    let asked = world.power_bi().await;
    let headers = asked[0]["headers"].as_object().unwrap();
    assert!(
        !headers.values().any(|it| it.to_string().contains("canary")),
        "{headers:?}"
    );
    assert!(!asked[0].to_string().contains(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_can_be_read_in_two_ways_is_not_sent() {
    let (world, key) = with_key(BO).await;
    let path = format!("/powerbi/v1.0/myorg/datasets/{SALES_MODEL}/executeQueries");
    let cases: [(&str, Vec<u8>, u16, &str); 8] = [
        (
            "application/json",
            br#"{"queries":[],"queries":[{"query":"x"}]}"#.to_vec(),
            400,
            "body_invalid",
        ),
        (
            "application/json",
            b"{\"queries\":[{\"query\":\"x\"}]} {}".to_vec(),
            400,
            "body_invalid",
        ),
        ("application/json", b"\xef\xbb\xbf{}".to_vec(), 400, "body_invalid"),
        (
            "application/json",
            b"{\"Queries\":[{\"query\":\"x\"}],\"queries\":[{\"query\":\"y\"}]}".to_vec(),
            400,
            "arguments_invalid",
        ),
        ("application/json", b"{}".to_vec(), 400, "arguments_invalid"),
        (
            "text/plain",
            b"{\"queries\":[{\"query\":\"x\"}]}".to_vec(),
            415,
            "media_type",
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x--\r\n".to_vec(),
            415,
            "media_type",
        ),
        ("application/x-www-form-urlencoded", b"a=b".to_vec(), 415, "media_type"),
    ];
    for (kind, body, status, code) in cases {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let sent = world
            .ask(Method::POST, &key, &path)
            .header("content-type", kind)
            .body(body)
            .send();
        let found = problem(sent.await.unwrap()).await;
        assert_eq!((found.0, found.1.as_str()), (status, code), "{kind} {shown}");
    }
    assert!(world.power_bi().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused_before_it_is_judged() {
    let world = World::with(|settings| settings.request_body_bytes = 1000).await;
    let guest = world.connect(CY).await;
    let key = world.key(&guest.person).await;
    let path = format!("/powerbi/v1.0/myorg/datasets/{SALES_MODEL}/executeQueries");
    let body = json!({"queries": [{"query": "x".repeat(2000)}]});
    let answer = world.ask(Method::POST, &key, &path).json(&body).send().await.unwrap();
    assert_eq!(problem(answer).await.0, 413);
    assert!(world.power_bi().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_refused_and_told_which_fit() {
    let (world, key) = with_key(BO).await;
    for method in ["OPTIONS", "TRACE"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = world
            .ask(method.clone(), &key, "/powerbi/v1.0/myorg/groups")
            .header("origin", "https://evil.test");
        let answer = answer.send().await.unwrap();
        assert!(
            !answer.headers().contains_key("access-control-allow-origin"),
            "{method}"
        );
        assert!(
            [405, 501].contains(&answer.status().as_u16()),
            "{method}: {}",
            answer.status()
        );
    }
    let head = world
        .ask(Method::HEAD, &key, "/powerbi/v1.0/myorg/groups")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()["allow"].to_str().unwrap()),
        (405, "GET, POST, PUT, PATCH, DELETE")
    );
    let put = world
        .ask(Method::PUT, &key, "/powerbi/v1.0/myorg/groups")
        .send()
        .await
        .unwrap();
    assert_eq!(put.headers()["allow"], "GET, POST");
    assert_eq!(problem(put).await.1, "method_not_allowed");
    assert!(world.power_bi().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_approval_is_not_sent_and_says_where_to_ask() {
    let (world, key) = with_key(BO).await;
    let path = format!("/powerbi/v1.0/myorg/groups/{SALES}/datasets/{SALES_MODEL}/refreshes");
    let body = json!({"notifyOption": "NoNotification"});
    let answer = world.ask(Method::POST, &key, &path).json(&body).send().await.unwrap();
    let (status, code, body) = problem(answer).await;
    assert_eq!((status, code.as_str()), (403, "approval_required"));
    assert!(
        body["link"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{}/approvals/", world.url))
    );
    let delete = world
        .ask(Method::DELETE, &key, &format!("/powerbi/v1.0/myorg/groups/{SALES}"))
        .send()
        .await
        .unwrap();
    assert_eq!(problem(delete).await.1, "denied");
    assert!(world.power_bi().await.is_empty());
    assert_eq!(world.entries_of("call.refused").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_call_says_when_to_come_back() {
    let (world, key) = with_key(CY).await;
    let rule =
        json!({"kind": "status", "path": "/v1.0/myorg/groups", "status": 429, "headers": {"Retry-After": "3000"}});
    world.fault(rule).await;
    let answer = world.get(&key, "/groups").await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "3000");
    assert_eq!(answer.headers()["gatepost-error"], "power_bi_throttled");
}
