//! Tests of the decisions.

mod oracle;
mod plan;
mod reading;
mod text;

use catalogue::Catalogue;
use catalogue::Effect;
use catalogue::Operation;
use serde_json::Value;
use serde_json::json;

use crate::caller::Caller;
use crate::caller::Role;
use crate::caller::Scope;
use crate::caller::ScopeSet;
use crate::caller::Through;
use crate::clock::Timestamp;
use crate::policy::Action;
use crate::policy::Decision;
use crate::policy::Form;
use crate::policy::Policies;
use crate::policy::Question;
use crate::policy::Reason;
use crate::policy::Rule;
use crate::policy::Source;
use crate::policy::decide;
use crate::policy::may_ever;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const SALES: &str = "0b3f5a6c-1111-4222-8333-444455556666";
const FINANCE: &str = "0b3f5a6c-aaaa-4bbb-8ccc-ddddeeeeffff";
const MODEL: &str = "99999999-1111-4222-8333-444455556666";

fn operation(id: &str) -> &'static Operation {
    Catalogue::builtin().operation(id).expect("the catalogue has it")
}

fn caller(person: &str, groups: &[&str]) -> Caller {
    Caller {
        environment: "production".into(),
        person: person.into(),
        person_name: person.to_owned(),
        role: Role::Person,
        groups: groups.iter().map(|it| (*it).into()).collect(),
        through: Through::Client {
            client: "claude".into(),
            name: "Claude".to_owned(),
            grant: "g1".into(),
        },
        scopes: ScopeSet::all(),
        authenticated_at: NOW.plus_seconds(-3600),
        address: Some("192.0.2.7".parse().unwrap()),
        trace: "t".to_owned(),
    }
}

fn question<'a>(caller: &'a Caller, id: &str, arguments: &'a Value) -> Question<'a> {
    let operation = operation(id);
    let named = |name: &str| arguments.get(name).and_then(Value::as_str);
    let item = operation
        .item_parameter()
        .filter(|it| it.name != "groupId")
        .and_then(|it| named(&it.name));
    Question {
        caller,
        operation,
        workspace: named("groupId"),
        item,
        objects: bound(operation, arguments).leak(),
        arguments,
        speaks_for: &[],
        tool: None,
        now: NOW,
        approved: false,
    }
}

fn bound(operation: &Operation, arguments: &Value) -> Vec<catalogue::Object> {
    operation
        .bind(arguments.as_object().unwrap())
        .map_or_else(|_| vec![], |it| it.objects)
}

fn rules(forms: &[Form]) -> Vec<Rule> {
    forms
        .iter()
        .enumerate()
        .map(|(at, form)| Rule::of_form(format!("p{at}").into(), form.clone()))
        .collect()
}

fn compiled(forms: &[Form]) -> Policies {
    Policies::compile(7, &rules(forms)).expect("the forms are in order")
}

fn cedar(text: &str) -> Rule {
    Rule {
        id: "hand".into(),
        name: "by hand".to_owned(),
        enabled: true,
        source: Source::Cedar(text.to_owned()),
    }
}

fn by_hand(text: &str) -> Policies {
    Policies::compile(
        1,
        &[
            cedar("permit (principal, action, resource);"),
            Rule {
                id: "second".into(),
                ..cedar(text)
            },
        ],
    )
    .expect("the text is in order")
}

/// The decision in a few words.
fn word(decision: &Decision) -> String {
    match decision {
        Decision::Allow(_) => "allow".to_owned(),
        Decision::Refuse(refused) => format!("refuse {:?}", refused.reason),
        Decision::Require(it) => format!("require step_up={:?} approval={}", it.step_up, it.approval),
    }
}

fn model_in(workspace: &str) -> Value {
    json!({ "groupId": workspace, "datasetId": MODEL })
}

/// POL-02
#[test]
fn nothing_is_allowed_without_a_policy() {
    let (alice, arguments) = (caller("alice", &[]), model_in(SALES));
    assert_eq!(
        word(&decide(
            &compiled(&[]),
            &question(&alice, "datasets.get_in_group", &arguments)
        )),
        "refuse NoPolicy"
    );
    let disabled = Form {
        enabled: false,
        ..Form::about("off", Action::Allow, &[])
    };
    assert_eq!(
        word(&decide(
            &compiled(&[disabled]),
            &question(&alice, "datasets.get_in_group", &arguments)
        )),
        "refuse NoPolicy"
    );
}

