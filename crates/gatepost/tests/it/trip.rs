//! A client's sign-in from consent back to the client: whose it is, what consent shows, and the window it runs in.

use gatepost::admin::{self, ClientInput, Refused};
use gatepost::store::clients::{self, Client};
use http::StatusCode;
use sandbox::visitor::{Page, Visitor};
use serde_json::{Value, json};

use crate::oauth::{CB, text};
use crate::world::{ADA, OWNER, World, sign_in_at_microsoft};

async fn register(world: &World, body: &Value) -> (u16, Value) {
    let request = world.http.post(format!("{}/register", world.url)).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// AS-01, AS-02, AS-03
#[tokio::test]
async fn only_normal_forms_of_addresses_are_registered_by_anybody() {
    let world = World::new().await;
    for address in [
        "http://127.1/",
        "http://127.1:7777/cb",
        "http://0x7f.1/",
        "http://0x7f000001/cb",
        "http://2130706433/cb",
        "http://017700000001/cb",
        "http://127.0.0.1.:80/cb",
        "HTTP://LOCALHOST/",
        "http://LOCALHOST/cb",
        "http://localhost:80/cb",
        "http://localhost:/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://0.0.0.0/cb",
        "https://CLAUDE.ai/cb",
        "https://claude.ai:443/cb",
        "https://claude.ai:0443/cb",
        "https://claude.ai/a/../cb",
        "https://claude.ai./cb",
        "https://claude.ai?x=1",
        "https:claude.ai/cb",
        "https:///claude.ai/cb",
        "https://claude.ai/\tcb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
    ] {
        let (status, refused) = register(&world, &json!({ "redirect_uris": [address] })).await;
        assert_eq!(
            (status, text(&refused, "error")),
            (400, "invalid_redirect_uri".into()),
            "{address}: {refused}"
        );
        assert!(
            text(&refused, "error_description").contains("expected"),
            "{address}: {refused}"
        );
        let input = ClientInput {
            name: "House".into(),
            auth_method: "none".into(),
            redirects: vec![address.to_owned()],
            introspects: false,
        };
        let entered = admin::create_client(&world.app, &world.owner_caller(), &input).await;
        assert!(matches!(entered, Err(Refused::Invalid(_))), "{address}");
    }
    for address in [
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.ai",
        "https://claude.ai/",
        "https://claude.ai:8443/cb?x=1",
        "http://localhost",
        "http://localhost:7777/cb",
        "http://127.0.0.1:33418/",
        "http://[::1]:7777/cb",
        "cursor://anysphere.cursor-deeplink/callback",
        "com.example.app:/callback",
    ] {
        let (status, made) = register(&world, &json!({ "redirect_uris": [address] })).await;
        assert_eq!(status, 201, "{address}: {made}");
    }
}

/// AS-01
#[tokio::test]
async fn an_address_registered_without_a_path_may_be_asked_for_with_its_one_slash() {
    let world = World::new().await;
    for (registered, asked, wanted) in [
        ("https://app.example", "https://app.example", 200),
        ("https://app.example", "https://app.example/", 200),
        ("https://app.example", "https://app.example//", 400),
        ("https://app.example", "https://app.example/cb", 400),
        ("https://app.example", "https://app.example?x", 400),
        ("https://app.example/", "https://app.example", 400),
        ("https://app.example/cb", "https://app.example/cb/", 400),
        ("http://localhost", "http://localhost:7777", 200),
        ("http://localhost", "http://localhost:7777/", 200),
        ("http://localhost/cb", "http://localhost:7777/cb/", 400),
        ("http://localhost/cb", "http://127.1:7777/cb", 400),
    ] {
        let client = world.register_client(&[registered]).await;
        let request = world.http.get(world.authorize_url(&client, asked, "powerbi.read"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), wanted, "{registered} asked as {asked}");
        assert!(answer.headers().get("location").is_none());
    }
}

async fn consent(world: &World, client: &str, redirect: &str) -> String {
    let request = world.http.get(world.authorize_url(client, redirect, "powerbi.read"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

/// AS-20
#[tokio::test]
async fn consent_shows_who_an_address_belongs_to_and_warns_of_ones_own_machine() {
    let world = World::new().await;
    for (address, shown, hidden) in [
        (
            "com.evil.app://claude.ai/cb",
            "opens com.evil.app: addresses",
            "<strong class=\"untrusted\">claude.ai",
        ),
        (
            "cursor://claude.ai/cb",
            "opens cursor: addresses",
            "<strong class=\"untrusted\">claude.ai",
        ),
        (
            "https://claude.ai/cb",
            "<strong class=\"untrusted\">claude.ai</strong>",
            "Any program running there",
        ),
        ("http://localhost:7777/cb", "Any program running there", "opens"),
        ("http://127.0.0.1/cb", "Any program running there", "opens"),
        ("http://[::1]/cb", "Any program running there", "opens"),
    ] {
        let client = world.register_client(&[address]).await;
        let page = consent(&world, &client, address).await;
        assert!(page.contains(shown), "{address}: {page}");
        assert!(!page.contains(hidden), "{address}: {page}");
    }
    // What registered before only normal forms were taken is still told for what it is.
    for (at, address) in ["http://127.1/", "http://0x7f.1/", "HTTP://LOCALHOST/"]
        .into_iter()
        .enumerate()
    {
        let old = Client {
            id: format!("old-{at}").as_str().into(),
            kind: "dynamic".into(),
            name: "Claude".into(),
            redirect_uris: json!([address]).to_string(),
            secret_hash: None,
            auth_method: "none".into(),
            application_type: "native".into(),
            metadata: "{}".into(),
            created_at: world.clock.now(),
            used_at: None,
            expires_at: None,
            environment_id: None,
            created_by: None,
        };
        clients::create(&world.app.db, &old).await.unwrap();
        let page = consent(&world, &old.id.0, address).await;
        assert!(page.contains("Any program running there"), "{address}: {page}");
    }
}

/// AS-20
#[tokio::test]
async fn names_that_pretend_to_be_somebody_else_are_shown_as_a_clients_own_words() {
    let world = World::new().await;
    for (asked, shown) in [
        ("Claude", "Claude"),
        ("the portal", "the portal"),
        ("Cl\u{200b}au\u{2060}de", "Claude"),
        ("\u{202e}edualC", "edualC"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
    ] {
        let (_, made) = register(&world, &json!({ "client_name": asked, "redirect_uris": [CB] })).await;
        let page = consent(&world, &text(&made, "client_id"), CB).await;
        let name = format!("Let the client <bdi class=\"untrusted\">“{shown}”</bdi>");
        assert!(
            page.contains(&name) && page.contains("unverified client"),
            "{asked}: {page}"
        );
    }
    let (_, made) = register(
        &world,
        &json!({ "client_name": "x".repeat(500), "redirect_uris": [CB] }),
    )
    .await;
    assert_eq!(text(&made, "client_name").len(), 80);
}

async fn signed_in_as_owner(world: &World, browser: &mut Visitor) {
    let page = browser.open(&format!("{}/sign-in?again=1", world.url)).await.unwrap();
    let fields = [("email", OWNER.0), ("password", OWNER.1)];
    let entered = browser.submit(&page, "/sign-in", &fields).await.unwrap();
    assert_eq!(entered.status, 200, "{}", entered.text());
}

/// CB-02, AS-29
#[tokio::test]
async fn a_trip_ends_with_whom_it_was_made_or_not_at_all() {
    let world = World::new().await;
    let client = world.register_client(&[CB]).await;
    for swap in [false, true] {
        let mut browser = Visitor::new();
        browser.stop_at(&format!("{}/authorize/resume", world.url));
        let asked = browser
            .open(&world.authorize_url(&client, CB, "powerbi.read"))
            .await
            .unwrap();
        let there = browser
            .submit(&asked, "/authorize", &[("answer", "approve")])
            .await
            .unwrap();
        let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
        assert_eq!(back.url.path(), "/authorize/resume", "{}", back.text());
        if swap {
            signed_in_as_owner(&world, &mut browser).await;
        }
        let end: Page = browser.peek(back.url.as_str()).await.unwrap();
        let location = end.headers.get("location").map(|it| it.to_str().unwrap().to_owned());
        match swap {
            false => assert!(location.unwrap().contains("code="), "{}", end.text()),
            true => assert_eq!((end.status, location), (403, None), "{}", end.text()),
        }
    }
    assert_eq!(world.entries_of("client.consented").await.len(), 1);
}

/// WEB-09
#[tokio::test]
async fn the_whole_trip_of_a_client_keeps_the_window_that_opened_it_and_nothing_else_does() {
    let world = World::new().await;
    let client = world.register_client(&[CB]).await;
    let asking = world.authorize_url(&client, CB, "powerbi.read");
    let policy = async |method: http::Method, path: &str| {
        let address = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", world.url)
        };
        let answer = world.http.request(method, address).send().await.unwrap();
        let policy = answer.headers()["cross-origin-opener-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        (answer.status().as_u16(), policy)
    };
    let get = http::Method::GET;
    let mut trip: Vec<(http::Method, String)> = gatepost::sign_in::ROUTES
        .iter()
        .filter(|(_, path)| path.starts_with("/sign-in"))
        .map(|(method, path)| (method.parse().unwrap(), (*path).to_owned()))
        .collect();
    for path in [
        asking.as_str(),
        "/authorize",
        "/authorize/again?r=eA",
        "/authorize/resume?flow=x",
        "/integration-callback?code=x&state=y",
    ] {
        trip.push((get.clone(), path.to_owned()));
    }
    trip.push((http::Method::POST, "/authorize".to_owned()));
    for (method, path) in trip {
        let (status, found) = policy(method.clone(), &path).await;
        assert_eq!(found, "unsafe-none", "{method} {path}: {status}");
    }
    // The real thing, hop by hop: consent, Microsoft's way back, the client.
    let mut browser = Visitor::new();
    browser.stop_at(&world.sandbox_url);
    let page = browser.open(&asking).await.unwrap();
    assert_eq!(page.headers["cross-origin-opener-policy"], "unsafe-none");
    for (method, path) in [
        (&get, "/"),
        (&get, "/setup"),
        (&get, "/keys"),
        (&get, "/step-up"),
        (&get, "/account"),
        (&get, "/invitation/x"),
        (&get, "/.well-known/oauth-authorization-server"),
        (&http::Method::POST, "/sign-out"),
        (&http::Method::POST, "/token"),
        (&http::Method::POST, "/mcp"),
        (&get, "/nothing"),
    ] {
        let (status, found) = policy(method.clone(), path).await;
        assert_eq!(found, "same-origin", "{method} {path}: {status}");
    }
}
