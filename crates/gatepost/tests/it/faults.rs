//! Bad input and faults: each ends in a clear answer for whoever is there, an audit entry, and nothing lost.

use sandbox::visitor::{Page, Visitor};
use serde_json::{Value, json};

use crate::oauth::CB;
use crate::world::{CY, OWNER, World, sign_in_at_microsoft};

const GROUPS: &str = "/v1.0/myorg/groups";

/// A whole sign-in of a new browser; the page at which it ends, be it the client's address or a page that says why not.
async fn sign_in(world: &World) -> Page {
    let client = world.register_client(&[CB]).await;
    let mut browser = Visitor::new();
    browser.stop_at(CB);
    let page = browser
        .open(&world.authorize_url(&client, CB, "powerbi.read"))
        .await
        .unwrap();
    let there = browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    sign_in_at_microsoft(&mut browser, there, CY).await
}

/// Whether the journey ended at the client, with a code of ours: Microsoft's own stands in the address of a page of ours too.
fn came_back(page: &sandbox::visitor::Page) -> bool {
    page.url.as_str().starts_with(CB) && page.parameter("code").is_some()
}

#[tokio::test]
async fn what_microsoft_refuses_at_sign_in_is_told_recorded_and_gone_with_the_next_try() {
    let aadsts = |code: u32| json!({ "endpoint": "token", "kind": "aadsts", "code": code, "remaining": 1 });
    let cases = [
        (
            "a wrong secret",
            aadsts(7_000_215),
            "microsoft_refused",
            &["AADSTS7000215", "secret"][..],
        ),
        (
            "an expired secret",
            aadsts(7_000_222),
            "microsoft_refused",
            &["AADSTS7000222", "expired"],
        ),
        (
            "an unknown directory",
            aadsts(90_002),
            "microsoft_refused",
            &["AADSTS90002", "irectory"],
        ),
        (
            "an unknown application",
            aadsts(700_016),
            "microsoft_refused",
            &["AADSTS700016", "Client ID"],
        ),
        (
            "consent that only an administrator gives",
            aadsts(90_094),
            "needs_administrator",
            &["AADSTS90094", "dministrator"],
        ),
        (
            "a redirect address that differs",
            aadsts(50_011),
            "microsoft_refused",
            &["AADSTS50011", "redirect address under authentication"],
        ),
        (
            "Microsoft down",
            json!({ "endpoint": "token", "kind": "status", "status": 503, "remaining": 1 }),
            "microsoft_refused",
            &["try again"],
        ),
        (
            "a connection that is cut",
            json!({ "endpoint": "token", "kind": "cut", "remaining": 1 }),
            "microsoft_refused",
            &["try again"],
        ),
    ];
    for (what, fault, reason, words) in cases {
        let world = World::new().await;
        world.fault(fault).await;
        let page = sign_in(&world).await;
        assert!(
            [403, 502].contains(&page.status),
            "{what}: {} {}",
            page.status,
            page.text()
        );
        let text = page.text().to_lowercase();
        for word in words {
            assert!(
                text.contains(&word.to_lowercase()),
                "{what}: {word} is missing in {text}"
            );
        }
        let entries = world.entries_of("connection.refused").await;
        assert_eq!(entries.len(), 1, "{what}");
        assert_eq!(entries[0]["details"]["reason"], reason, "{what}");
        let page = sign_in(&world).await;
        assert!(came_back(&page), "{what}: {}", page.text());
    }
}

/// UPS-11: the keys cannot be had at first, later on, and are then replaced; only at first does anybody notice.
#[tokio::test]
async fn people_sign_in_through_outages_and_changes_of_microsofts_keys() {
    let world = World::new().await;
    let out_of_order = json!({ "endpoint": "keys", "kind": "status", "status": 503 });
    world.fault(out_of_order.clone()).await;
    let page = sign_in(&world).await;
    assert_eq!(page.status, 502, "{}", page.text());
    assert!(page.text().contains("again"), "{}", page.text());
    assert_eq!(world.entries_of("connection.refused").await.len(), 1);
    let signs_in = async |what: &str| {
        let page = sign_in(&world).await;
        assert!(came_back(&page), "{what}: {}", page.text());
    };
    world.sandbox.faults().clear();
    world.advance_seconds(6);
    signs_in("once they can be had").await;
    world.fault(out_of_order).await;
    world.advance_seconds(2 * 3600);
    signs_in("with the last good ones").await;
    world.sandbox.faults().clear();
    world.advance_seconds(6 * 60);
    let new = world.http.post(format!("{}/sandbox/keys", world.sandbox_url));
    let new = new.json(&json!({ "retire": true })).send().await.unwrap();
    assert!(new.status().is_success());
    signs_in("with a key that is new").await;
}