/// POL-03
#[test]
fn deny_beats_requirements_and_requirements_beat_allow_in_any_order() {
    use Action::{Allow, Approval, Deny, StepUp};
    let table: &[(&[Action], &str)] = &[
        (&[Allow], "allow"),
        (&[Deny], "refuse Policy"),
        (&[StepUp], "require step_up=Some(900) approval=false"),
        (&[Approval], "require step_up=None approval=true"),
        (&[Allow, Deny], "refuse Policy"),
        (&[Allow, StepUp], "require step_up=Some(900) approval=false"),
        (&[Allow, Approval], "require step_up=None approval=true"),
        (&[StepUp, Approval], "require step_up=Some(900) approval=true"),
        (&[Deny, StepUp, Approval], "refuse Policy"),
        (&[Allow, Deny, StepUp, Approval], "refuse Policy"),
    ];
    let (alice, arguments) = (caller("alice", &["analysts"]), model_in(SALES));
    for (actions, expected) in table {
        // The same answer whether a rule is about the person, a group, an operation or everything, and in both orders.
        for turned in 0..4 {
            let mut forms: Vec<_> = actions
                .iter()
                .enumerate()
                .map(|(at, action)| narrowed(*action, at + turned))
                .collect();
            assert_eq!(
                word(&decide(
                    &compiled(&forms),
                    &question(&alice, "datasets.get_in_group", &arguments)
                )),
                *expected
            );
            forms.reverse();
            assert_eq!(
                word(&decide(
                    &compiled(&forms),
                    &question(&alice, "datasets.get_in_group", &arguments)
                )),
                *expected
            );
        }
    }
}

fn narrowed(action: Action, kind: usize) -> Form {
    let form = Form::about("rule", action, &[]);
    match kind % 4 {
        0 => form,
        1 => Form {
            people: vec!["alice".into()],
            ..form
        },
        2 => Form {
            groups: vec!["analysts".into()],
            effects: vec![Effect::Read],
            ..form
        },
        _ => Form {
            operations: vec!["datasets.get_in_group".to_owned()],
            workspaces: vec![SALES.to_owned()],
            ..form
        },
    }
}

#[test]
fn the_default_policies_say_what_a_new_environment_promises() {
    let policies = compiled(&Policies::defaults());
    let alice = caller("alice", &[]);
    for operation in Catalogue::builtin().operations() {
        let arguments = json!({});
        let question = Question {
            workspace: operation.is_in_workspace().then_some(SALES),
            operation,
            ..question(&alice, "groups.list", &arguments)
        };
        let expected = match operation.effect {
            Effect::Read => "allow",
            Effect::Run | Effect::Create | Effect::Update => "require step_up=None approval=true",
            Effect::Delete | Effect::Share | Effect::Admin => "refuse Policy",
        };
        assert_eq!(word(&decide(&policies, &question)), expected, "{}", operation.id);
        assert_eq!(
            may_ever(&policies, &alice, operation),
            !expected.starts_with("refuse"),
            "{}",
            operation.id
        );
    }
}

#[test]
fn a_requirement_that_is_met_no_longer_stands_in_the_way() {
    let forms = [
        Form::about("up", Action::StepUp, &[]),
        Form::about("ask", Action::Approval, &[]),
    ];
    let (mut alice, arguments) = (caller("alice", &[]), model_in(SALES));
    alice.authenticated_at = NOW.plus_seconds(-900);
    let asked = question(&alice, "datasets.get_in_group", &arguments);
    assert_eq!(
        word(&decide(&compiled(&forms), &asked)),
        "require step_up=None approval=true"
    );
    let Decision::Allow(permit) = decide(
        &compiled(&forms),
        &Question {
            approved: true,
            ..asked
        },
    ) else {
        panic!("both are met")
    };
    assert_eq!((permit.version(), permit.operation()), (7, "datasets.get_in_group"));
    assert_eq!(
        (permit.person().0.as_str(), permit.environment().0.as_str()),
        ("alice", "production")
    );
    let names: Vec<_> = permit
        .policies()
        .iter()
        .map(|(id, name)| (id.0.as_str(), name.as_str()))
        .collect();
    assert_eq!(names, [("p0", "up"), ("p1", "ask")]);
}

