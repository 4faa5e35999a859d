//! Filters: what holds, and what is not understood.

use serde_json::json;

use crate::powerbi::filter::parse;

fn holds(text: &str) -> bool {
    let item =
        json!({"name": "Bob's Sales", "isOnDedicatedCapacity": false, "id": "5a4db0c5-0010-4000-8000-00000000000a"});
    parse(text).unwrap().holds(item.as_object().unwrap())
}

#[test]
fn the_usual_conditions_are_understood() {
    assert!(holds("name eq 'Bob''s Sales'"));
    assert!(!holds("name eq 'bob''s sales'"));
    assert!(holds("contains(name,'Sales') and not isOnDedicatedCapacity eq true"));
    assert!(holds("contains(tolower(name), 'sales') eq true"));
    assert!(holds(
        "(startswith(name,'X') or endswith(name,'Sales')) and isOnDedicatedCapacity ne true"
    ));
    assert!(holds("id eq '5A4DB0C5-0010-4000-8000-00000000000A'"));
    assert!(holds("id eq 5a4db0c5-0010-4000-8000-00000000000a"));
    assert!(holds("capacityId eq null"));
}

#[test]
fn numbers_moments_lists_and_words_of_types_are_compared() {
    let item = json!({"averageDuration": 289.4, "startTime": "2026-08-01T09:00:00.000Z", "capacity": {"displayName": "F64"},
        "users": [{"groupUserAccessRight": "Viewer"}], "none": []});
    let holds = |text: &str| parse(text).unwrap().holds(item.as_object().unwrap());
    assert!(holds("averageDuration gt 100 and averageDuration le 289.4"));
    assert!(!holds("averageDuration lt 100"));
    assert!(holds(
        "startTime ge 2026-08-01T09:00:00Z and startTime eq 2026-08-01T11:00:00+02:00"
    ));
    assert!(holds("capacity/displayName in ('P1', 'F64')"));
    assert!(holds("users/any() and not none/any()"));
    assert!(holds(
        "(not users/any(u: u/groupUserAccessRight eq Microsoft.PowerBI.ServiceContracts.Api.GroupUserAccessRight'Admin'))"
    ));
    assert!(holds("users/any(u: u/groupUserAccessRight eq 'Viewer')"));
    assert_eq!(parse("a eq 1 or contains(b,'x')").unwrap().fields(), ["a", "b"]);
}

#[test]
fn what_is_not_understood_is_refused() {
    for text in [
        "",
        "name",
        "name like 'x'",
        "name eq 'x",
        "name eq 'x' name",
        "contains(name)",
        "(name eq 'x'",
        "(".repeat(10_000).as_str(),
        "not ".repeat(10_000).as_str(),
        "tolower(".repeat(10_000).as_str(),
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
