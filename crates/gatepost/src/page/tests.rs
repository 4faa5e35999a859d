//! Rendering: every template parses, what comes from outside stays text, ways back stay here.

use serde_json::json;

use super::answer::{content_policy, return_path};
use super::{Leaving, Page, initials, render, templates};
use crate::clock::Timestamp;

#[test]
fn every_template_parses_and_every_asset_it_names_exists() {
    let names = templates::names();
    assert!(25 < names.len(), "{names:?}");
    for file in ["app.css", "app.js", "icons.svg", "mark.svg"] {
        assert!(
            super::asset(file).is_some_and(|it| it.starts_with("/assets/")),
            "{file}"
        );
    }
    assert_eq!(super::asset("../Cargo.toml"), None);
}

#[test]
fn a_missing_value_is_a_fault_and_not_an_empty_place() {
    let page = Page::alone("Sign in", "token", Timestamp(0));
    assert!(render("sign_in.html", &page, json!({})).is_err());
    assert!(render("no_such.html", &page, json!({})).is_err());
    assert!(render("sign_in.html", &page, json!("text")).is_err());
}

fn consent(name: &str, host: &str, is_loopback: bool) -> String {
    let details = json!({
        "client_name": name, "environment": "Production", "person": "Ada Byron", "returns_to": host, "is_loopback": is_loopback, "is_own_scheme": false,
        "client_kind": "dynamic", "sign_in_first": null, "client_host": null,
        "reaches": [{ "text": "read Power BI as you", "groups": ["Reports"] }], "goes_to_microsoft": true, "integration": "Power BI", "action": "/authorize",
        "hidden": [{ "name": "state", "value": "\"><script>" }],
    });
    render(
        "consent_client.html",
        &Page::alone("Allow", "token", Timestamp(0)),
        details,
    )
    .expect("the consent page renders")
}

#[test]
fn the_consent_page_shows_a_clients_name_as_text_and_its_host_prominently() {
    let hostile = "Claude\u{202e}<img src=x onerror=alert(1)>";
    let html = consent(hostile, "evil.example", false);
    assert!(html.contains("unverified client") && html.contains("evil.example"));
    assert!(!html.contains("<img src=x") && !html.contains("\"><script>"));
    // A change of the direction of writing ends with the name.
    assert!(html.contains("<bdi class=\"untrusted\">“Claude"));
    assert!(!html.contains("your own computer"));
    assert!(consent("Claude", "localhost:1234", true).contains("your own computer"));
}

#[test]
fn only_plain_paths_of_ours_are_ways_back() {
    for fine in [
        "/",
        "/activity?kind=call.&since=2026-11-01",
        "/approvals/0195-ab",
        "/people/x~y_z",
    ] {
        assert_eq!(return_path(fine), Some(fine));
    }
    let long = format!("/{}", "a".repeat(600));
    for bad in [
        "",
        "//evil.example",
        "/\\evil",
        "https:evil",
        "https://evil",
        "/a//b",
        "/%2f",
        "/a?x=%2f",
        "/a b",
        "/a\n",
        "/ü",
        "/a#b",
        "/a?b?c",
        "evil",
        &long,
    ] {
        assert_eq!(return_path(bad), None, "{bad}");
    }
}

#[test]
fn a_policy_takes_addresses_forms_may_end_at_and_nothing_that_breaks_out() {
    let addresses = [
        "http://127.0.0.1:33418/callback",
        "cursor://x/y",
        "javascript:alert(1)",
        "x; script-src *",
    ]
    .map(str::to_owned);
    let policy = content_policy(&Leaving::Departs(addresses.to_vec()));
    let policy = policy.to_str().expect("a policy is text");
    assert!(
        policy.contains("form-action 'self' https: http://127.0.0.1:33418 cursor:; frame"),
        "{policy}"
    );
    assert!(
        !content_policy(&Leaving::Stays)
            .to_str()
            .expect("a policy is text")
            .contains("https:")
    );
}

#[test]
fn initials_are_of_the_first_and_the_last_name() {
    for (name, short) in [
        ("Ada Byron", "AB"),
        ("Ada", "A"),
        ("ada augusta king", "AK"),
        ("", ""),
        ("(x) y", "XY"),
        ("Ödön von Horváth", "ÖH"),
    ] {
        assert_eq!(initials(name), short);
    }
}
