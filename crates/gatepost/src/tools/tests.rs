//! Tests of what agents see of the tools, and of the pure parts behind them.

use std::collections::BTreeSet;

use catalogue::{Catalogue, Effect};
use serde_json::{Value, json};

use super::describe_model::{self, Model, Part};
use super::refresh_status::of_schedule;
use super::search_values;
use super::text::{cell, short, table};
use super::tool::ready;
use super::{all, arguments, rows};
use crate::clock::Timestamp;

#[test]
fn the_manifest_of_tools_is_the_one_that_was_checked_in() {
    let listed: Vec<Value> = all().iter().map(super::Tool::listed).collect();
    insta::assert_json_snapshot!("manifest", listed);
    let bytes: usize = ready().iter().map(|it| it.listed.len()).sum();
    assert!(
        bytes < 20_000,
        "the list of tools costs every conversation {bytes} bytes"
    );
}

#[test]
fn names_and_schemas_are_what_every_client_takes() {
    let mut names = BTreeSet::new();
    for tool in all() {
        assert!(tool.name.len() <= 48 && names.insert(tool.name), "{}", tool.name);
        assert!(
            tool.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{}",
            tool.name
        );
        assert!(tool.description.len() <= 400, "{}", tool.name);
        let listed = tool.listed();
        let input = &listed["inputSchema"];
        assert_eq!(input["type"], "object");
        assert_eq!(input["additionalProperties"], false);
        for word in ["$ref", "oneOf", "anyOf", "allOf", "nullable", "\"type\":["] {
            assert!(!listed.to_string().contains(word), "{} holds {word}", tool.name);
        }
        for (name, property) in input["properties"].as_object().expect("an object of properties") {
            // Free members are let through as they are; members of our own would be a second level of schema.
            assert!(property["properties"].is_null(), "{}.{name} is not flat", tool.name);
            assert!(property["description"].is_string(), "{}.{name}", tool.name);
            if property["type"] == "array" {
                assert!(
                    property["enum"].is_null() && property["items"]["enum"].is_null(),
                    "{}.{name}",
                    tool.name
                );
            }
        }
    }
}

#[test]
fn annotations_say_what_the_operations_of_the_manifest_do() {
    for tool in all() {
        let effects: Vec<Effect> = operations(tool).map(|it| it.effect).collect();
        let only_reads = effects.iter().all(|it| *it == Effect::Read);
        assert_eq!(tool.hints.read_only, only_reads, "{}", tool.name);
        let destroys = operations(tool).any(|it| it.destructive);
        assert_eq!(tool.hints.destructive, destroys, "{}", tool.name);
        for needed in tool.needs {
            assert!(tool.may_emit(needed), "{} needs {needed} without listing it", tool.name);
        }
    }
}

fn operations(tool: &super::Tool) -> impl Iterator<Item = &'static catalogue::Operation> {
    if let super::Emits::Listed(groups) = tool.operations {
        for id in groups.iter().flat_map(|it| it.iter()) {
            assert!(
                Catalogue::builtin().operation(id).is_some(),
                "there is no operation {id}"
            );
        }
    }
    let all = Catalogue::builtin().operations().iter();
    all.filter(|it| tool.operations.includes(it))
}

fn problems(name: &str, given: &Value) -> Option<String> {
    let at = all().iter().position(|it| it.name == name).expect("a known tool");
    arguments::problems(&ready()[at], given)
}

#[test]
fn names_are_looked_up_as_the_tool_that_finds_items() {
    assert_eq!(all()[super::names::FIND_ITEMS].name, "find_items");
}

#[test]
fn arguments_are_held_to_the_advertised_schema() {
    let good = json!({"model": "Sales model", "query": "EVALUATE 'T'"});
    assert_eq!(problems("run_dax", &good), None);
    for bad in [
        json!({}),
        json!({"model": "Sales model"}),
        json!({"model": 5, "query": "EVALUATE 'T'"}),
        json!({"model": "m", "query": "q", "max_rows": 0}),
        json!({"model": "m", "query": "q", "max_rows": 9_007_199_254_740_993_u64}),
        json!({"model": "m", "query": "q", "max_rows": 1.5}),
        json!({"model": "m", "query": "q", "__proto__": {}}),
        json!({"model": "m", "query": "q", "impersonatedUserName": "ceo@contoso.test"}),
        json!({"model": ["m"], "query": {"a": {"b": {}}}}),
        json!([]),
    ] {
        assert!(problems("run_dax", &bad).is_some(), "{bad}");
    }
}