/// POL-13
#[test]
fn a_proof_of_identity_from_the_future_is_no_proof() {
    let policies = compiled(&[Form::about("up", Action::StepUp, &[])]);
    let (mut alice, arguments) = (caller("alice", &[]), model_in(SALES));
    for (seconds, expected) in [(30, "allow"), (3600, "require step_up=Some(900) approval=false")] {
        alice.authenticated_at = NOW.plus_seconds(seconds);
        assert_eq!(
            word(&decide(
                &policies,
                &question(&alice, "datasets.get_in_group", &arguments)
            )),
            expected
        );
    }
}

#[test]
fn a_scope_that_is_missing_is_named_before_any_policy() {
    let policies = compiled(&[Form::about("all", Action::Allow, &[])]);
    let (mut alice, arguments) = (caller("alice", &[]), model_in(SALES));
    alice.scopes = ScopeSet::default().with(Scope::Read);
    assert_eq!(
        word(&decide(
            &policies,
            &question(&alice, "datasets.get_in_group", &arguments)
        )),
        "allow"
    );
    assert_eq!(
        word(&decide(
            &policies,
            &question(&alice, "datasets.refresh_in_group", &arguments)
        )),
        "refuse Scope { needed: Write }"
    );
}

/// POL-14
#[test]
fn a_policy_that_fails_to_evaluate_opens_no_door() {
    let (alice, arguments) = (caller("alice", &[]), model_in(SALES));
    let asked = question(&alice, "datasets.get_in_group", &arguments);
    // Arithmetic overflow is an error that no schema finds.
    let overflow = "9223372036854775807 + context.authentication_age == 0";
    for failing in ["forbid", "@require(\"approval\") forbid"] {
        let policies = by_hand(&format!(
            "{failing} (principal, action, resource) when {{ {overflow} }};"
        ));
        let Decision::Refuse(refused) = decide(&policies, &asked) else {
            panic!("{failing} failed and the door is open")
        };
        assert_eq!(refused.reason, Reason::Failed);
        assert_eq!(refused.policies, [("second".into(), "by hand".to_owned())]);
    }
    let only = cedar(&format!(
        "permit (principal, action, resource) when {{ {overflow} || true }};"
    ));
    assert_eq!(
        word(&decide(&Policies::compile(1, &[only]).unwrap(), &asked)),
        "refuse NoPolicy"
    );
    let beside = by_hand(&format!("permit (principal, action, resource) when {{ {overflow} }};"));
    assert_eq!(
        word(&decide(&beside, &asked)),
        "allow",
        "a permit that fails takes only itself away"
    );
}

/// POL-17
#[test]
fn a_workspace_is_the_same_in_every_spelling() {
    let alice = caller("alice", &[]);
    let upper = FINANCE.to_ascii_uppercase();
    let denies = [
        compiled(&[
            Form::about("all", Action::Allow, &[]),
            Form {
                workspaces: vec![upper.clone()],
                ..Form::about("no", Action::Deny, &[])
            },
        ]),
        by_hand(&format!(
            "forbid (principal, action, resource in Workspace::\"{upper}\");"
        )),
        by_hand(&format!(
            "forbid (principal, action, resource) when {{ resource in Workspace::\"{{{upper}}}\" }};"
        )),
    ];
    for policies in denies {
        for spelling in [
            FINANCE.to_owned(),
            upper.clone(),
            format!("{{{FINANCE}}}"),
            FINANCE.replace('-', ""),
        ] {
            let arguments = model_in(&spelling);
            assert_eq!(
                word(&decide(
                    &policies,
                    &question(&alice, "datasets.get_in_group", &arguments)
                )),
                "refuse Policy",
                "{spelling}"
            );
        }
        let arguments = model_in(SALES);
        assert_eq!(
            word(&decide(
                &policies,
                &question(&alice, "datasets.get_in_group", &arguments)
            )),
            "allow"
        );
    }
}

