//! Clients that describe themselves at an address of their own: what is believed, and what is never asked of anybody
//! (security rows AS-03, AS-21, AS-22, PRX-07, PRX-08, PRX-09).

mod maker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepost::client_metadata::{Names, Reach};
use sandbox::visitor::Visitor;
use serde_json::{Value, json};

use crate::oauth::{CB, text, token};
use crate::world::{ADA, VERIFIER, World, sign_in_at_microsoft};
use maker::{Maker, Sentinel};

const ID: &str = "https://client.example/oauth/client.json";

fn described() -> Value {
    json!({ "client_id": ID, "client_name": "Example agent", "redirect_uris": ["http://localhost/cb", "https://client.example/cb"], "token_endpoint_auth_method": "none" })
}

/// A world in which every name leads to the maker's server.
async fn world(maker: &Maker) -> World {
    let address = maker.address;
    World::reaching(maker.reach(Arc::new(move |_: &str| vec![address]))).await
}

async fn open(world: &World, id: &str) -> (u16, String) {
    let answer = world
        .http
        .get(world.authorize_url(id, CB, "powerbi.read"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers().get("location"), None, "{id}");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A pair of tokens from a browser of its own.
async fn device(world: &World) -> Value {
    let mut browser = Visitor::new();
    browser.stop_at(CB);
    let page = browser
        .open(&world.authorize_url(ID, CB, "powerbi.read"))
        .await
        .unwrap();
    assert!(
        page.text().contains("client.example") && page.text().contains("Example agent"),
        "{}",
        page.text()
    );
    let there = browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    let code = back.parameter("code").unwrap_or_else(|| panic!("{}", back.text()));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CB),
        ("client_id", ID),
        ("code_verifier", VERIFIER),
    ];
    let (status, pair) = token(world, &fields).await;
    assert_eq!(status, 200, "{pair}");
    pair
}

async fn refresh(world: &World, pair: &Value) -> (u16, Value) {
    let old = text(pair, "refresh_token");
    token(
        world,
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", &old),
            ("client_id", ID),
        ],
    )
    .await
}

/// AS-22
#[tokio::test]
async fn a_described_client_needs_no_registration_and_each_device_stands_alone() {
    let maker = Maker::start().await;
    maker.json("/oauth/client.json", &described());
    let world = world(&maker).await;
    let url = format!("{}/.well-known/oauth-authorization-server", world.url);
    let metadata: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    assert!(
        metadata["token_endpoint_auth_methods_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("none"))
    );
    let (first, second) = (device(&world).await, device(&world).await);
    let (status, first) = refresh(&world, &first).await;
    assert_eq!(status, 200);
    let revoked = world
        .http
        .post(format!("{}/revoke", world.url))
        .form(&[("client_id", ID), ("token", &text(&first, "refresh_token"))]);
    assert_eq!(revoked.send().await.unwrap().status(), 200);
    assert_eq!(refresh(&world, &first).await.0, 400);
    assert_eq!(refresh(&world, &second).await.0, 200, "the other device keeps working");
    let wrong = world.authorize_url(ID, "https://client.example/other", "powerbi.read");
    assert_eq!(
        world.http.get(wrong).send().await.unwrap().status(),
        400,
        "the redirect address is not in the description"
    );
    assert_eq!(maker.asked(), 1, "and it was read once");
}

/// AS-03, AS-21
#[tokio::test]
async fn a_description_that_is_not_exactly_right_describes_nobody() {
    let maker = Maker::start().await;
    let world = world(&maker).await;
    let with = |name: &str, value: Value| {
        let mut it = described();
        it[name] = value;
        it
    };
    let mut bad = vec![
        with("client_id", json!("https://client.example/other.json")),
        with("client_id", json!("https://CLIENT.example/oauth/client.json")),
        with("client_id", Value::Null),
        with("client_secret", json!("s3cret")),
        with("client_secret_expires_at", json!(0)),
        with("token_endpoint_auth_method", json!("client_secret_basic")),
        with("redirect_uris", json!([])),
        with("redirect_uris", json!("https://client.example/cb")),
        with("grant_types", json!(["client_credentials"])),
        json!([described()]),
        json!("text"),
    ];
    for address in [
        "https://*.client.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://client.example/cb",
        "https://client.example/cb#x",
    ] {
        bad.push(with("redirect_uris", json!([address])));
    }
    for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"] {
        bad.push(with(name, json!("javascript:alert(1)")));
    }
    for document in bad {
        maker.json("/oauth/client.json", &document);
        assert_eq!(open(&world, ID).await.0, 400, "{document}");
        world.advance_seconds(31);
    }
    maker.json("/oauth/client.json", &described());
    assert_eq!(open(&world, ID).await.0, 200, "the last failure is not kept for long");
}

