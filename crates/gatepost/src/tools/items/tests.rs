//! Names are found as people write them; pasted addresses give their ids and nothing else.

use super::matching::nearest;
use super::{Fit, Reference, fit, parse};

#[test]
fn names_fit_whatever_their_case_accents_and_spaces() {
    assert_eq!(fit("Sales model", "Sales model"), Some(Fit::Exact));
    assert_eq!(fit("SALES  MODEL", "Sales model"), Some(Fit::Same));
    assert_eq!(fit("buro koln", "Büro Köln"), Some(Fit::Same));
    assert_eq!(fit("sales", "Sales model"), Some(Fit::Begins));
    assert_eq!(fit("model sal", "Sales model"), Some(Fit::Holds));
    assert_eq!(fit("finance", "Sales model"), None);
}

#[test]
fn the_nearest_name_is_the_one_with_a_letter_wrong() {
    assert_eq!(
        nearest("Salse model", ["Finance", "Sales model", "Inventory"]).first(),
        Some(&"Sales model")
    );
}

#[test]
fn a_pasted_address_gives_its_ids_whatever_its_host() {
    let id = "5a4db0c5-0010-4000-8000-000000000001";
    let other = "5a4db0c5-0011-4000-8000-000000000002";
    for host in ["https://app.powerbi.com", "https://evil.example"] {
        let text = format!("{host}/groups/{id}/reports/{other}/ReportSection?experience=power-bi");
        let Ok(Reference::Address(address)) = parse(&text) else {
            panic!("{text} is an address")
        };
        assert_eq!(address.workspace.as_deref(), Some(id));
        assert_eq!(address.item.map(|(_, id)| id).as_deref(), Some(other));
    }
}