/// DOS-10: whoever signs with a key that nobody published, however often, and whoever comes while there are none at all.
#[tokio::test]
async fn unknown_keys_ask_microsoft_for_its_keys_once_in_minutes() {
    let world = World::new().await;
    let asked = async || world.ledger("kind=entra&path=/keys").await.len();
    world
        .fault(json!({ "endpoint": "keys", "kind": "status", "status": 503 }))
        .await;
    for _ in 0..12 {
        assert_eq!(sign_in(&world).await.status, 502);
    }
    assert_eq!(asked().await, 1, "none at all: asked for again after seconds");
    world.sandbox.faults().clear();
    world.advance_seconds(6);
    assert!(came_back(&sign_in(&world).await));
    assert_eq!(asked().await, 2);
    for _ in 0..12 {
        let new = world.http.post(format!("{}/sandbox/keys", world.sandbox_url));
        let new = new.json(&json!({ "retire": true })).send().await.unwrap();
        assert!(new.status().is_success());
        let page = sign_in(&world).await;
        assert!(page.text().contains("does not publish"), "{}", page.text());
    }
    assert_eq!(asked().await, 2, "twelve unknown keys within five minutes");
    world.advance_seconds(5 * 60);
    assert!(came_back(&sign_in(&world).await));
    assert_eq!(asked().await, 3);
}

#[tokio::test]
async fn a_callback_that_comes_twice_or_late_is_recorded() {
    let world = World::new().await;
    for late in [false, true] {
        let client = world.register_client(&[CB]).await;
        let mut browser = Visitor::new();
        browser.stop_at(&format!("{}/integration-callback", world.url));
        let page = browser
            .open(&world.authorize_url(&client, CB, "powerbi.read"))
            .await
            .unwrap();
        let there = browser
            .submit(&page, "/authorize", &[("answer", "approve")])
            .await
            .unwrap();
        let callback = sign_in_at_microsoft(&mut browser, there, CY).await.url;
        if late {
            world.advance_seconds(601);
        } else {
            assert_eq!(browser.clone().peek(callback.as_str()).await.unwrap().status, 303);
        }
        let before = world.entries_of("connection.refused").await.len();
        let page = browser.peek(callback.as_str()).await.unwrap();
        assert_eq!(page.status, 400);
        assert!(page.text().contains("connect again"), "{}", page.text());
        let entries = world.entries_of("connection.refused").await;
        assert_eq!(entries.len(), before + 1);
        assert_eq!(entries[before]["details"]["reason"], "flow_unknown");
    }
}

/// A fault of one call, and how it must look from outside.
struct Case {
    what: &'static str,
    fault: Value,
    status: u16,
    /// Of the header `gatepost-error`.
    code: &'static str,
    /// Somewhere in the header `gatepost-hint` or in the answer's own hint.
    hint: &'static str,
    /// The entry's outcome.
    outcome: &'static str,
}

