//! Reading and weighing scope expressions.

use crate::scopes::Scopes;

fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

#[test]
fn any_one_of_several_is_enough() {
    let need = scopes("Dataset.Read.All|Dataset.ReadWrite.All");
    assert!(need.allows(&["Dataset.ReadWrite.All"]));
    assert!(!need.allows(&["Report.Read.All"]));
    assert_eq!(need.missing(&[]), ["Dataset.Read.All"]);
}

#[test]
fn and_binds_tighter_than_or() {
    let need = scopes("Report.ReadWrite.All | Report.Read.All & Dataset.Read.All");
    assert_eq!(
        need,
        scopes("Report.ReadWrite.All | (Report.Read.All & Dataset.Read.All)")
    );
    assert!(need.allows(&["Report.ReadWrite.All"]));
    assert!(!need.allows(&["Report.Read.All"]));
    assert_eq!(need.missing(&["Dataset.Read.All"]), ["Report.ReadWrite.All"]);
}

#[test]
fn all_parts_are_named_as_missing_once() {
    let need = scopes("(A.Read.All|B.Read.All) & (A.Read.All|C.Read.All)");
    assert_eq!(need.missing(&[]), ["A.Read.All"]);
}

#[test]
fn none_needs_nothing() {
    assert!(scopes("none").allows(&[]));
    assert_eq!(scopes("none").to_string(), "none");
}

#[test]
fn broken_expressions_are_refused() {
    for text in [
        "",
        "A.Read.All |",
        "(A.Read.All",
        "A.Read.All B.Read.All",
        "A & | B",
        "A)",
    ] {
        assert!(text.parse::<Scopes>().is_err(), "{text}");
    }
}

#[test]
fn display_is_read_back_as_the_same_need() {
    for text in ["A.Read.All", "A|B", "(A|B) & C", "A | (B & C)", "none"] {
        let need = scopes(text);
        assert_eq!(scopes(&need.to_string()), need);
    }
}