#[test]
fn wrong_arguments_are_told_without_repeating_their_values() {
    let told = problems(
        "refresh_model",
        &json!({"model": "m", "wait_seconds": 3600, "force": true}),
    )
    .expect("problems");
    insta::assert_snapshot!(told, @"The arguments do not fit: wait_seconds: the value is greater than the maximum of 60; unknown argument force; expected model, wait_seconds.");
    let told = problems("run_dax", &json!({"model": "m", "query": {"secret": "hunter2"}})).expect("problems");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_column_stays_one_column_however_it_is_written() {
    for (given, wanted) in [
        ("'Customer'[Customer]", Some("'Customer'[Customer]")),
        ("Customer[Name]", Some("'Customer'[Name]")),
        (" 'Bob''s'[a]]b] ", Some("'Bob''s'[a]]b]")),
        ("T[x]), ROW(\"a\", 1) //]", Some("'T'[x]]), ROW(\"a\", 1) //]")),
        ("T'x[y]", Some("'T''x'[y]")),
        ("Customer", None),
        ("[Customer]", None),
        ("T[]", None),
        ("T[a\nb]", None),
    ] {
        assert_eq!(search_values::column(given).as_deref(), wanted, "{given}");
    }
    assert_eq!(
        search_values::query("'T'[C]", "a\"), ROW(\"x\", 1) //"),
        "EVALUATE TOPN(51, FILTER(VALUES('T'[C]), CONTAINSSTRING('T'[C], \"a\"\"), ROW(\"\"x\"\", 1) //\")), 'T'[C], ASC) ORDER BY 'T'[C]"
    );
}

#[test]
fn rows_keep_the_order_of_columns_and_the_exactness_of_numbers() {
    let body = br#"{"results":[{"tables":[{"rows":[
        {"Sales[Region]":"North","[Amount]":1200.50,"[Id]":9223372036854775807},
        {"Sales[Region]":"S\u00fcd","[Amount]":null,"[Big]":12345678901234567890.123}]}]}]}"#;
    let found = rows::read(body).expect("an answer");
    assert_eq!(found.columns, ["Sales[Region]", "[Amount]", "[Id]", "[Big]"]);
    assert_eq!(
        found.tsv(10),
        "Sales[Region]\t[Amount]\t[Id]\t[Big]\nNorth\t1200.5\t9223372036854775807\t\nSüd\t\t\t12345678901234567890.123"
    );
    assert_eq!(found.count, 2);
    assert_eq!(found.cut, None);
}

#[test]
fn an_answer_that_power_bi_cut_says_so_wherever_the_error_stands() {
    for body in [
        &br#"{"results":[{"tables":[{"rows":[{"[a]":1}]}],"error":{"code":"X","message":"More than 1 rows"}}]}"#[..],
        br#"{"results":[{"tables":[{"rows":[{"[a]":1}]}]}],"error":{"message":"More than 1 rows"}}"#,
        br#"{"results":[{"tables":[{"rows":[{"[a]":1}],"error":{"message":"More than 1 rows"}}]}]}"#,
    ] {
        assert_eq!(
            rows::read(body).expect("an answer").cut.as_deref(),
            Some("More than 1 rows")
        );
    }
}