/// AS-21
#[tokio::test]
async fn an_answer_that_is_large_packed_slow_or_leads_elsewhere_is_not_read() {
    let maker = Maker::start().await;
    let world = world(&maker).await;
    let body = described().to_string();
    let padded = body.replacen('{', &format!("{{{}", " ".repeat(200_000)), 1);
    let plain = "content-type: application/json";
    maker.raw(
        "/large",
        &format!(
            "HTTP/1.1 200 OK\r\n{plain}\r\ncontent-length: {}\r\n\r\n{padded}",
            padded.len()
        ),
    );
    maker.raw("/endless", &format!("HTTP/1.1 200 OK\r\n{plain}\r\n\r\n{padded}"));
    maker.raw(
        "/packed",
        &format!(
            "HTTP/1.1 200 OK\r\n{plain}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    maker.raw(
        "/html",
        &format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    maker.raw(
        "/untyped",
        &format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
    );
    maker.raw(
        "/moved",
        &format!("HTTP/1.1 302 Found\r\nlocation: {ID}\r\ncontent-length: 0\r\n\r\n"),
    );
    maker.raw(
        "/broken",
        &format!(
            "HTTP/1.1 500 No\r\n{plain}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    maker.raw(
        "/created",
        &format!(
            "HTTP/1.1 201 Created\r\n{plain}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    maker.raw("/silent", "");
    maker.raw("/drips", maker::DRIPS);
    let mut texts = Vec::new();
    for path in [
        "large", "endless", "packed", "html", "untyped", "moved", "broken", "created", "nowhere", "drips", "silent",
    ] {
        let begun = std::time::Instant::now();
        let (status, text) = open(&world, &format!("https://client.example/{path}")).await;
        assert_eq!(status, 400, "{path}");
        assert!(begun.elapsed().as_secs() < 8, "{path} took {:?}", begun.elapsed());
        texts.push(text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "one text, whatever happened");
    let before = maker.asked();
    for _ in 0..5 {
        assert_eq!(open(&world, "https://client.example/broken").await.0, 400);
    }
    assert_eq!(maker.asked(), before, "nobody makes us knock again and again");
}

/// PRX-07, PRX-09
#[tokio::test]
async fn no_address_of_a_client_makes_us_connect_to_the_inside() {
    let (maker, sentinel) = (Maker::start().await, Sentinel::start().await);
    let inside: Vec<SocketAddr> = vec![sentinel.address];
    let port = sentinel.address.port();
    let names: Names = Arc::new(move |host: &str| match host {
        "nobody.example" => vec![],
        "mapped.example" => vec![format!("[::ffff:127.0.0.1]:{port}").parse().unwrap()],
        "loopback.example" => vec![format!("[::1]:{port}").parse().unwrap()],
        "any.example" => vec![format!("0.0.0.0:{port}").parse().unwrap()],
        "closed.example" => vec!["127.0.0.1:1".parse().unwrap()],
        "link.example" => vec!["169.254.169.254:443".parse().unwrap()],
        _ => inside.clone(),
    });
    let world = World::reaching(maker.reach(names)).await;
    let mut texts = Vec::new();
    for id in [
        format!("https://inside.example:{port}/x"),
        "https://inside.example/x".into(),
        "https://nobody.example/x".into(),
        "https://mapped.example/x".into(),
        "https://loopback.example/x".into(),
        "https://any.example/x".into(),
        "https://closed.example/x".into(),
        "https://link.example/x".into(),
        format!("https://127.0.0.1:{port}/x"),
        "https://127.0.0.1/x".into(),
        "https://2130706433/x".into(),
        "https://0x7f000001/x".into(),
        "https://0177.0.0.1/x".into(),
        "https://[::1]/x".into(),
        "https://[64:ff9b::7f00:1]/x".into(),
        "https://localhost/x".into(),
        "https://localhost./x".into(),
        "https://user@inside.example/x".into(),
        format!("http://inside.example:{port}/x"),
        format!("http://127.0.0.1:{port}/x"),
        "ftp://inside.example/x".into(),
        "gopher://inside.example/x".into(),
    ] {
        let (status, text) = open(&world, &id).await;
        assert_eq!(status, 400, "{id}");
        texts.push(text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "one text, whatever answers where: {texts:?}");
    assert_eq!((sentinel.connects(), maker.asked()), (0, 0));
}

/// PRX-08
#[tokio::test]
async fn a_name_is_resolved_once_and_one_inner_address_refuses_it() {
    let (maker, sentinel) = (Maker::start().await, Sentinel::start().await);
    let lookups = Arc::new(AtomicUsize::new(0));
    let (outside, inside, counted) = (maker.address, sentinel.address, lookups.clone());
    let names: Names = Arc::new(move |host: &str| match host {
        "mixed.example" => vec![outside, inside],
        // Public at the first look, inside at every later one.
        "rebinding.example" if counted.fetch_add(1, Ordering::SeqCst) == 0 => vec![outside],
        _ => vec![inside],
    });
    let world = World::reaching(maker.reach(names)).await;
    assert_eq!(open(&world, "https://mixed.example/x").await.0, 400);
    assert_eq!((maker.asked(), sentinel.connects()), (0, 0));
    let id = "https://rebinding.example/x";
    let mut document = described();
    document["client_id"] = json!(id);
    maker.json("/x", &document);
    assert_eq!(open(&world, id).await.0, 200);
    assert_eq!((lookups.load(Ordering::SeqCst), maker.asked()), (1, 1));
    // Once the description is no longer fresh the name is looked up anew, and leads inside now: no open connection helps.
    world.advance_seconds(24 * 3600 + 1);
    assert_eq!(open(&world, id).await.0, 400);
    assert_eq!((maker.asked(), sentinel.connects()), (1, 0));
}

/// AS-21
#[tokio::test]
async fn a_description_is_read_again_when_its_time_is_over_and_a_failure_is_no_success() {
    let maker = Maker::start().await;
    let world = world(&maker).await;
    maker.cached("/oauth/client.json", &described(), "max-age=600");
    for _ in 0..5 {
        assert_eq!(open(&world, ID).await.0, 200);
    }
    assert_eq!(maker.asked(), 1);
    maker.raw("/oauth/client.json", "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    world.advance_seconds(599);
    assert_eq!(open(&world, ID).await.0, 200);
    world.advance_seconds(2);
    assert_eq!(
        open(&world, ID).await.0,
        400,
        "what is over is not used, and a failure is not kept as a description"
    );
    assert_eq!(maker.asked(), 2);
}

#[tokio::test]
async fn well_known_clients_work_without_asking_anybody() {
    let maker = Maker::start().await;
    let world = World::reaching(Reach {
        names: Some(Arc::new(|_: &str| vec![])),
        ..maker.reach(Arc::new(|_: &str| vec![]))
    })
    .await;
    for (id, redirect) in [
        (
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://claude.ai/api/mcp/auth_callback",
        ),
        (
            "https://claude.ai/oauth/claude-code-client-metadata",
            "http://localhost:54321/callback",
        ),
        (
            "https://chatgpt.com/oauth/client.json",
            "https://chatgpt.com/connector_platform_oauth_redirect",
        ),
        (
            "https://chatgpt.com/oauth/codex/client.json",
            "http://127.0.0.1:4321/callback",
        ),
        (
            "https://vscode.dev/oauth/client-metadata.json",
            "http://127.0.0.1:33418/",
        ),
    ] {
        let page = world
            .http
            .get(world.authorize_url(id, redirect, "powerbi.read"))
            .send()
            .await
            .unwrap();
        assert_eq!(page.status(), 200, "{id}");
        let other = world
            .http
            .get(world.authorize_url(id, "https://evil.example/cb", "powerbi.read"))
            .send()
            .await
            .unwrap();
        assert_eq!(other.status(), 400, "{id}");
    }
    assert_eq!(maker.asked(), 0);
}

/// DOS-11: two dozen slow descriptions once kept nearly everybody from being read, and the failure was kept.
#[tokio::test(flavor = "multi_thread")]
async fn slow_descriptions_keep_nobody_elses_from_being_read() {
    let maker = Maker::start().await;
    let world = Arc::new(world(&maker).await);
    maker.json("/oauth/client.json", &described());
    let slow = (0..24).map(|at| {
        let (world, path) = (world.clone(), format!("/slow-{at}"));
        maker.raw(&path, maker::DRIPS);
        tokio::spawn(async move { open(&world, &format!("https://client.example{path}")).await.0 })
    });
    let slow: Vec<_> = slow.collect();
    while maker.asked() < 4 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let (status, page) = open(&world, ID).await;
    assert_eq!(status, 200, "{page}");
    assert!(slow.iter().any(|it| !it.is_finished()), "those are slow still");
    for it in slow {
        assert_eq!(it.await.unwrap(), 400);
    }
}
