//! Tests of the Cedar text that forms give, and of what is said about text that cannot be used.

use super::*;
use crate::policy::Position;
use crate::policy::check;
use crate::policy::schema_text;
use crate::policy::to_cedar;

fn text(form: Form) -> String {
    to_cedar(&Rule::of_form("p".into(), form)).unwrap()
}

#[test]
fn forms_become_cedar_text_that_people_can_read() {
    let full = Form {
        effects: vec![Effect::Run, Effect::Update],
        operations: vec!["reports.export".to_owned()],
        people: vec!["alice".into()],
        groups: vec!["analysts".into()],
        clients: vec!["claude".to_owned(), "portal".to_owned()],
        workspaces: vec![SALES.to_uppercase(), FINANCE.to_owned()],
        max_authentication_age_s: Some(300),
        ..Form::about("Fresh \"proof\"", Action::StepUp, &[])
    };
    insta::assert_snapshot!(text(full));
    insta::assert_snapshot!(
        Policies::defaults()
            .into_iter()
            .map(text)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn names_and_ids_cannot_break_out_of_the_text() {
    let evil = "x\"), action, resource); permit (principal, action, resource); //\n\\";
    let form = Form {
        people: vec![evil.into()],
        clients: vec![evil.to_owned()],
        ..Form::about(evil, Action::Allow, &[Effect::Read])
    };
    let policies = compiled(&[form]);
    let (alice, arguments) = (caller("alice", &[]), json!({}));
    assert_eq!(
        word(&decide(&policies, &question(&alice, "groups.list", &arguments))),
        "refuse NoPolicy"
    );
    let mut named = caller(evil, &[]);
    named.through = Through::Client {
        client: evil.into(),
        name: String::new(),
        grant: "g".into(),
    };
    assert_eq!(
        word(&decide(&policies, &question(&named, "groups.list", &arguments))),
        "allow"
    );
}

#[test]
fn text_that_cannot_be_used_is_named_with_its_place() {
    let texts = [
        "permit (principal, action, resource)",
        "permit (principal, action, resource);\npermit (principal, action, resource)\n  when { context.clent.id == \"x\" };",
        "permit (principal == User::\"x\", action, resource);",
        "permit (principal, action == Action::\"datasets.refersh\", resource);",
        "forbid (principal, action == Action::\"delete\", resource);",
        "permit (principal == ?principal, action, resource);",
        "@require(\"approval\") permit (principal, action, resource);",
        "@require(\"coffee\") forbid (principal, action, resource);",
        "@max_age(\"60\") forbid (principal, action, resource);",
        "@require(\"step_up\") @max_age(\"soon\") forbid (principal, action, resource);",
        "permit (principal, action, resource) when { context.client.id == \"\u{202e}x\" };",
        "",
    ];
    let said: Vec<_> = texts
        .iter()
        .map(|it| check(&cedar(it)).expect_err(it).to_string())
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_place_counts_lines_and_characters_from_one() {
    assert_eq!(Position::of_byte("ab\nüx", 5), Position { line: 2, column: 2 });
    assert_eq!(Position::of_byte("", 9), Position { line: 1, column: 1 });
}

#[test]
fn forms_that_cannot_be_used_say_why() {
    for (form, expected) in [
        (
            Form {
                operations: vec!["datasets.drop".to_owned()],
                ..Form::about("x", Action::Allow, &[])
            },
            "operation of the catalogue",
        ),
        (
            Form {
                workspaces: vec!["Sales".to_owned()],
                ..Form::about("x", Action::Allow, &[])
            },
            "a GUID",
        ),
        (
            Form {
                max_authentication_age_s: Some(5),
                ..Form::about("x", Action::StepUp, &[])
            },
            "at least 60",
        ),
        (
            Form {
                max_authentication_age_s: Some(500),
                ..Form::about("x", Action::Deny, &[])
            },
            "only a step-up",
        ),
    ] {
        let said = check(&Rule::of_form("p".into(), form)).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn text_made_to_exhaust_the_parser_is_refused() {
    let deep = |open: &str, close: &str| {
        let condition = format!("{}true{}", open.repeat(20_000), close.repeat(20_000));
        check(&cedar(&format!(
            "permit (principal, action, resource) when {{ {condition} }};"
        )))
    };
    assert!(deep("(", ")").is_err());
    assert!(deep("!", "").is_err());
    assert!(deep("if true then ", " else false").is_err());
    assert!(check(&cedar(&"permit (principal, action, resource);".repeat(10_000))).is_err());
}

#[test]
fn the_schema_has_an_action_for_every_operation() {
    for operation in Catalogue::builtin().operations() {
        assert!(schema_text().contains(&format!("action \"{}\" in [\"{}\"]", operation.id, operation.effect)));
    }
}

#[test]
fn two_policies_of_one_id_are_refused() {
    let rule = cedar("permit (principal, action, resource);");
    let problems = Policies::compile(1, &[rule.clone(), rule]).unwrap_err();
    assert_eq!(problems.len(), 1);
}
