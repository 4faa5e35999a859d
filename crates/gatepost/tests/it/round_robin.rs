//! No stickiness: a balancer before two replicas gives every request to the other one (security row RAC-06).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::oauth::{CB, text};
use crate::replicas::replica;
use crate::world::{ADA, OWNER, VERIFIER, World};

/// Passes each request on to the next of its places, on a connection of its own.
#[derive(Clone, Default)]
struct Balancer {
    places: Arc<Mutex<Vec<String>>>,
    next: Arc<AtomicUsize>,
    /// Which place was asked what, in order.
    asked: Arc<Mutex<Vec<(usize, String)>>>,
}

async fn pass_on(State(it): State<Balancer>, request: Request) -> Response {
    let (place, url) = {
        let places = it.places.lock().unwrap();
        let at = it.next.fetch_add(1, Ordering::SeqCst) % places.len();
        (at, places[at].clone())
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().as_str();
    let line = format!("{} {}", parts.method, parts.uri.path());
    it.asked.lock().unwrap().push((place, line));
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.no_proxy().build().unwrap();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let asked = client
        .request(parts.method, format!("{url}{path}"))
        .headers(parts.headers);
    let answer = asked.body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    *response.headers_mut().unwrap() = answer.headers().clone();
    response.headers_mut().unwrap().remove("transfer-encoding");
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

/// A world whose public address is a balancer before two replicas.
#[expect(
    clippy::disallowed_methods,
    reason = "what it lacks, a balancer of a test does not need"
)]
async fn balanced() -> (World, Balancer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let balancer = Balancer::default();
    let app = axum::Router::new().fallback(pass_on).with_state(balancer.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let world = World::with(|it| it.public_url = url.clone()).await;
    assert_eq!(world.url, url);
    let places = vec![replica(&world).await, replica(&world).await];
    *balancer.places.lock().unwrap() = places;
    (world, balancer)
}

/// RAC-06: sign-in, consent, Microsoft's answer, tokens, and both eras of MCP, each hop at the other replica.
#[tokio::test(flavor = "multi_thread")]
async fn every_hop_of_a_journey_may_come_to_another_replica() {
    let (world, balancer) = balanced().await;
    // As it comes, and turned round: each hop is at either replica once.
    for turn in 0..2 {
        balancer.next.store(turn, Ordering::SeqCst);
        journey(&world).await;
    }
    let asked = balancer.asked.lock().unwrap().clone();
    for line in [
        "GET /authorize",
        "POST /authorize",
        "GET /integration-callback",
        "POST /token",
        "POST /mcp",
        "POST /sign-in",
    ] {
        let mut places: Vec<usize> = asked.iter().filter(|(_, it)| it == line).map(|(at, _)| *at).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places, [0, 1], "{line}");
    }
}

async fn journey(world: &World) {
    let mut ada = world.connect(ADA).await;
    let client = world.register_client(&[CB]).await;
    ada.browser.stop_at(CB);
    let page = ada
        .browser
        .open(&world.authorize_url(&client, CB, "powerbi.read"))
        .await
        .unwrap();
    let back = ada
        .browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    let code = back.parameter("code").unwrap();
    let mut pair = crate::oauth::token(
        world,
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CB),
            ("client_id", &client),
            ("code_verifier", VERIFIER),
        ],
    )
    .await;
    for _ in 0..3 {
        assert_eq!(pair.0, 200, "{}", pair.1);
        let refresh = text(&pair.1, "refresh_token");
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &refresh),
            ("client_id", &client),
        ];
        pair = crate::oauth::token(world, &fields).await;
    }
    let access = text(&pair.1, "access_token");
    legacy(world, &access).await;
    modern(world, &access).await;
    portal(world).await;
}

async fn mcp(
    world: &World,
    access: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> (reqwest::header::HeaderMap, Value) {
    let request = world.http.post(format!("{}/mcp", world.url)).bearer_auth(access);
    let request = request.header("accept", "application/json, text/event-stream");
    let request = headers
        .iter()
        .fold(request, |it, (name, value)| it.header(*name, *value));
    let answer = request.json(&body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let told = answer.text().await.unwrap();
    assert!(status.is_success(), "{status} {told}");
    let last = told.lines().rfind(|line| line.starts_with("data: "));
    let json = last.map_or(&told[..], |line| &line["data: ".len()..]);
    (headers, serde_json::from_str(json).unwrap_or_default())
}

/// The era of sessions: each request of one session at another replica.
async fn legacy(world: &World, access: &str) {
    let rpc = |id: i64, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let hello =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let (headers, told) = mcp(world, access, &[], rpc(1, "initialize", hello)).await;
    assert_eq!(told["result"]["protocolVersion"], "2025-11-25", "{told}");
    let session = headers.get("mcp-session-id").map(|it| it.to_str().unwrap().to_owned());
    let mut with = vec![("mcp-protocol-version", "2025-11-25")];
    if let Some(session) = &session {
        with.push(("mcp-session-id", session));
    }
    mcp(
        world,
        access,
        &with,
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
    )
    .await;
    for id in 2..6 {
        let (_, told) = mcp(world, access, &with, rpc(id, "tools/list", json!({}))).await;
        assert!(told["result"]["tools"].is_array(), "{told}");
        let call = json!({ "name": "find_items", "arguments": { "text": "Finance" } });
        let (_, told) = mcp(world, access, &with, rpc(id, "tools/call", call)).await;
        assert!(!told["result"]["isError"].as_bool().unwrap_or_default(), "{told}");
    }
}

/// The era without sessions.
async fn modern(world: &World, access: &str) {
    for _ in 0..4 {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "name": "whoami", "arguments": {}, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "whoami"),
        ];
        let (_, told) = mcp(world, access, &headers, body).await;
        assert!(told["result"]["content"].is_array(), "{told}");
    }
}

/// A browser: the form at one replica, its answer at the other, and pages after that.
async fn portal(world: &World) {
    let mut browser = sandbox::visitor::Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let fields = [("email", OWNER.0), ("password", OWNER.1)];
    let inside = browser.submit(&page, "/sign-in", &fields).await.unwrap();
    assert_eq!(inside.status, 200, "{}", inside.text());
    for path in ["/people", "/policies", "/activity", "/people"] {
        let page = browser.open(&format!("{}{path}", world.url)).await.unwrap();
        assert_eq!((page.status, page.url.path()), (200, path));
    }
}
