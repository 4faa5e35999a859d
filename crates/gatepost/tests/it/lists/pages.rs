//! Ten thousand and one of everything: the last one is found by search and by turning the pages, and counted.

use http::header::RETRY_AFTER;
use http::{Method, StatusCode};

use super::many::{MANY, of_everything, run};
use crate::portal::sample::{Sample, sample};
use crate::portal::{Browser, NOW};

/// A list: its page, the prefix of its words in the address, what the last of all rows says, and what its pages count.
const LISTS: &[(&str, &str, &str, &str)] = &[
    ("/people", "", "Zed 10001", "people"),
    ("/people", "invited_", "guest10001@example.com", "invitations"),
    ("/connections", "", "account10001@contoso.test", "connections"),
    ("/keys", "", "Key 10001", "keys"),
    ("/agents", "all_", "Zclient 10001", "agents"),
    ("/clients", "", "Zclient 10001", "clients"),
    ("/groups", "", "Zgroup 10001", "groups"),
    ("/groups/group-1", "", "Zed 10001", "members"),
    ("/groups/group-2", "add_", "Zed 10001", "people outside"),
    ("/policies", "", "Zpolicy 10001", "policies"),
];

async fn full() -> Sample {
    let it = sample().await;
    let environment = it.owner.environment.0.clone();
    of_everything(
        &it.gateway.app.db,
        &environment,
        &it.integration.id.0,
        NOW.0 - 1_000_000_000,
    )
    .await;
    it
}

/// The address of a page, with words for one of its lists.
fn address(path: &str, prefix: &str, words: &[(&str, &str)]) -> String {
    let pairs = words.iter().map(|(name, value)| (format!("{prefix}{name}"), *value));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}

async fn body(browser: &mut Browser<'_>, address: &str) -> String {
    let answer = browser.get(address).await;
    assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.body);
    assert!(answer.body.len() < 200_000, "{address} has {} bytes", answer.body.len());
    answer.body
}

/// What a page says how many there are: `1 to 50 of 10 001 people`.
fn counted(body: &str, what: &str) -> i64 {
    let plain = body.replace('\u{202f}', "");
    let (before, _) = plain
        .split_once(&format!(" {what}</span>"))
        .unwrap_or_else(|| panic!("no count of {what}"));
    before.rsplit(['>', ' ']).next().unwrap().parse().unwrap()
}

/// An API key, a client, a connection or a person that is not found is one that cannot be revoked or locked.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_ten_thousand_is_found_by_search_and_by_turning_the_pages() {
    let it = full().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    for (path, prefix, last, what) in LISTS {
        let first = body(&mut ada, path).await;
        assert!(
            !first.contains(last),
            "{path} {what}: the first page holds the last row"
        );
        let total = counted(&first, what);
        assert!((MANY..MANY + 10).contains(&total), "{path}: {total} {what}");
        let found = body(&mut ada, &address(path, prefix, &[("q", last)])).await;
        // The field still says what was searched for.
        let rows = found.replace(&format!("value=\"{last}\""), "");
        assert!(rows.contains(last), "{path} {what}: not found by search");
        let pages = ["20", "25", "50"].map(|size: &str| total / size.parse::<i64>().unwrap() + 1);
        let end = pages.iter().max().unwrap().to_string();
        let end = body(&mut ada, &address(path, prefix, &[("page", &end)])).await;
        assert!(
            end.contains(last) && end.contains("rel=\"prev\""),
            "{path} {what}: not on the last page"
        );
    }
}

/// The way from page to page is a link, so it needs no script.
#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_on_from_one_to_the_next_without_script() {
    let it = full().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let mut at = "/people?q=zed&sort=newest".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let page = body(&mut ada, &at).await;
        seen.extend(
            page.match_indices("/people/p")
                .map(|(at, _)| page[at..].split('"').next().unwrap().to_owned()),
        );
        let (before, _) = page.split_once("\">Next</a>").expect("there is a next page");
        at = before
            .rsplit("href=\"")
            .next()
            .unwrap()
            .replace("&amp;", "&")
            .replace("&#x2f;", "/");
    }
    assert_eq!(seen.len(), 200, "four pages of fifty, none twice");
}

/// What was cut at 500 could not be revoked: it was looked for in the list.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_far_down_a_list_can_be_ended() {
    let it = full().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    for (path, to) in [
        ("/keys/k10001/revoke", "/keys?done=revoked"),
        ("/agents/g10001/revoke", "/agents?done=revoked"),
        ("/connections/c10001/disconnect", "/connections?done=disconnected"),
        ("/people/p10001/lock", "/people/p10001?done=saved"),
        ("/people/invitations/i10001/withdraw", "/people?done=deleted"),
        ("/groups/group-10001/delete", "/groups?done=deleted"),
        ("/policies/policy-10001/delete", "/policies?done=policy-deleted"),
    ] {
        let answer = ada.post(path, &[]).await;
        assert_eq!(answer.location(), to, "{path}: {}", answer.body);
    }
    let person = body(&mut ada, "/people/p10001").await;
    assert!(person.contains("Locked"), "{person}");
}

/// Every figure is what there is, not what a page could hold.
#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_everything() {
    let it = full().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let overview = body(&mut ada, "/").await.replace('\u{202f}', "");
    assert!(
        overview.contains(&format!("<b>{}</b><span>connections</span>", MANY + 2)),
        "{overview}"
    );
    let integrations = body(&mut ada, "/integrations").await.replace('\u{202f}', "");
    assert!(
        integrations.contains(&format!("<td class=\"end\">{}</td>", MANY + 2)),
        "{integrations}"
    );
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    let own = body(&mut bob, "/").await;
    assert!(own.contains("<b>1</b><span>connection</span>"), "{own}");
}

