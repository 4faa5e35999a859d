//! Tests of reading what was written for an item, and of comparing names.

use super::matching::{Fit, fit, folded, nearest};
use super::reference::{Address, Reference, parse};
use super::{Item, Kind};

const WORKSPACE: &str = "5a4db0c5-1001-4000-8000-000000000001";
const ITEM: &str = "5a4db0c5-1002-4000-8000-00000000000a";

fn address(text: &str) -> Address {
    match parse(text) {
        Ok(Reference::Address(address)) => address,
        other => panic!("{text} gave {other:?}"),
    }
}

#[test]
fn a_guid_is_an_id_in_any_case_and_in_braces() {
    let id = Reference::Id(ITEM.into());
    assert_eq!(parse(&format!("  {} ", ITEM.to_uppercase())), Ok(id.clone()));
    assert_eq!(parse(&format!("{{{ITEM}}}")), Ok(id));
    assert_eq!(parse("5a4db0c5"), Ok(Reference::Name("5a4db0c5".into())));
    let without_hyphens = ITEM.replace('-', "");
    assert_eq!(parse(&without_hyphens), Ok(Reference::Name(without_hyphens.clone())));
}

#[test]
fn addresses_of_the_portal_give_kind_item_and_workspace() {
    let cases = [
        (
            format!("https://app.powerbi.com/groups/{WORKSPACE}/reports/{ITEM}/ReportSection?experience=power-bi"),
            Kind::Report,
        ),
        (
            format!("https://app.powerbi.com/groups/{WORKSPACE}/rdlreports/{ITEM}"),
            Kind::Report,
        ),
        (
            format!("https://app.powerbi.com/groups/{WORKSPACE}/datasets/{ITEM}/details"),
            Kind::Model,
        ),
        (
            format!("https://app.fabric.microsoft.com/groups/{WORKSPACE}/semanticmodels/{ITEM}"),
            Kind::Model,
        ),
        (
            format!("https://app.powerbi.com/groups/{WORKSPACE}/dashboards/{ITEM}"),
            Kind::Dashboard,
        ),
        (
            format!("https://app.powerbi.com/groups/{WORKSPACE}/dataflows/{ITEM}"),
            Kind::Dataflow,
        ),
        (
            format!("https://app.powerbi.com/reportEmbed?reportId={ITEM}&groupId={WORKSPACE}&w=2"),
            Kind::Report,
        ),
        (
            format!("https://api.powerbi.com/v1.0/myorg/groups/{WORKSPACE}/datasets/{ITEM}"),
            Kind::Model,
        ),
    ];
    for (text, kind) in cases {
        let found = address(&text);
        assert_eq!(found.item, Some((kind, ITEM.into())), "{text}");
        assert_eq!(found.workspace.as_deref(), Some(WORKSPACE), "{text}");
    }
}

#[test]
fn addresses_without_a_workspace_or_of_apps_are_read_too() {
    let mine = address(&format!(
        "https://app.powerbi.com/groups/me/reports/{ITEM}/ReportSection1"
    ));
    assert_eq!((mine.item, mine.workspace), (Some((Kind::Report, ITEM.into())), None));
    let workspace = address(&format!("https://app.powerbi.com/groups/{WORKSPACE}/list"));
    assert_eq!((workspace.item, workspace.workspace), (None, Some(WORKSPACE.into())));
    let app = address(&format!(
        "https://app.powerbi.com/groups/me/apps/{WORKSPACE}/reports/{ITEM}"
    ));
    assert_eq!(app.app.as_deref(), Some(WORKSPACE));
    assert_eq!(app.item, Some((Kind::Report, ITEM.into())));
}

#[test]
fn only_ids_of_an_address_are_used_whatever_else_it_holds() {
    let found = address(&format!(
        "http://evil.test/groups/../groups/{WORKSPACE}/reports/{ITEM}/%2e%2e%2fadmin#x"
    ));
    assert_eq!(found.item, Some((Kind::Report, ITEM.into())));
    for text in [
        "https://app.powerbi.com/links/abcDEF",
        "https://app.powerbi.com/groups/me/list",
        "https://app.powerbi.com/reports/..%2f..%2fadmin",
        "https://",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn names_are_the_same_without_regard_to_case_accents_and_spaces() {
    for (asked, name) in [
        ("kunden", "KUNDEN"),
        ("Auftrage", "Aufträge"),
        ("strasse", "Straße"),
        ("cafe\u{301}", "Café"),
        ("o'brien", "O’Brien"),
        ("  sales \t model ", "Sales Model"),
        ("ŁODZ", "łódź"),
    ] {
        assert_eq!(folded(asked), folded(name), "{asked}");
        assert_eq!(fit(asked, name), Some(Fit::Same), "{asked}");
    }
    assert_eq!(fit("Sales", "Sales"), Some(Fit::Exact));
    assert_eq!(fit("sales", "Sales model"), Some(Fit::Begins));
    assert_eq!(fit("model sales", "Sales model"), Some(Fit::Holds));
    assert_eq!(fit("sales finance", "Sales model"), None);
}

#[test]
fn the_nearest_names_come_first_and_strangers_not_at_all() {
    let names = [
        "Sales model",
        "Salary model",
        "Web traffic",
        "Inventory",
        "Sales overview",
    ];
    let near = nearest("Sale model", names);
    assert_eq!(near[..2], ["Sales model", "Salary model"]);
    assert!(!near.contains(&"Inventory"));
    assert!(nearest("zzzzzz", names).is_empty());
    assert_eq!(nearest(&"x".repeat(5000), names), Vec::<&str>::new());
}

#[test]
fn kinds_are_known_by_old_and_new_words() {
    for word in ["semantic_model", "Semantic models", "dataset", "datasets", "model"] {
        assert_eq!(Kind::of_word(word), Some(Kind::Model), "{word}");
    }
    assert_eq!(Kind::of_word("groups"), Some(Kind::Workspace));
    assert_eq!(Kind::of_word("gateway"), None);
    assert!(Kind::ALL.iter().all(|it| Kind::of_word(it.word()) == Some(*it)));
}

#[test]
fn an_entry_without_an_id_is_no_item() {
    let entry = serde_json::json!({"name": "x"});
    assert_eq!(Item::of(Kind::Report, &super::Home::Mine, &entry), None);
    let entry = serde_json::json!({"objectId": ITEM, "name": "Stage"});
    let flow = Item::of(Kind::Dataflow, &super::Home::Mine, &entry).expect("a dataflow has an object id");
    assert_eq!((flow.id.as_str(), flow.name.as_str()), (ITEM, "Stage"));
}
