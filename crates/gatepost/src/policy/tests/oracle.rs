//! The decisions compared with a small interpreter of forms that knows nothing of Cedar, on random rules and calls.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::sample::subsequence;

use super::*;

const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
const GROUPS: [&str; 3] = ["analysts", "owners", "everyone"];
const CLIENTS: [&str; 3] = ["claude", "cursor", "portal"];
const WORKSPACES: [&str; 2] = [SALES, FINANCE];
const OPERATIONS: [&str; 8] = [
    "groups.list",
    "groups.get",
    "datasets.get",
    "datasets.get_in_group",
    "datasets.refresh_in_group",
    "reports.clone_in_group",
    "reports.delete_in_group",
    "groups.add_user",
];

/// One call, as plain values.
#[derive(Clone, Debug)]
struct Call {
    person: &'static str,
    groups: Vec<&'static str>,
    client: &'static str,
    operation: &'static str,
    workspace: &'static str,
    target: Option<&'static str>,
    age_s: i64,
    approved: bool,
}

impl Call {
    fn caller(&self) -> Caller {
        let through = match self.client {
            "portal" => Through::Portal,
            id => Through::Client {
                client: id.into(),
                name: id.to_owned(),
                grant: "g".into(),
            },
        };
        Caller {
            through,
            authenticated_at: NOW.plus_seconds(-self.age_s),
            ..caller(self.person, &self.groups)
        }
    }

    fn arguments(&self) -> Value {
        let operation = operation(self.operation);
        let mut arguments = json!({});
        for parameter in operation
            .parameters
            .iter()
            .filter(|it| it.place == catalogue::Place::Path)
        {
            let value = if parameter.name == "groupId" {
                self.workspace
            } else {
                MODEL
            };
            arguments[&parameter.name] = json!(value);
        }
        if let Some(target) = self.target.filter(|_| self.operation == "reports.clone_in_group") {
            arguments["body"] = json!({ "name": "Copy", "targetWorkspaceId": target });
        }
        arguments
    }

    fn decided_by(&self, policies: &Policies) -> Decision {
        let (caller, arguments) = (self.caller(), self.arguments());
        decide(
            policies,
            &Question {
                approved: self.approved,
                ..question(&caller, self.operation, &arguments)
            },
        )
    }
}

/// What the design's table says, read straight from the forms.
fn expected(forms: &[Form], call: &Call) -> String {
    let operation = operation(call.operation);
    let forms: Vec<_> = forms.iter().filter(|it| it.enabled && is_about(it, call)).collect();
    let plain_path = call.operation == "datasets.get";
    if plain_path
        && forms
            .iter()
            .any(|it| !it.workspaces.is_empty() && it.action != Action::Allow)
    {
        return "refuse WorkspaceNeeded".to_owned();
    }
    let mut named: Vec<Option<&str>> = vec![operation.is_in_workspace().then_some(call.workspace)];
    if call.operation == "reports.clone_in_group" {
        named.extend(call.target.map(Some));
    }
    let meets = |form: &Form, workspace: Option<&str>| {
        form.workspaces.is_empty()
            || workspace.is_some_and(|id| form.workspaces.iter().any(|it| it.eq_ignore_ascii_case(id)))
    };
    let touches = |form: &Form| named.iter().any(|it| meets(form, *it));
    if forms.iter().any(|it| it.action == Action::Deny && touches(it)) {
        return "refuse Policy".to_owned();
    }
    let is_permitted = |workspace: &Option<&str>| {
        forms
            .iter()
            .any(|it| it.action != Action::Deny && meets(it, *workspace))
    };
    if !named.iter().all(is_permitted) {
        let is_hinted = plain_path && forms.iter().any(|it| !it.workspaces.is_empty());
        return if is_hinted {
            "refuse WorkspaceNeeded"
        } else {
            "refuse NoPolicy"
        }
        .to_owned();
    }
    let ages = forms.iter().filter(|it| it.action == Action::StepUp && touches(it));
    let ages = ages
        .map(|it| it.max_authentication_age_s.unwrap_or(900))
        .filter(|it| i64::from(*it) < call.age_s);
    let step_up = ages.min();
    let approval = !call.approved && forms.iter().any(|it| it.action == Action::Approval && touches(it));
    match (step_up, approval) {
        (None, false) => "allow".to_owned(),
        _ => format!("require step_up={step_up:?} approval={approval}"),
    }
}

