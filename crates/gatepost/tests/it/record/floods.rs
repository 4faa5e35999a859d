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
