//! What one caller sends again and again fills neither the log nor a page of it, and is shown as what it is.

use gatepost::page::{visible, visible_lines};
use serde_json::{Value, json};

use super::approved::Asking;
use super::log::texts;
use crate::world::World;

/// AUD-09: the first refusal is an entry at once; more of the same within a minute are one entry with their number.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_of_one_person_are_counted_in_one_entry() {
    let it = Asking::of(World::new().await).await;
    let world = &it.world;
    let bad = || async {
        let url = format!("{}/powerbi/v1.0/myorg/datasets/x/executeQueries", world.url);
        let answer = world
            .http
            .post(url)
            .bearer_auth(&it.key)
            .header("content-type", "application/json")
            .body("{bad")
            .send();
        assert_eq!(answer.await.unwrap().status(), 400);
    };
    let refused = || world.entries_of("request.refused");
    bad().await;
    assert_eq!(refused().await.len(), 1, "the first at once");
    for _ in 0..50 {
        bad().await;
    }
    assert_eq!(refused().await.len(), 1);
    // Another reason is another entry.
    assert_eq!(world.get(&it.key, "/nothing").await.status(), 404);
    assert_eq!(refused().await.len(), 2);
    world.advance_seconds(61);
    gatepost::jobs::due(&world.app).await.unwrap();
    let all = refused().await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[2]["details"]["repeated"], 50, "{}", all[2]);
    assert_eq!(all[2]["person"], all[0]["person"]);
    // The next begins a new minute; its number is on record when the gateway stops.
    bad().await;
    bad().await;
    gatepost::call::leave(&world.app, std::time::Duration::ZERO).await;
    let all = refused().await;
    assert_eq!((all.len(), &all[4]["details"]["repeated"]), (5, &json!(1)));
}

/// AUD-09: refusals by policy, and beyond the bound of open requests, are counted too; each new request for approval is an
/// entry, and so is whatever is sent.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_of_a_refused_call_are_counted_and_nothing_that_was_sent_is() {
    let it = Asking::of(World::new().await).await;
    let world = &it.world;
    let refused = || world.entries_of("call.refused");
    let delete = async |key: &str, number: usize| {
        let url = format!(
            "{}/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-{number:012}",
            world.url
        );
        let answer = world.http.delete(url).bearer_auth(key).send().await.unwrap();
        assert_eq!(answer.headers()["gatepost-error"], "denied");
    };
    delete(&it.key, 0).await;
    assert_eq!(refused().await.len(), 1, "the first at once");
    world.advance_seconds(10);
    for number in 0..50 {
        delete(&it.key, number % 3).await;
        assert_eq!(world.get(&it.key, "/groups").await.status(), 200);
    }
    assert_eq!(refused().await.len(), 1);
    assert_eq!(world.entries_of("call.opened").await.len(), 50);
    // Another client and another operation are entries of their own.
    let person = world.app.db.clone();
    let person = texts(&person, "SELECT person_id FROM api_keys").await.remove(0).into();
    delete(&world.key(&person).await, 0).await;
    assert_eq!(refused().await.len(), 2);
    for number in 0..40 {
        let body = json!({ "updateDetails": [{ "name": "N", "newValue": number.to_string() }] });
        let word = it.post("Default.UpdateParameters", &body).await.1;
        assert_eq!(
            word,
            if number < 20 {
                "approval_required"
            } else {
                "too_many_approvals"
            },
            "{number}"
        );
    }
    assert_eq!(refused().await.len(), 2 + 20 + 1);
    world.advance_seconds(61);
    gatepost::jobs::due(&world.app).await.unwrap();
    let all = refused().await;
    let counts: Vec<u64> = all.iter().filter_map(|it| it["details"]["repeated"].as_u64()).collect();
    assert_eq!((all.len(), counts.iter().sum()), (25, 50 + 19), "{counts:?}");
    let counted = all.iter().find(|it| it["details"]["repeated"] == 50).unwrap();
    let at = |name: &str| {
        counted["details"][name].as_str().unwrap()[17..19]
            .parse::<i64>()
            .unwrap()
    };
    assert_eq!((at("until") - at("since") + 60) % 60, 10, "{counted}");
    assert_eq!(counted["details"]["items"].as_array().unwrap().len(), 3, "{counted}");
    let page = super::inside::owner(world)
        .await
        .open(&format!("{}/activity?kind=call.refused", world.url))
        .await
        .unwrap();
    assert!(page.body.contains("50 times more, "), "{}", page.body);
}

