//! The form of a policy: from what is stored to fields, and from fields to a form that can be stored.

use std::collections::HashMap;

use catalogue::Effect;
use serde_json::{Value, json};

use super::failure::Failure;
use super::policies::action_word;
use super::visitor::Visitor;
use crate::admin::{PolicyInput, Problems, open_twins, with_twins};
use crate::app::App;
use crate::caller::{EnvironmentId, GroupId, PersonId, PolicyId};
use crate::page::Fields;
use crate::policy::{Action, Form, Source, schema_text};
use crate::store::{api_keys, grants, groups, people};

const EFFECTS: [(Effect, &str, &str); 7] = [
    (Effect::Read, "Read", "look at workspaces and content, run DAX queries"),
    (Effect::Run, "Run", "refresh, export, take over"),
    (Effect::Create, "Create", "new workspaces, reports, models"),
    (Effect::Update, "Update", "change what is there"),
    (Effect::Delete, "Delete", "remove for good"),
    (Effect::Share, "Share", "give people access"),
    (Effect::Admin, "Admin", "tenant-wide administrator operations"),
];

/// People, groups and clients of an environment by id, for sentences.
pub(super) async fn names(app: &App, environment: &EnvironmentId) -> Result<HashMap<String, String>, Failure> {
    let mut names: HashMap<String, String> = people::list(&app.db, environment, ("", ""))
        .await?
        .into_iter()
        .map(|it| (it.id.0, it.name))
        .collect();
    names.extend(
        groups::list(&app.db, environment)
            .await?
            .into_iter()
            .map(|it| (it.id.0, it.name)),
    );
    names.extend(
        grants::list(&app.db, environment)
            .await?
            .into_iter()
            .map(|it| (it.grant.client_id.0, it.client_name)),
    );
    names.extend(
        api_keys::list(&app.db, environment)
            .await?
            .into_iter()
            .map(|it| (it.id.0, format!("key {}", it.name))),
    );
    Ok(names)
}

/// What was posted, or what cannot be read of it.
pub(super) fn input(fields: &Fields) -> Result<PolicyInput, Problems> {
    let input = typed(fields);
    let mut problems = Problems::new();
    if let Source::Form(form) = &input.source {
        if action(fields.text("action")).is_none() {
            problems.insert("source", "expected one of the four actions".to_owned());
        }
        if fields.all("effects").len() != form.effects.len() {
            problems.insert("source", "expected effects of the list".to_owned());
        }
        if form.action == Action::StepUp
            && !fields.text("minutes").is_empty()
            && form.max_authentication_age_s.is_none()
        {
            problems.insert("source", "expected whole minutes, at least 1".to_owned());
        }
    }
    if problems.is_empty() { Ok(input) } else { Err(problems) }
}

/// What was posted, passing over what cannot be read, to show it again.
pub(super) fn typed(fields: &Fields) -> PolicyInput {
    let source = match fields.text("written") {
        "cedar" => Source::Cedar(fields.exact("cedar").replace("\r\n", "\n")),
        _ => Source::Form(form(fields)),
    };
    PolicyInput {
        name: fields.text("name").to_owned(),
        enabled: fields.is_set("enabled"),
        source,
    }
}

fn form(fields: &Fields) -> Form {
    let action = action(fields.text("action")).unwrap_or(Action::Deny);
    let effects: Vec<Effect> = fields.all("effects").iter().filter_map(|it| it.parse().ok()).collect();
    let minutes: Option<u32> = fields
        .text("minutes")
        .parse()
        .ok()
        .filter(|it| (1..=60 * 24 * 30).contains(it));
    Form {
        operations: match fields.is_set("both_forms") {
            true => with_twins(fields.all("operations")),
            false => fields.all("operations"),
        },
        people: fields.all("people").into_iter().map(PersonId).collect(),
        groups: fields.all("groups").into_iter().map(GroupId).collect(),
        clients: fields.all("clients"),
        workspaces: fields.text("workspaces").split_whitespace().map(workspace_id).collect(),
        speaks_for_others: fields.is_set("speaks_for_others"),
        max_authentication_age_s: minutes.filter(|_| action == Action::StepUp).map(|it| it * 60),
        ..Form::about(fields.text("name"), action, &effects)
    }
}

