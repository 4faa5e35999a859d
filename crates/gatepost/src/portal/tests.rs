//! Geometry of the chart, layout of JSON, pasted workspace addresses, and known notices.

use super::approvals::indented;
use super::chart::chart;
use super::navigation::notice;
use super::policy_form::workspace_id;
use crate::clock::Timestamp;

#[test]
fn the_chart_has_a_bar_for_each_hour_and_none_beyond_its_frame() {
    let now = Timestamp(1_795_426_200_000);
    let hour = now.0 / 3_600_000;
    let counted = [
        (hour, "call.opened".to_owned(), 1),
        (hour - 23, "call.opened".to_owned(), 1000),
        (hour - 23, crate::store::audit_hours::REFUSED.to_owned(), 500),
        (hour - 24, "call.opened".to_owned(), 7),
        (hour, "sign_in".to_owned(), 9),
    ];
    let it = chart(&counted, now);
    assert_eq!(
        (it.bars.len(), it.labels.len(), it.top, it.made, it.refused),
        (24, 4, 1500, 1001, 500)
    );
    assert!(
        it.bars
            .iter()
            .all(|bar| 0 <= bar.refused_y && bar.made_y + bar.made_height == it.base && bar.x + bar.width <= it.width)
    );
    assert_eq!(it.bars[23].made_height, 2, "one call is seen beside a thousand");
    assert_eq!(it.bars[0].title, "10:00 UTC: 1000 calls, 500 refused");
    let empty = chart(&[], now);
    assert!(empty.top == 0 && empty.bars.iter().all(|bar| bar.made_height == 0));
}

#[test]
fn json_gets_lines_and_loses_nothing() {
    let text = r#"{"a":[1,2.50,{"b":"x{,}:\" \\"}],"c":{},"d":[ ],"e":123456789012345678901234567890}"#;
    insta::assert_snapshot!(indented(text), @r#"
    {
      "a": [
        1,
        2.50,
        {
          "b": "x{,}:\" \\"
        }
      ],
      "c": {},
      "d": [],
      "e": 123456789012345678901234567890
    }
    "#);
}

#[test]
fn a_workspace_is_taken_from_its_address() {
    let id = "f089354e-8366-4e18-aea3-4cb4a3a50b48";
    for typed in [
        id.to_owned(),
        id.to_uppercase(),
        format!("https://app.powerbi.com/groups/{id}/list?x=1"),
        format!("{id},"),
    ] {
        assert_eq!(workspace_id(&typed), id);
    }
}

#[test]
fn a_link_cannot_put_words_of_its_own_on_a_page() {
    assert!(notice("done=saved").is_some_and(|it| it.text == "Saved."));
    assert_eq!(notice("done=%3Cscript%3E"), None);
    assert_eq!(notice("x=1"), None);
}