fn cases() -> Vec<Case> {
    let status =
        |status: u16, headers: Value| json!({ "path": GROUPS, "kind": "status", "status": status, "headers": headers });
    let case = |what, fault, status, code, hint, outcome| Case {
        what,
        fault,
        status,
        code,
        hint,
        outcome,
    };
    vec![
        case(
            "slow",
            json!({ "path": GROUPS, "kind": "delay", "ms": 2500 }),
            504,
            "power_bi_timeout",
            "Try again",
            "failed",
        ),
        case(
            "cut off",
            json!({ "path": GROUPS, "kind": "cut" }),
            502,
            "power_bi_unreachable",
            "Try again",
            "failed",
        ),
        case(
            "no right",
            status(401, json!({})),
            401,
            "power_bi_rights",
            "",
            "refused_by_power_bi",
        ),
        case(
            "throttled for long",
            status(429, json!({ "retry-after": "55" })),
            429,
            "power_bi_throttled",
            "wait before trying again",
            "refused_by_power_bi",
        ),
        case(
            "broken inside",
            status(500, json!({})),
            500,
            "power_bi_fault",
            "",
            "refused_by_power_bi",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_at_power_bi_is_told_recorded_and_gone_with_the_next_call() {
    let world = World::with(|it| it.power_bi_timeout_seconds = 1).await;
    let cy = world.connect(CY).await;
    let key = world.key(&cy.person).await;
    for case in cases() {
        let what = case.what;
        let rule = armed(&world, &case.fault).await;
        let answer = world.get(&key, "/groups").await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.unwrap();
        assert_eq!(status, case.status, "{what}: {headers:?} {body}");
        let header = |name: &str| {
            headers
                .get(name)
                .map(|it| it.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        assert_eq!(header("gatepost-error"), case.code, "{what}: {body}");
        let hint = header("gatepost-hint") + &body;
        assert!(hint.len() > 20 && hint.contains(case.hint), "{what}: {hint}");
        if status == 429 {
            assert_eq!(header("retry-after"), "55");
        }
        let closed = world.entries_of("call.closed").await.pop().unwrap();
        assert_eq!(closed["details"]["outcome"], case.outcome, "{what}");
        assert_eq!(
            closed["trace"].as_str(),
            Some(header("gatepost-trace").as_str()),
            "{what}"
        );
        let url = format!("{}/sandbox/faults/{rule}", world.sandbox_url);
        world.http.delete(url).send().await.unwrap();
        world.advance_seconds(60);
        assert_eq!(world.get(&key, "/groups").await.status(), 200, "after {what}");
    }
}

/// Arms a fault and gives the number of its rule.
async fn armed(world: &World, rule: &Value) -> u64 {
    let url = format!("{}/sandbox/faults", world.sandbox_url);
    let armed: Value = world
        .http
        .post(url)
        .json(rule)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    armed["id"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_by_itself_is_not_even_noticed() {
    let world = World::new().await;
    let cy = world.connect(CY).await;
    let key = world.key(&cy.person).await;
    let token_expired = json!({ "x-powerbi-error-info": "TokenExpired" });
    for (what, status, headers) in [
        ("an old token", 403, token_expired),
        ("a short pause", 429, json!({ "retry-after": "1" })),
    ] {
        world
            .fault(json!({ "path": GROUPS, "kind": "status", "status": status, "headers": headers, "remaining": 1 }))
            .await;
        assert_eq!(world.get(&key, "/groups").await.status(), 200, "{what}");
        let closed = world.entries_of("call.closed").await.pop().unwrap();
        assert_eq!(closed["details"]["outcome"], "answered", "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_none_is_told_what_was_expected_and_recorded() {
    let world = World::with(|it| it.request_body_bytes = 1000).await;
    let cy = world.connect(CY).await;
    let key = world.key(&cy.person).await;
    let proxy = format!("{}/powerbi/v1.0/myorg", world.url);
    let query = format!("{proxy}/datasets/5a4db0c5-0011-4000-8000-000000000001/executeQueries");
    let mcp = format!("{}/mcp", world.url);
    let post = |url: &str, body: String| {
        world
            .http
            .post(url)
            .bearer_auth(&key)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body)
    };
    let requests = [
        ("malformed JSON-RPC", post(&mcp, "{\"jsonrpc\":".into()), 400, "-32700"),
        ("no JSON-RPC", post(&mcp, "[]".into()), 400, "-32600"),
        (
            "too large for agents",
            post(&mcp, format!("\"{}\"", "x".repeat(1_100_000))),
            413,
            "",
        ),
        (
            "too large for the proxy",
            post(&query, format!("\"{}\"", "x".repeat(1100))),
            413,
            "request_body_bytes",
        ),
        ("no JSON", post(&query, "{\"queries\":".into()), 400, "JSON"),
        (
            "no such operation",
            world.http.get(format!("{proxy}/grups")).bearer_auth(&key),
            404,
            "/groups",
        ),
        (
            "no such method",
            world.http.delete(format!("{proxy}/groups")).bearer_auth(&key),
            405,
            "GET",
        ),
    ];
    for (what, request, status, word) in requests {
        // Within a minute, what one person repeats is counted in one entry.
        world.advance_seconds(61);
        let before = world.entries_of("request.refused").await.len();
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        let body = answer.text().await.unwrap();
        assert!(body.contains(word), "{what}: {body}");
        let entries = world.entries_of("request.refused").await;
        assert_eq!(entries.len(), before + 1, "{what}");
        assert!(
            entries[before]["details"]["reason"]
                .as_str()
                .is_some_and(|it| !it.is_empty()),
            "{what}"
        );
    }
    assert!(world.ledger("kind=powerbi").await.is_empty());
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}

#[tokio::test]
async fn a_session_that_ran_out_leads_back_to_where_one_was() {
    let world = World::new().await;
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    let groups = browser.open(&format!("{}/groups", world.url)).await.unwrap();
    assert_eq!((groups.status, groups.url.path()), (200, "/groups"));
    world.advance_seconds(9 * 3600);
    let lost = browser
        .submit(&groups, "/groups", &[("name", "Analysts")])
        .await
        .unwrap();
    assert!(
        lost.url.path() == "/sign-in" || lost.status == 403,
        "{} {}",
        lost.url,
        lost.text()
    );
    assert!(
        world.entries_of("group.created").await.is_empty(),
        "nothing happens for nobody"
    );
    let page = browser.open(&format!("{}/groups", world.url)).await.unwrap();
    assert_eq!(page.url.path(), "/sign-in");
    let back = browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    assert_eq!((back.status, back.url.path()), (200, "/groups"), "{}", back.text());
}