/// ISO-07, WEB-22: whatever the address says, a person's lists hold what is theirs.
#[tokio::test(flavor = "multi_thread")]
async fn no_word_in_the_address_widens_what_a_person_sees() {
    let it = full().await;
    let environment = &it.owner.environment;
    let others = format!(
        "INSERT INTO approvals (id, environment_id, person_id, plan_hash, plan, summary, asked_through, state, created_at, expires_at)
         SELECT 'of-another', '{environment}', 'p1', plan_hash || plan_hash, '{{}}', 'Zed asks', 'Zed agent', 'pending', created_at, expires_at FROM approvals WHERE id = '{}'",
        it.approval
    );
    run(&it.gateway.app.db, &others).await;
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    for query in [
        "q=Key",
        "show=active&sort=name&page=1",
        "page=200",
        "all_q=Zed&all_page=2",
        "person=p1",
        "who=Zed",
        "before=99999999&person=p1",
        "q=%25",
        "q=' OR 1=1 --",
        "sort=k.id; DROP TABLE people",
        "show=)--",
    ] {
        for path in [
            "/keys",
            "/agents",
            "/connections",
            "/approvals",
            "/activity",
            "/account",
        ] {
            let body = body(&mut bob, &format!("{path}?{}", query.replace(' ', "%20"))).await;
            for other in ["Key 0", "Zed ", "Zclient", "account0", "Ada"] {
                assert!(!body.contains(other), "{path}?{query} tells Bob of {other}");
            }
        }
    }
}

/// Whoever asks for many pages at once is told to come back; others get theirs meanwhile.
#[tokio::test]
async fn many_pages_of_one_person_at_once_are_refused_and_others_get_theirs() {
    let it = sample().await;
    let bob = it.gateway.signed_in("bob@example.com").await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let many = (0..40).map(|_| it.gateway.send(bob.request(Method::GET, "/activity", &[])));
    let (pages, other) = tokio::join!(futures_util::future::join_all(many), ada.get("/people"));
    assert_eq!(other.status, StatusCode::OK, "{}", other.body);
    let (made, refused): (Vec<_>, Vec<_>) = pages.iter().partition(|it| it.status == StatusCode::OK);
    assert!(!made.is_empty() && !refused.is_empty(), "{} were made", made.len());
    for it in refused {
        assert_eq!(it.status, StatusCode::TOO_MANY_REQUESTS, "{}", it.body);
        assert!(it.headers.contains_key(RETRY_AFTER));
    }
}

/// What stands for something else in a search stands for itself; what no name holds does no harm.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_taken_literally() {
    let it = full().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let group = |name: &'static str| gatepost::admin::create_group(&it.gateway.app, &it.owner, name);
    for name in ["100% of_us", "back\\slash", "Ärzte", "quote' OR 1=1 --"] {
        group(name).await.unwrap();
    }
    for (searched, found) in [
        ("100%", 1),
        ("%", 1),
        ("_", 1),
        ("of_us 100%", 1),
        ("\\", 1),
        ("ärzte", 1),
        ("ÄRZTE", 1),
        ("' OR 1=1 --", 1),
        ("ZGROUP 10001", 1),
        ("zgroup nothing", 0),
    ] {
        let page = body(&mut ada, &address("/groups", "", &[("q", searched)])).await;
        assert_eq!(
            page.matches("<td><a class=\"strong\" href=\"&#x2f;groups&#x2f;")
                .count()
                + page.matches("<td><a class=\"strong\" href=\"/groups/").count(),
            found,
            "{searched}: {page}"
        );
    }
    let long = "x".repeat(5_000);
    for odd in ["\0", "a\u{0}b", "\u{7}", long.as_str()] {
        for path in ["/groups", "/people", "/keys", "/clients", "/activity", "/approvals"] {
            for name in [
                "q", "kind", "person", "trace", "who", "page", "before", "sort", "show", "since",
            ] {
                body(&mut ada, &address(path, "", &[(name, odd)])).await;
            }
        }
    }
}

/// A rule keeps the people it names, also those whom the form does not offer by itself.
#[tokio::test(flavor = "multi_thread")]
async fn saving_a_policy_drops_nobody_it_names() {
    let it = full().await;
    // No environment may have so many that one more is saved.
    run(&it.gateway.app.db, "DELETE FROM policies WHERE id LIKE 'policy-%'").await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let fields = [
        ("name", "About the last one"),
        ("enabled", "yes"),
        ("written", "form"),
        ("action", "deny"),
        ("effects", "read"),
        ("people", "p10001"),
        ("groups", "group-10001"),
        ("clients", "k10001"),
    ];
    let saved = ada.post("/policies", &fields).await;
    assert_eq!(saved.location(), "/policies?done=policy-saved", "{}", saved.body);
    let list = body(&mut ada, &address("/policies", "", &[("q", "last one")])).await;
    assert!(list.contains("Zed 10001") && list.contains("key Key 10001"), "{list}");
    let (_, rest) = list.split_once("<h2><a href=\"/policies/").expect("a link to it");
    let id = rest.split('"').next().unwrap().to_owned();
    let form = body(&mut ada, &format!("/policies/{id}")).await;
    for chosen in ["p10001", "group-10001", "k10001"] {
        assert!(
            form.contains(&format!("value=\"{chosen}\" checked")),
            "{chosen} is not offered again"
        );
    }
}
