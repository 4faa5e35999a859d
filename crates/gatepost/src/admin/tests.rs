//! Sentences, scripts, expiry and passwords: the parts that need no gateway.

use std::collections::HashMap;

use catalogue::Effect;

use super::{Password, Problems, check_email, check_name, in_words, scripts, secret_notice};
use crate::caller::GroupId;
use crate::clock::Timestamp;
use crate::policy::{Action, Form};

const NOW: Timestamp = Timestamp(1_795_426_200_000);
const DAY: i64 = 24 * 3600;

#[test]
fn a_form_is_said_in_a_sentence() {
    let names = HashMap::from([("g".to_owned(), "Finance".to_owned())]);
    let finance = |form: Form| Form {
        groups: vec![GroupId("g".into())],
        ..form
    };
    let lines = [
        Form::about("", Action::Allow, &[Effect::Read]),
        Form::about("", Action::Deny, &[Effect::Delete, Effect::Share, Effect::Admin]),
        Form::about("", Action::Approval, &[]),
        finance(Form::about("", Action::Deny, &[Effect::Run])),
        finance(Form {
            operations: vec!["datasets.refresh".into()],
            ..Form::about("", Action::StepUp, &[Effect::Update])
        }),
        Form {
            clients: vec!["portal".into(), "c".into()],
            workspaces: vec!["w".into()],
            ..Form::about("", Action::Allow, &[])
        },
    ];
    insta::assert_snapshot!(lines.map(|it| in_words(&it, &names)).join("\n"), @r"
    Everybody may read.
    Nobody may delete, share or use administrator operations.
    Everybody may do anything once an administrator has approved the exact call.
    The group Finance may not run refreshes and exports.
    The group Finance may update or call datasets.refresh within 15 minutes of signing in.
    Everybody may do anything, in the workspace w, through the portal or c.
    ");
}

#[test]
fn the_end_of_a_secret_is_told_in_time() {
    let at = |days: i64| secret_notice(Some(NOW.plus_seconds(days * DAY + 60)), NOW);
    let kinds: Vec<_> = [61, 60, 30, 15, 14, 7, 1, 0, -1]
        .map(|days| at(days).map(|(kind, _)| kind))
        .into();
    assert_eq!(
        kinds,
        [
            None,
            Some("warn"),
            Some("warn"),
            Some("warn"),
            Some("bad"),
            Some("bad"),
            Some("bad"),
            Some("bad"),
            Some("bad")
        ]
    );
    assert_eq!(
        at(30).map(|(_, text)| text).unwrap_or_default(),
        "The client secret expires in 30 days; make a new one in Entra and enter it here."
    );
    assert_eq!(
        at(-2).map(|(_, text)| text).unwrap_or_default(),
        "The client secret has expired; make a new one in Entra and enter it here."
    );
    assert_eq!(secret_notice(None, NOW), None);
}

#[test]
fn the_scripts_name_this_gateway_and_the_ten_permissions() {
    let all = scripts("https://gate.example/integration-callback", NOW);
    for text in [&all.az, &all.graph, &all.terraform] {
        assert!(text.contains("https://gate.example/integration-callback"));
    }
    assert!(all.az.contains("--append") && all.az.contains("2027-05-22"));
    for name in catalogue::scopes::wanted() {
        let id = &catalogue::scopes::find(name)
            .expect("a wanted permission is in the catalogue")
            .id;
        assert!(
            all.az.contains(id) && all.graph.contains(id) && all.terraform.contains(name),
            "{name}"
        );
    }
    let body: serde_json::Value = serde_json::from_str(&all.graph).expect("the Graph request is JSON");
    assert_eq!(
        body["requiredResourceAccess"][0]["resourceAccess"]
            .as_array()
            .map(Vec::len),
        Some(10)
    );
}

#[test]
fn names_addresses_and_passwords_are_checked() {
    let mut problems = Problems::new();
    check_name(&mut problems, "name", "line\nbreak");
    check_email(&mut problems, "email", "two@signs@example.com");
    Password::check("aaaaaaaaaaaaaaaa", Some("b"), &mut problems);
    assert_eq!(
        problems.keys().copied().collect::<Vec<_>>(),
        ["again", "email", "name", "password"]
    );
    let mut none = Problems::new();
    check_name(&mut none, "name", "Ödön");
    check_email(&mut none, "email", "ada+pbi@sub.example.com");
    Password::check("a sentence is good", Some("a sentence is good"), &mut none);
    assert_eq!(none, Problems::new());
}