#[test]
fn odd_answers_are_no_rows_or_none_at_all() {
    assert_eq!(rows::read(b"{}"), None);
    assert_eq!(rows::read(b"[]"), None);
    assert_eq!(rows::read(b"<html>"), None);
    let empty = rows::read(br#"{"results":[{"tables":[{"rows":[]}]}]}"#).expect("an answer");
    assert_eq!((empty.count, empty.columns.len()), (0, 0));
}

#[test]
fn many_rows_are_counted_but_not_kept() {
    let row = r#"{"[a]":1}"#;
    let list = vec![row; rows::MOST_ROWS + 5].join(",");
    let body = format!(r#"{{"results":[{{"tables":[{{"rows":[{list}]}}]}}]}}"#);
    let found = rows::read(body.as_bytes()).expect("an answer");
    assert_eq!((found.rows.len(), found.count), (rows::MOST_ROWS, rows::MOST_ROWS + 5));
    assert!(found.fitting(rows::MOST_ROWS, 1_000) < 600);
    assert_eq!(found.fitting(250, 76_000), 250);
}

/// PRX-23
#[test]
fn cells_hold_no_line_of_their_own_and_nothing_hidden() {
    let body = "{\"results\":[{\"tables\":[{\"rows\":[{\"[a\\tb]\":\"one\\ntwo\\t\\u001b[31m\\u202eevil\\udb40\\udc41\"}]}]}]}";
    let found = rows::read(body.as_bytes()).expect("an answer");
    assert_eq!(found.tsv(1), "[a\\tb]\none\\ntwo\\t [31mevil");
    assert_eq!(cell("a\r\nb"), "a\\nb");
    assert_eq!(short("abcdef", 3), "abc…");
}

/// PRX-23
#[test]
fn names_of_columns_and_values_within_values_hide_nothing_either() {
    let body = br#"{"results":[{"tables":[{"rows":[{"a\u202eb":["x\u200b",{"y\u202e":"\u0085"}]}]}]}]}"#;
    let found = rows::read(body).expect("an answer");
    assert_eq!(found.tsv(1), "ab\n[\"x\",{\"y\":\" \"}]");
    let structured = found.structured(1, false, "");
    assert_eq!(structured["columns"], json!(["ab"]));
    assert_eq!(structured["rows"], json!([[["x", {"y": "\u{85}"}]]]));
}

/// PRX-23: separators that some readers break a line at, directions, fillers, tags, and the selectors that can spell bytes.
#[test]
fn what_shows_nothing_is_taken_out_and_joiners_of_letters_stay() {
    for hidden in "\u{ad}\u{61c}\u{115f}\u{180e}\u{200b}\u{200f}\u{2028}\u{2029}\u{202e}\u{2060}\u{206f}\u{3164}\u{fe00}\u{feff}\u{ffa0}\u{fff9}\u{e0001}\u{e0041}\u{e0100}\u{e01ef}".chars() {
        assert_eq!(cell(&format!("a{hidden}b")), "ab", "{hidden:?}");
        assert_eq!(short(&format!("a{hidden}b"), 9), "ab", "{hidden:?}");
    }
    for kept in ["\u{200c}", "\u{200d}", "\u{fe0f}", "é", "ß"] {
        assert_eq!(cell(kept), kept);
    }
}

#[test]
fn wide_and_empty_rows_are_counted_but_take_no_more_room_than_others() {
    let wide: Vec<String> = (0..30_000).map(|it| format!("\"[{it}]\":1")).collect();
    let (wide, empty) = (wide.join(","), vec!["{}"; 9_000].join(","));
    let body = format!(r#"{{"results":[{{"tables":[{{"rows":[{{{wide}}},{empty}]}}]}}]}}"#);
    let found = rows::read(body.as_bytes()).expect("an answer");
    assert_eq!((found.columns.len(), found.count), (30_000, 9_001));
    assert_eq!(found.rows.len(), 6);
    // Each row has all columns in the end, whichever row brought them.
    let body = format!(r#"{{"results":[{{"tables":[{{"rows":[{empty},{{{wide}}},{empty}]}}]}}]}}"#);
    let found = rows::read(body.as_bytes()).expect("an answer");
    assert_eq!((found.rows.len(), found.count), (9_000, 18_001));
    assert!(found.rows.iter().all(|it| it.len() == found.columns.len()));
}

#[test]
fn a_table_stops_before_it_grows_too_long() {
    let lines: Vec<_> = (0..10).map(|it| vec![it.to_string(), "x".repeat(10)]).collect();
    let (text, unfit) = table(&["n", "x"], &lines, 60);
    assert_eq!(unfit, 6);
    assert!(text.len() <= 60);
}

fn shop() -> Model {
    let part = |table: &str, name: &str, kind: &str, description: &str, more: &str| Part {
        table: table.into(),
        name: name.into(),
        kind: kind.into(),
        description: description.into(),
        more: more.into(),
        is_hidden: name == "Key",
    };
    Model {
        way: "INFO.VIEW functions",
        tables: vec![
            part("Sales", "Sales", "", "Every sale", ""),
            part("Bob's", "Bob's", "", "", ""),
        ],
        columns: vec![
            part("Sales", "Region", "Text", "Where it was sold", ""),
            part("Sales", "Key", "Integer", "", ""),
            part("Bob's", "a]b", "Text", "", ""),
        ],
        measures: vec![part("Sales", "Total sales", "#,0", "", "SUM(Sales[Amount])")],
        relationships: vec![[
            "'Sales'[Key]".into(),
            "'Bob''s'[Key]".into(),
            "many to one".into(),
            String::new(),
        ]],
        notes: vec![],
    }
}

#[test]
fn a_model_is_described_in_names_that_dax_takes() {
    insta::assert_snapshot!(describe_model::said("Shop (Sales)", &shop(), None));
}

#[test]
fn a_search_keeps_only_what_fits() {
    insta::assert_snapshot!(describe_model::said("Shop (Sales)", &shop(), Some("TOTAL sales")));
}

#[test]
fn the_next_planned_refresh_is_told_in_its_own_zone_and_in_utc() {
    // Monday 2026-11-23 08:00 UTC.
    let now = Timestamp(1_795_420_800_000);
    let schedule = |zone: &str| json!({"days": ["Monday", "Friday"], "times": ["16:30", "05:00"], "enabled": true, "localTimeZoneId": zone});
    assert_eq!(
        of_schedule(&schedule("W. Europe Standard Time"), now),
        "Schedule: on Monday, Friday at 16:30, 05:00 (W. Europe Standard Time). Next: Monday 2026-11-23 16:30, that is 2026-11-23 15:30 UTC."
    );
    assert_eq!(
        of_schedule(&schedule("Middle-earth Standard Time"), now),
        "Schedule: on Monday, Friday at 16:30, 05:00 (Middle-earth Standard Time)."
    );
    assert_eq!(
        of_schedule(&json!({"enabled": false}), now),
        "Schedule: off; the model is refreshed only when somebody asks."
    );
}