#[test]
fn a_call_that_names_a_workspace_in_its_body_is_judged_for_that_workspace_too() {
    let alice = caller("alice", &[]);
    let deny = compiled(&[
        Form::about("all", Action::Allow, &[]),
        Form {
            workspaces: vec![FINANCE.to_owned()],
            ..Form::about("no", Action::Deny, &[])
        },
    ]);
    let allow = compiled(&[Form {
        workspaces: vec![SALES.to_owned()],
        ..Form::about("sales", Action::Allow, &[])
    }]);
    let clone = |target: Value| {
        let mut body = json!({ "name": "Copy" });
        body.as_object_mut()
            .unwrap()
            .extend(target.as_object().unwrap().clone());
        json!({ "groupId": SALES, "reportId": MODEL, "body": body })
    };
    for target in [
        json!({ "targetWorkspaceId": FINANCE }),
        json!({ "TargetWorkspaceID": FINANCE.to_ascii_uppercase() }),
        json!({ "targetWorkspaces": [{ "id": SALES }, { "id": FINANCE }] }),
        json!({ "sourceWorkspaceId": FINANCE }),
        json!({ "workspaces": [FINANCE] }),
    ] {
        let arguments = clone(target);
        let asked = question(&alice, "reports.clone_in_group", &arguments);
        assert_eq!(word(&decide(&deny, &asked)), "refuse Policy", "{arguments}");
        assert_eq!(word(&decide(&allow, &asked)), "refuse NoPolicy", "{arguments}");
    }
    let arguments = clone(json!({ "targetWorkspaceId": SALES }));
    let asked = question(&alice, "reports.clone_in_group", &arguments);
    assert_eq!(
        (word(&decide(&deny, &asked)), word(&decide(&allow, &asked))),
        ("allow".to_owned(), "allow".to_owned())
    );
}

#[test]
fn an_item_in_the_body_whose_workspace_is_unknown_is_refused_where_a_policy_denies_by_workspace() {
    let alice = caller("alice", &[]);
    let all = Form::about("all", Action::Allow, &[]);
    let deny = Form {
        workspaces: vec![FINANCE.to_owned()],
        ..Form::about("no", Action::Deny, &[])
    };
    let arguments = json!({ "groupId": SALES, "reportId": MODEL, "body": { "datasetId": FINANCE } });
    let asked = question(&alice, "reports.rebind_in_group", &arguments);
    assert_eq!(
        word(&decide(&compiled(&[all.clone(), deny]), &asked)),
        "refuse WorkspaceNeeded"
    );
    assert_eq!(word(&decide(&compiled(&[all]), &asked)), "allow");
    let denied = by_hand(&format!("forbid (principal, action, resource == Item::\"{FINANCE}\");"));
    assert_eq!(word(&decide(&denied, &asked)), "refuse Policy");
}

#[test]
fn a_path_that_hides_its_workspace_is_refused_where_a_policy_speaks_of_workspaces() {
    let arguments = json!({ "datasetId": MODEL });
    let deny = Form {
        workspaces: vec![FINANCE.to_owned()],
        people: vec!["bob".into()],
        ..Form::about("no", Action::Deny, &[])
    };
    let policies = compiled(&[Form::about("all", Action::Allow, &[]), deny]);
    assert!(policies.mention_workspaces());
    let (alice, bob) = (caller("alice", &[]), caller("bob", &[]));
    assert_eq!(
        word(&decide(&policies, &question(&bob, "datasets.get", &arguments))),
        "refuse WorkspaceNeeded"
    );
    assert!(
        !may_ever(&policies, &bob, operation("datasets.get"))
            && may_ever(&policies, &bob, operation("datasets.get_in_group"))
    );
    assert_eq!(
        word(&decide(&policies, &question(&alice, "datasets.get", &arguments))),
        "allow",
        "the policy is not about her"
    );
    let none = json!({});
    assert_eq!(
        word(&decide(&policies, &question(&bob, "groups.list", &none))),
        "allow",
        "the path names no item"
    );
    let only_sales = compiled(&[Form {
        workspaces: vec![SALES.to_owned()],
        ..Form::about("sales", Action::Allow, &[])
    }]);
    assert_eq!(
        word(&decide(&only_sales, &question(&bob, "datasets.get", &arguments))),
        "refuse WorkspaceNeeded"
    );
}
