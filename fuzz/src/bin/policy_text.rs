//! Any policy, as Cedar text or as a form: refused with a place inside the text, or usable; and what a form becomes is accepted as text.

#![no_main]

use std::sync::LazyLock;

use catalogue::Catalogue;
use gatepost::caller::Caller;
use gatepost::caller::Role;
use gatepost::caller::ScopeSet;
use gatepost::caller::Through;
use gatepost::clock::Timestamp;
use gatepost::policy::Decision;
use gatepost::policy::Form;
use gatepost::policy::Policies;
use gatepost::policy::Question;
use gatepost::policy::Rule;
use gatepost::policy::Source;
use gatepost::policy::check;
use gatepost::policy::decide;
use gatepost::policy::may_ever;
use gatepost::policy::to_cedar;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static CALLER: LazyLock<Caller> = LazyLock::new(|| Caller {
    environment: "production".into(),
    person: "p1".into(),
    person_name: "P".to_owned(),
    role: Role::Person,
    groups: vec!["g1".into()],
    through: Through::Portal,
    scopes: ScopeSet::all(),
    authenticated_at: Timestamp(0),
    address: None,
    trace: "t".to_owned(),
});

fuzz_target!(|input: &str| {
    match serde_json::from_str::<Form>(input) {
        Ok(form) => of_form(form),
        Err(_) => of_text(input),
    }
});

fn rule(source: Source) -> Rule {
    Rule {
        id: "r1".to_owned().into(),
        name: "a rule".to_owned(),
        enabled: true,
        source,
    }
}

fn of_text(text: &str) {
    let rule = rule(Source::Cedar(text.to_owned()));
    match check(&rule) {
        Ok(()) => decided(&rule),
        Err(invalid) => {
            assert!(
                !invalid.message.is_empty() && !invalid.message.contains('\n'),
                "{invalid:?}"
            );
            let lines = text.split('\n').count();
            assert!(
                invalid.at.is_none_or(|at| (1..=lines).contains(&(at.line as usize))),
                "{invalid:?}"
            );
            assert!(Policies::compile(1, &[rule]).is_err());
        }
    }
}

fn of_form(form: Form) {
    let written = Rule::of_form("r1".to_owned().into(), form);
    let Ok(text) = to_cedar(&written) else {
        assert!(check(&written).is_err());
        return;
    };
    check(&written).unwrap_or_else(|invalid| panic!("{text}\n{invalid:?}"));
    let same = rule(Source::Cedar(text.clone()));
    check(&same).unwrap_or_else(|invalid| panic!("{text}\n{invalid:?}"));
    decided(&written);
}

/// Any rule alone: what it never lets through is never allowed, and without a permit nothing is.
fn decided(rule: &Rule) {
    let policies = Policies::compile(1, std::slice::from_ref(rule)).expect("what passed the check compiles");
    let arguments = Value::Object(serde_json::Map::new());
    for id in ["groups.list", "available_features.get"] {
        let operation = Catalogue::builtin().operation(id).expect("the catalogue has it");
        let question = Question {
            caller: &CALLER,
            operation,
            workspace: None,
            item: None,
            objects: &[],
            arguments: &arguments,
            tool: None,
            speaks_for: &[],
            now: Timestamp(1000),
            approved: false,
        };
        if matches!(decide(&policies, &question), Decision::Allow(_)) {
            assert!(may_ever(&policies, &CALLER, operation), "{rule:?}");
            let text = to_cedar(rule).expect("what passed the check has a text");
            assert!(text.contains("permit"), "{text}");
        }
    }
}