/// The id in a pasted Power BI address, or the text as it is.
pub(super) fn workspace_id(typed: &str) -> String {
    let id = typed.split_once("/groups/").map_or(typed, |(_, rest)| rest);
    id.split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .trim_matches(',')
        .to_ascii_lowercase()
}

fn action(word: &str) -> Option<Action> {
    [Action::Allow, Action::Deny, Action::StepUp, Action::Approval]
        .into_iter()
        .find(|it| action_word(*it) == word)
}

/// What the template of the form reads.
pub(super) async fn details(
    app: &App,
    visitor: &Visitor,
    id: Option<&PolicyId>,
    input: &PolicyInput,
    problems: &Problems,
    was_form: bool,
) -> Result<Value, Failure> {
    let environment = &visitor.caller.environment;
    let blank = Form::about("", Action::Allow, &[]);
    let (written, form, cedar) = match &input.source {
        Source::Form(form) => ("form", form, ""),
        Source::Cedar(text) => ("cedar", &blank, text.as_str()),
    };
    Ok(json!({
        "id": id, "name": input.name, "enabled": input.enabled, "written": written, "was_form": was_form, "cedar": cedar, "problems": problems,
        "action": action_word(form.action),
        "effects": EFFECTS.iter().map(|(effect, title, text)| json!({ "id": effect.as_str(), "title": title, "text": text, "on": form.effects.contains(effect) })).collect::<Vec<_>>(),
        "operations": operations(app, &form.operations),
        "chosen_operations": form.operations.len(),
        "both_forms": open_twins(form).is_empty(), "open_twins": open_twins(form),
        "people": people::list(&app.db, environment, ("", "")).await?.iter().map(|it| json!({ "id": it.id, "name": it.name, "on": form.people.contains(&it.id) })).collect::<Vec<_>>(),
        "groups": groups::list(&app.db, environment).await?.iter().map(|it| json!({ "id": it.id, "name": it.name, "on": form.groups.contains(&it.id) })).collect::<Vec<_>>(),
        "clients": clients(app, environment, &form.clients).await?,
        "workspaces": form.workspaces.join("\n"),
        "speaks_for_others": form.speaks_for_others,
        "minutes": form.max_authentication_age_s.map_or(15, |it| it / 60),
        "schema": schema_text(),
    }))
}

fn operations(app: &App, chosen: &[String]) -> Vec<Value> {
    let of_group = |id: &str| -> Vec<Value> {
        let inside = app.catalogue.operations().iter().filter(|it| it.group == id);
        inside.map(|it| json!({ "id": it.id, "summary": it.summary, "effect": it.effect.as_str(), "on": chosen.contains(&it.id) })).collect()
    };
    app.catalogue
        .groups()
        .iter()
        .map(|it| json!({ "title": it.title, "operations": of_group(&it.id) }))
        .filter(|it| it["operations"] != json!([]))
        .collect()
}

/// Clients people have allowed, API keys, and the portal; and whatever else the policy names.
async fn clients(app: &App, environment: &EnvironmentId, chosen: &[String]) -> Result<Vec<Value>, Failure> {
    let mut known: Vec<(String, String)> = vec![("portal".into(), "The portal".into())];
    known.extend(
        grants::list(&app.db, environment)
            .await?
            .into_iter()
            .map(|it| (it.grant.client_id.0, it.client_name)),
    );
    known.extend(
        api_keys::list(&app.db, environment)
            .await?
            .into_iter()
            .filter(|it| it.revoked_at.is_none())
            .map(|it| (it.id.0, format!("Key {}", it.name))),
    );
    known.extend(chosen.iter().map(|it| (it.clone(), it.clone())));
    let mut seen = std::collections::HashSet::new();
    known.retain(|(id, _)| seen.insert(id.clone()));
    Ok(known
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "on": chosen.contains(id) }))
        .collect())
}