/// A minute's count that the log did not take is kept until it does.
#[tokio::test(flavor = "multi_thread")]
async fn no_count_of_refusals_is_lost_while_the_log_cannot_be_written() {
    let it = Asking::of(World::new().await).await;
    for _ in 0..4 {
        assert_eq!(it.world.get(&it.key, "/admin/groups?$top=1").await.status(), 403);
    }
    super::log::tamper(&it.world.app.db, "ALTER TABLE audit_entries RENAME TO gone").await;
    it.world.advance_seconds(61);
    assert!(
        it.world
            .app
            .audit
            .store_counts(it.world.clock.now(), false)
            .await
            .is_err()
    );
    super::log::tamper(&it.world.app.db, "ALTER TABLE gone RENAME TO audit_entries").await;
    it.world
        .app
        .audit
        .store_counts(it.world.clock.now(), false)
        .await
        .unwrap();
    let all = it.world.entries_of("call.refused").await;
    assert_eq!((all.len(), &all[1]["details"]["repeated"]), (2, &json!(3)));
}

/// No argument makes an entry large; what is not kept is known by number and by the digest of all of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_bounded_whatever_its_call_holds() {
    let it = Asking::of(World::new().await).await;
    let path = "executeQueries";
    let query = json!([{ "query": "EVALUATE ROW(\"a\", 1)" }]);
    let many: Vec<u32> = (0..100_000).collect();
    let names: Value = (0..20_000)
        .map(|at| (format!("n{at}"), json!(at)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let deep = (0..100).fold(json!("x".repeat(5000)), |inner, _| json!({ "in": [inner.clone(), 1] }));
    for extra in [json!(many), names, deep, json!("y".repeat(500_000))] {
        it.post(path, &json!({ "queries": query, "extra": extra })).await;
    }
    // What is noted beside the arguments is bounded too: everybody for whom a call would speak.
    let users = (0..3_000).map(|at| json!({ "username": format!("{at:0100}"), "datasets": ["x"] }));
    let token = json!({ "datasets": [{ "id": "x" }], "identities": users.collect::<Vec<_>>() });
    let url = format!("{}/powerbi/v1.0/myorg/GenerateToken", it.world.url);
    let sent = it.world.http.post(url).bearer_auth(&it.key).json(&token).send();
    assert_eq!(sent.await.unwrap().status(), 403);
    let longest = texts(
        &it.world.app.db,
        "SELECT entry FROM audit_entries ORDER BY length(entry) DESC LIMIT 1",
    )
    .await;
    assert!(longest[0].len() < 18_000, "{} bytes", longest[0].len());
    let opened = it.world.entries_of("call.opened").await;
    assert!(!opened.is_empty());
    for entry in &opened {
        assert_eq!(entry["details"]["arguments_sha256"].as_str().unwrap().len(), 64);
    }
    let large = &opened[0]["details"]["arguments"];
    assert!(100_000 < large["bytes"].as_u64().unwrap(), "{large}");
    assert_eq!(large["first"]["body"]["queries"], query, "what comes first is kept");
}

/// AUD-07: what turns or hides letters is written out where people read plans and entries.
#[test]
fn letters_that_turn_or_hide_are_shown_as_numbers() {
    for (text, shown) in [
        ("plain Ümläut 漢字 🙂", "plain Ümläut 漢字 🙂"),
        ("a\u{202e}b", "a\\u{202e}b"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
        ("zero\u{200b}width", "zero\\u{200b}width"),
        ("\u{1b}[2J", "\\u{1b}[2J"),
        ("tag\u{e0041}", "tag\\u{e0041}"),
        ("one\ntwo", "one\\u{a}two"),
    ] {
        assert_eq!(visible(text), shown);
    }
    assert_eq!(visible_lines("one\n\u{202e}two"), "one\n\\u{202e}two");
}
