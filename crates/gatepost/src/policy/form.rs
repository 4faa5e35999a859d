//! From a form to Cedar text that a person can read and go on writing.

use catalogue::Catalogue;
use cedar_policy::EntityId;

use crate::policy::rule::Action;
use crate::policy::rule::Form;

/// Names the annotation by which a permit also allows speaking for others.
pub(super) const SPEAKS_FOR: &str = "speaks_for";
/// How old the proof of identity may be where a step-up policy does not say.
pub(super) const DEFAULT_AUTHENTICATION_AGE_S: u32 = 15 * 60;
/// Less than this no person can meet: signing in and calling again takes longer.
const LEAST_AUTHENTICATION_AGE_S: u32 = 60;
/// Longer lists belong into a group.
const MOST_MEMBERS: usize = 1_000;

/// What is wrong with a form, or nothing.
pub(super) fn problem(form: &Form) -> Option<String> {
    let lists = [
        form.effects.len(),
        form.operations.len(),
        form.people.len(),
        form.groups.len(),
        form.clients.len(),
        form.workspaces.len(),
    ];
    if lists.into_iter().any(|length| MOST_MEMBERS < length) {
        return Some(format!("expected at most {MOST_MEMBERS} entries in a list"));
    }
    if let Some(unknown) = form
        .operations
        .iter()
        .find(|id| Catalogue::builtin().operation(id).is_none())
    {
        return Some(format!("expected an operation of the catalogue, not `{unknown}`"));
    }
    if let Some(odd) = form.workspaces.iter().find(|id| super::target::guid(id).is_none()) {
        return Some(format!("expected the id of a workspace, a GUID, not `{odd}`"));
    }
    match (form.action, form.max_authentication_age_s) {
        (Action::StepUp, Some(age)) if age < LEAST_AUTHENTICATION_AGE_S => Some(format!(
            "expected an authentication age of at least {LEAST_AUTHENTICATION_AGE_S} seconds"
        )),
        (Action::Deny, _) if form.speaks_for_others => {
            Some("a policy that denies allows nobody to speak for others; leave that out".to_owned())
        }
        (Action::Allow | Action::Deny | Action::Approval, Some(_)) => {
            Some("only a step-up policy has an authentication age".to_owned())
        }
        _ => None,
    }
}

/// The form as Cedar text.
pub(super) fn text(name: &str, form: &Form) -> String {
    let body = Body::of(name, form);
    match form.action {
        Action::Allow => body.permit(),
        Action::Deny => body.policy("", "forbid", None),
        Action::StepUp => {
            let age = form.max_authentication_age_s.unwrap_or(DEFAULT_AUTHENTICATION_AGE_S);
            let annotations = format!("@require(\"step_up\")\n@max_age(\"{age}\")\n");
            body.with_requirement(&annotations, &format!("context.authentication_age <= {age}"))
        }
        Action::Approval => body.with_requirement("@require(\"approval\")\n", "context.approved"),
    }
}

/// The parts that a form's policies share.
struct Body {
    name: String,
    scope: String,
    conditions: Vec<String>,
    speaks_for_others: bool,
}

impl Body {
    fn of(name: &str, form: &Form) -> Self {
        let mut conditions = Vec::new();
        let principal = principal(form, &mut conditions);
        let action = action(form);
        let resource = resource(form, &mut conditions);
        if let [only] = form.clients.as_slice() {
            conditions.push(format!("context.client.id == {}", quoted(only)));
        } else if !form.clients.is_empty() {
            let clients: Vec<_> = form.clients.iter().map(|it| quoted(it)).collect();
            conditions.push(format!("[{}].contains(context.client.id)", clients.join(", ")));
        }
        Self {
            name: quoted(name),
            scope: format!("    {principal},\n    {action},\n    {resource}\n"),
            conditions,
            speaks_for_others: form.speaks_for_others,
        }
    }

    fn policy(&self, annotations: &str, word: &str, unless: Option<&str>) -> String {
        let mut text = format!("@name({})\n{annotations}{word} (\n{})", self.name, self.scope);
        match self.conditions.as_slice() {
            [] => {}
            [only] => text.push_str(&format!("\nwhen {{ {only} }}")),
            all => text.push_str(&format!("\nwhen {{\n    {}\n}}", all.join(" &&\n    "))),
        }
        if let Some(unless) = unless {
            text.push_str(&format!("\nunless {{ {unless} }}"));
        }
        text + ";\n"
    }

    fn permit(&self) -> String {
        let annotations = match self.speaks_for_others {
            true => format!("@{SPEAKS_FOR}(\"others\")\n"),
            false => String::new(),
        };
        self.policy(&annotations, "permit", None)
    }

    fn with_requirement(&self, annotations: &str, unless: &str) -> String {
        format!(
            "{}\n{}",
            self.permit(),
            self.policy(annotations, "forbid", Some(unless))
        )
    }
}

fn principal(form: &Form, conditions: &mut Vec<String>) -> String {
    match (form.people.as_slice(), form.groups.as_slice()) {
        ([], []) => "principal".to_owned(),
        ([person], []) => format!("principal == {}", named("Person", &person.0)),
        ([], [group]) => format!("principal in {}", named("Group", &group.0)),
        (people, groups) => {
            // Cedar's sets hold one type each.
            let people: Vec<_> = people.iter().map(|it| named("Person", &it.0)).collect();
            let groups: Vec<_> = groups.iter().map(|it| named("Group", &it.0)).collect();
            let all: Vec<_> = [people, groups]
                .iter()
                .filter(|it| !it.is_empty())
                .map(|it| format!("principal in [{}]", it.join(", ")))
                .collect();
            conditions.push(if all.len() == 1 {
                all.concat()
            } else {
                format!("({})", all.join(" || "))
            });
            "principal".to_owned()
        }
    }
}

fn action(form: &Form) -> String {
    let effects = form.effects.iter().map(|it| named("Action", it.as_str()));
    let operations = form.operations.iter().map(|it| named("Action", it));
    let actions: Vec<_> = effects.chain(operations).collect();
    match actions.as_slice() {
        [] => "action".to_owned(),
        [only] => format!("action in {only}"),
        _ => format!("action in [{}]", actions.join(", ")),
    }
}

fn resource(form: &Form, conditions: &mut Vec<String>) -> String {
    let known = |id: &String| super::target::guid(id).unwrap_or_else(|| id.clone());
    let workspaces: Vec<_> = form
        .workspaces
        .iter()
        .map(|it| named("Workspace", &known(it)))
        .collect();
    match workspaces.as_slice() {
        [] => "resource".to_owned(),
        [only] => format!("resource in {only}"),
        _ => {
            conditions.push(format!("resource in [{}]", workspaces.join(", ")));
            "resource".to_owned()
        }
    }
}

fn named(type_name: &str, id: &str) -> String {
    format!("{type_name}::{}", quoted(id))
}

/// A Cedar string literal, whatever the text holds.
fn quoted(text: &str) -> String {
    format!("\"{}\"", EntityId::new(text).escaped())
}
