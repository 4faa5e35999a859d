//! Tests of plans: what an approval is bound to.

use super::*;
use crate::caller::ConnectionId;
use crate::policy::CanonicalJson;
use crate::policy::Plan;
use crate::policy::Unclear;

fn plan() -> Plan {
    let arguments =
        json!({ "groupId": SALES, "datasetId": MODEL, "body": { "notifyOption": "NoNotification", "retryCount": 1 } });
    let bound = operation("datasets.refresh_in_group")
        .bind(arguments.as_object().unwrap())
        .unwrap();
    Plan::of(
        &caller("alice", &[]),
        &ConnectionId::from("c1"),
        "datasets.refresh_in_group",
        &bound,
    )
    .unwrap()
}

/// POL-09
#[test]
fn every_part_of_a_plan_changes_its_hash() {
    let first = plan();
    let body = |text: &str| Some(CanonicalJson::parse(text).unwrap());
    let others = [
        Plan {
            operation: "datasets.refresh".to_owned(),
            ..plan()
        },
        Plan {
            method: "PUT".to_owned(),
            ..plan()
        },
        Plan {
            path_and_query: format!("{}?a=1", first.path_and_query),
            ..plan()
        },
        Plan { body: None, ..plan() },
        Plan {
            body: body("null"),
            ..plan()
        },
        Plan {
            body: body(r#"{"notifyOption":"NoNotification","retryCount":1.0}"#),
            ..plan()
        },
        Plan {
            body: body(r#"{"notifyOption":"NoNotification","retryCount":"1"}"#),
            ..plan()
        },
        Plan {
            person: "bob".into(),
            ..plan()
        },
        Plan {
            client: "client:cursor".to_owned(),
            ..plan()
        },
        Plan {
            environment: "test".into(),
            ..plan()
        },
        Plan {
            connection: "c2".into(),
            ..plan()
        },
    ];
    let mut hashes: Vec<_> = others.iter().chain([&first]).map(Plan::hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), others.len() + 1);
    let same = Plan {
        body: body("{ \"retryCount\": 1,\n \"notify\\u004fption\": \"NoNotification\" }"),
        ..plan()
    };
    assert_eq!(same.hash(), first.hash());
}

#[test]
fn a_plan_comes_back_from_its_stored_form() {
    let stored = serde_json::to_string(&plan()).unwrap();
    let back: Plan = serde_json::from_str(&stored).unwrap();
    assert_eq!((back.hash(), back), (plan().hash(), plan()));
}

#[test]
fn canonical_json_keeps_numbers_and_refuses_doubled_keys() {
    let canonical = |text: &str| CanonicalJson::parse(text).map(|it| it.as_str().to_owned());
    assert_eq!(
        canonical(r#"{"b":[1, 1.0, 1e0, 18446744073709551617],"a":"\u00fc\/"}"#).unwrap(),
        r#"{"a":"ü/","b":[1,1.0,1e0,18446744073709551617]}"#
    );
    assert_eq!(
        canonical(r#"{"a":{"b":1,"\u0062":2}}"#),
        Err(Unclear::KeyTwice("b".to_owned()))
    );
    assert_eq!(canonical(&"[".repeat(100).add_closing()), Err(Unclear::TooDeep));
    assert!(matches!(canonical("{} {}"), Err(Unclear::NotJson(_))));
    assert!(matches!(canonical("[NaN]"), Err(Unclear::NotJson(_))));
}

trait AddClosing {
    fn add_closing(&self) -> String;
}

impl AddClosing for String {
    fn add_closing(&self) -> String {
        format!("{self}{}", "]".repeat(self.len()))
    }
}