fn is_about(form: &Form, call: &Call) -> bool {
    let operation = operation(call.operation);
    let every_operation = form.effects.is_empty() && form.operations.is_empty();
    let everybody = form.people.is_empty() && form.groups.is_empty();
    let in_group = form.groups.iter().any(|it| call.groups.contains(&it.0.as_str()));
    (every_operation || form.effects.contains(&operation.effect) || form.operations.contains(&operation.id))
        && (everybody || form.people.iter().any(|it| it.0 == call.person) || in_group)
        && (form.clients.is_empty() || form.clients.iter().any(|it| it == call.client))
}

fn some<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = Vec<T>> + use<T> {
    prop_oneof![2 => Just(vec![]), 1 => subsequence(all.to_vec(), 1..=all.len())]
}

fn action() -> impl Strategy<Value = Action> {
    select(vec![
        Action::Allow,
        Action::Allow,
        Action::Deny,
        Action::StepUp,
        Action::Approval,
    ])
}

fn form() -> impl Strategy<Value = Form> {
    let lists = (
        some(Effect::ALL),
        some(&OPERATIONS),
        some(&PEOPLE),
        some(&GROUPS),
        some(&CLIENTS),
        some(&WORKSPACES),
    );
    (
        action(),
        lists,
        prop::option::of(60..2000_u32),
        prop::bool::weighted(0.9),
    )
        .prop_map(
            |(action, (effects, operations, people, groups, clients, workspaces), age, enabled)| Form {
                speaks_for_others: false,
                name: "rule".to_owned(),
                enabled,
                action,
                effects,
                operations: operations.into_iter().map(str::to_owned).collect(),
                people: people.into_iter().map(Into::into).collect(),
                groups: groups.into_iter().map(Into::into).collect(),
                clients: clients.into_iter().map(str::to_owned).collect(),
                workspaces: workspaces.into_iter().map(str::to_uppercase).collect(),
                max_authentication_age_s: age.filter(|_| action == Action::StepUp),
            },
        )
}

fn call() -> impl Strategy<Value = Call> {
    let who = (select(PEOPLE.to_vec()), some(&GROUPS), select(CLIENTS.to_vec()));
    let what = (
        select(OPERATIONS.to_vec()),
        select(WORKSPACES.to_vec()),
        prop::option::of(select(WORKSPACES.to_vec())),
    );
    (who, what, 0..4000_i64, any::<bool>()).prop_map(
        |((person, groups, client), (operation, workspace, target), age_s, approved)| Call {
            person,
            groups,
            client,
            operation,
            workspace,
            target,
            age_s,
            approved,
        },
    )
}

/// How much a decision lets through: 0 nothing, 1 with requirements, 2 all.
fn openness(decision: &Decision) -> u8 {
    match decision {
        Decision::Refuse(_) => 0,
        Decision::Require(_) => 1,
        Decision::Allow(_) => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// POL-01 (half)
    #[test]
    fn cedar_and_the_interpreter_agree(forms in prop::collection::vec(form(), 0..6), calls in prop::collection::vec(call(), 20)) {
        let policies = compiled(&forms);
        for call in calls {
            let decision = call.decided_by(&policies);
            prop_assert_eq!(word(&decision), expected(&forms, &call), "{:?}", call);
            let may = may_ever(&policies, &call.caller(), operation(call.operation));
            prop_assert!(may || openness(&decision) == 0, "hidden, but {:?}: {:?}", decision, call);
        }
    }
}

proptest! {
    // Text by hand is checked against all 289 operations, which takes long.
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_form_gives_fits_the_schema(form in form()) {
        let text = crate::policy::to_cedar(&Rule::of_form("p".into(), form)).expect("the form is in order");
        prop_assert_eq!(crate::policy::check(&cedar(&text)), Ok(()));
    }

    #[test]
    fn one_more_rule_that_denies_or_requires_never_allows_more(
        forms in prop::collection::vec(form(), 0..5),
        mut further in form(),
        deny in any::<bool>(),
        at in any::<prop::sample::Index>(),
        calls in prop::collection::vec(call(), 20),
    ) {
        // The requiring half alone, as written by hand: a form that requires also permits.
        further.action = if deny { Action::Deny } else { Action::Approval };
        further.max_authentication_age_s = None;
        let before = rules(&forms);
        let text = crate::policy::to_cedar(&Rule::of_form("new".into(), further)).expect("the form is in order");
        let text = if deny { text } else { text[text.find("@require").expect("it requires")..].to_owned() };
        let mut after = before.clone();
        after.insert(at.index(before.len() + 1), Rule { id: "new".into(), ..cedar(&text) });
        let (before, after) = (Policies::compile(1, &before).unwrap(), Policies::compile(2, &after).unwrap());
        for call in calls {
            prop_assert!(openness(&call.decided_by(&after)) <= openness(&call.decided_by(&before)), "{:?}", call);
        }
    }
}
