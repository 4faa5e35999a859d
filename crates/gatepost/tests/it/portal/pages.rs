//! Every page on sample data, as a snapshot of what is between `<main>` and `</main>`.

use http::StatusCode;

use super::sample::{Sample, sample};
use super::{Answer, Browser, Gateway};

/// What differs from build to build, not from page to page.
fn settled(body: &str) -> String {
    let mut text = body.to_owned();
    for (file, _) in [("app", "css"), ("app", "js"), ("icons", "svg"), ("mark", "svg")] {
        while let Some(at) = text
            .find(&format!("/assets/{file}-"))
            .or_else(|| text.find(&format!("&#x2f;assets&#x2f;{file}-")))
        {
            let start = at + text[at..].find(&format!("{file}-")).unwrap() + file.len();
            text.replace_range(start..start + 9, "");
        }
    }
    // A hash covers every entry before it, whatever wrote them.
    if let Some(at) = text.find("hash <code>").map(|it| it + "hash <code>".len()) {
        text.replace_range(at..at + 64, "[hash]");
    }
    text.replace(env!("CARGO_PKG_VERSION"), "[version]")
}

fn main_of(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = settled(&answer.body);
    let (_, rest) = body.split_once("<main").expect("a page has a main part");
    let (main, _) = rest.split_once("</main>").expect("a page has a main part");
    let lines: Vec<_> = main.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    format!("<main{}", lines.join("\n"))
}

async fn shown(browser: &mut Browser<'_>, path: &str) -> String {
    main_of(&browser.get(path).await)
}

fn paths(it: &Sample) -> Vec<(&'static str, String)> {
    let at = |name, path: &str| (name, path.to_owned());
    vec![
        at("overview", "/"),
        at("connections", "/connections"),
        ("connect", format!("/connections/connect/{}", it.integration.id)),
        (
            "connect_missing",
            format!("/connections/connect/{}?missing", it.integration.id),
        ),
        at("agents", "/agents"),
        at("connect_an_agent", "/connect-an-agent"),
        at("keys", "/keys"),
        at("approvals", "/approvals"),
        ("approval", format!("/approvals/{}", it.approval)),
        at("activity", "/activity?kind=policy."),
        at("activity_calls", "/activity?kind=call.refused"),
        at("trace", "/activity/trace/trace-23-4"),
        at("account", "/account"),
        at("integrations", "/integrations"),
        at("integration_new", "/integrations/new"),
        (
            "integration",
            format!("/integrations/{}?done=integration-saved", it.integration.id),
        ),
        at("policies", "/policies"),
        at("policy_new_cedar", "/policies/new?as=cedar"),
        ("policy_as_cedar", format!("/policies/{}?as=cedar", it.policy)),
        at("people", "/people"),
        ("person", format!("/people/{}", it.person)),
        at("groups", "/groups"),
        at("clients", "/clients"),
        at("client", "/clients/one?id=client-of-claude"),
    ]
}

#[tokio::test]
async fn every_page_of_the_owner_looks_as_it_did() {
    let sample = sample().await;
    let mut ada = sample.gateway.signed_in("ada@example.com").await;
    for (name, path) in paths(&sample) {
        insta::assert_snapshot!(format!("owner_{name}"), shown(&mut ada, &path).await);
    }
}

#[tokio::test]
async fn a_person_sees_their_own_and_no_more() {
    let sample = sample().await;
    let mut bob = sample.gateway.signed_in("bob@example.com").await;
    for path in ["/", "/connections", "/agents", "/keys", "/approvals", "/activity"] {
        let name = path.trim_start_matches('/');
        let body = shown(&mut bob, path).await;
        assert!(!body.contains("Ada"), "{path} tells Bob of Ada");
        insta::assert_snapshot!(
            format!("person_{}", if name.is_empty() { "overview" } else { name }),
            body
        );
    }
}

#[tokio::test]
async fn an_empty_gateway_teaches_the_next_step() {
    let (gateway, _) = Gateway::with_owner().await;
    let mut ada = gateway.signed_in("ada@example.com").await;
    for path in [
        "/",
        "/integrations",
        "/connections",
        "/agents",
        "/keys",
        "/approvals",
        "/groups",
        "/clients",
    ] {
        let name = path.trim_start_matches('/');
        insta::assert_snapshot!(
            format!("empty_{}", if name.is_empty() { "overview" } else { name }),
            shown(&mut ada, path).await
        );
    }
}

#[tokio::test]
async fn the_frame_has_navigation_and_no_inline_code() {
    let sample = sample().await;
    let mut ada = sample.gateway.signed_in("ada@example.com").await;
    let mut all: Vec<String> = paths(&sample).into_iter().map(|(_, path)| path).collect();
    all.extend(["/settings", "/policies/new", &format!("/policies/{}", sample.policy)].map(str::to_owned));
    for path in all {
        let answer = ada.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        for inline in [" style=", " onclick=", " onload=", "<style", "javascript:"] {
            assert!(!answer.body.contains(inline), "{path} has {inline}");
        }
        assert_eq!(answer.body.matches("<script").count(), 1, "{path}");
        assert!(
            answer.body.contains("aria-current=\"page\"") || path == "/account",
            "{path}"
        );
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
    insta::assert_snapshot!(
        "frame",
        settled(ada.get("/account").await.body.split("<main").next().unwrap())
            .lines()
            .map(str::trim_end)
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    );
}

/// WEB-10
#[tokio::test]
async fn names_from_outside_are_shown_as_text() {
    let sample = sample().await;
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    gatepost::admin::rename_environment(&sample.gateway.app, &sample.owner, hostile)
        .await
        .unwrap();
    gatepost::admin::create_group(&sample.gateway.app, &sample.owner, hostile)
        .await
        .unwrap();
    let mut ada = sample.gateway.signed_in("ada@example.com").await;
    for path in [
        "/",
        "/groups",
        "/settings",
        "/policies/new",
        "/activity",
        &format!("/people/{}", sample.person),
    ] {
        let body = ada.get(path).await.body;
        assert!(body.contains("&lt;script&gt;alert(1)"), "{path} does not show it");
        assert!(
            !body.contains("<script>alert") && !body.contains("<img src=x"),
            "{path} lets it through"
        );
    }
}
