//! Tests of the search over operations, of what is told of one, and of how long answers are cut.

use catalogue::Catalogue;
use serde_json::{Value, json};

use super::call::Shown;
use super::describe;
use super::find::{index, words};

fn best(text: &str) -> Vec<&'static str> {
    let words = words(text);
    let mut hits: Vec<_> = index()
        .iter()
        .filter_map(|it| Some((it.score(&words)?, it.operation.id.as_str())))
        .collect();
    hits.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    hits.into_iter().take(4).map(|(_, id)| id).collect()
}

#[test]
fn words_of_people_find_the_operation_they_mean() {
    for (text, wanted) in [
        ("cancel refresh", "datasets.cancel_refresh"),
        ("list workspaces", "groups.list"),
        ("add user to workspace", "groups.add_user"),
        ("refresh semantic model", "datasets.refresh"),
        ("deploy pipeline stage", "pipelines.deploy_all"),
        ("activity events", "admin.list_activity_events"),
        ("Datasets_GetRefreshHistory", "datasets.list_refreshes"),
    ] {
        assert!(best(text).contains(&wanted), "{text}: {:?}", best(text));
    }
    assert!(best("xylophone").is_empty());
}

#[test]
fn an_operation_tells_what_it_takes() {
    let operation = Catalogue::builtin().operation("datasets.refresh").expect("it is there");
    insta::assert_snapshot!(describe::said(operation));
}

#[test]
fn every_operation_describes_itself_within_bounds() {
    for operation in Catalogue::builtin().operations() {
        let said = describe::said(operation);
        assert!(said.len() < 30_000, "{}: {} bytes", operation.id, said.len());
    }
}

fn shown(value: Value, fields: &[&str], from: usize) -> (String, bool) {
    let fields = fields.iter().map(|it| (*it).to_owned()).collect();
    let words = Shown { fields, from }.said(value);
    (words.text, words.is_cut)
}

#[test]
fn a_long_list_is_cut_between_entries_and_goes_on_where_it_stopped() {
    let entries: Vec<Value> = (0..1000).map(|it| json!({"id": it, "text": "x".repeat(100)})).collect();
    let mut from = 0;
    let mut seen = 0;
    loop {
        let (text, is_cut) = shown(json!({"@odata.context": "https://x", "value": entries}), &[], from);
        assert!(text.len() < 25_000 && !text.contains("https://x"), "{text}");
        seen += text.lines().filter(|it| it.starts_with("{\"id\":")).count();
        if !is_cut {
            break;
        }
        let next = text.split("from ").nth(1).expect("a way to go on");
        from = next.split(' ').next().unwrap_or_default().parse().expect("a number");
    }
    assert_eq!(seen, 1000);
    let (text, is_cut) = shown(json!({"value": entries}), &["ID"], 0);
    assert!(
        !is_cut && text.starts_with("1000 entries.") && !text.contains("xxx"),
        "{text}"
    );
}

#[test]
fn one_entry_that_is_too_large_does_not_stop_the_way_on() {
    let value = json!([{"a": "x".repeat(50_000)}, {"a": 1}]);
    let (text, is_cut) = shown(value.clone(), &[], 0);
    assert!(is_cut && text.contains("from 1 for more") && text.len() < 25_000);
    let (text, is_cut) = shown(value, &[], 1);
    assert!(!is_cut && text.ends_with("{\"a\":1}"), "{text}");
}

#[test]
fn a_long_object_is_told_in_parts_of_characters() {
    let value = json!({"a": "ü".repeat(30_000)});
    let (text, is_cut) = shown(value.clone(), &[], 0);
    assert!(
        is_cut && text.starts_with("Characters 1 to 24000 of 30008; call again with from 24000"),
        "{}",
        &text[..100]
    );
    let (text, is_cut) = shown(value, &[], 24_000);
    assert!(!is_cut && text.ends_with("\"}"));
    let (text, _) = shown(json!({"a": "b\u{202e}c\u{200b}"}), &[], 0);
    assert!(text.ends_with("{\"a\":\"bc\"}"), "{text}");
}
