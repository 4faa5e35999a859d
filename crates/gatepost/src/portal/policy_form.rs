//! The form of a policy: from what is stored to fields, and from fields to a form that can be stored.

use std::collections::{HashMap, HashSet};

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
use crate::store::list::Wanted;
use crate::store::names::{self, Kind};
use crate::store::policies::Policy;
use crate::store::{api_keys, clients, groups, people};

/// Of each kind, as many as are offered besides what is chosen.
const OFFERED: i64 = 100;

const EFFECTS: [(Effect, &str, &str); 7] = [
    (Effect::Read, "Read", "look at workspaces and content, run DAX queries"),
    (Effect::Run, "Run", "refresh, export, take over"),
    (Effect::Create, "Create", "new workspaces, reports, models"),
    (Effect::Update, "Update", "change what is there"),
    (Effect::Delete, "Delete", "remove for good"),
    (Effect::Share, "Share", "give people access"),
    (Effect::Admin, "Admin", "tenant-wide administrator operations"),
];

/// The people, groups and clients that these policies name, by id, and who changed them; for sentences.
pub(super) async fn names(
    app: &App,
    environment: &EnvironmentId,
    policies: &[Policy],
) -> Result<HashMap<String, String>, Failure> {
    let mut ids: Vec<String> = policies.iter().filter_map(|it| it.updated_by.clone()).collect();
    for policy in policies {
        if let Ok(Source::Form(form)) = serde_json::from_str(&policy.source) {
            ids.extend(form.people.into_iter().map(|it| it.0));
            ids.extend(form.groups.into_iter().map(|it| it.0));
            ids.extend(form.clients);
        }
    }
    named(app, environment, &ids).await
}

async fn named(app: &App, environment: &EnvironmentId, ids: &[String]) -> Result<HashMap<String, String>, Failure> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    let mut found = HashMap::new();
    for kind in Kind::ALL {
        let names = names::of(&app.db, environment, kind, &ids).await?;
        let in_words = |name: String| if kind == Kind::Key { format!("key {name}") } else { name };
        found.extend(names.into_iter().map(|(id, name)| (id, in_words(name))));
    }
    Ok(found)
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
        "people": people(app, environment, &form.people).await?,
        "groups": groups(app, environment, &form.groups).await?,
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

/// What a policy names already, and the first few of what there is besides. Invariant: what was chosen is always offered
/// again, or saving the form would drop it.
struct Offer {
    chosen: Vec<(String, String)>,
    others: Vec<(String, String)>,
    total: i64,
}

impl Offer {
    fn shown(self) -> Value {
        let Self { chosen, others, total } = self;
        let mut seen = HashSet::new();
        let all = chosen
            .iter()
            .map(|it| (it, true))
            .chain(others.iter().map(|it| (it, false)));
        let rows: Vec<Value> = all
            .filter(|((id, _), _)| seen.insert(id.clone()))
            .map(|((id, name), on)| json!({ "id": id, "name": name, "on": on }))
            .collect();
        json!({ "rows": rows, "total": total, "is_cut": i64::try_from(others.len()).unwrap_or(0) < total })
    }
}

/// What these identifiers are called; one that names nothing any more stands for itself.
async fn chosen(app: &App, environment: &EnvironmentId, ids: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let names = named(app, environment, ids).await?;
    let name = |id: &String| names.get(id).cloned().unwrap_or_else(|| id.clone());
    Ok(ids.iter().map(|id| (id.clone(), name(id))).collect())
}

async fn people(app: &App, environment: &EnvironmentId, on: &[PersonId]) -> Result<Value, Failure> {
    let ids: Vec<String> = on.iter().map(|it| it.0.clone()).collect();
    let page = people::page(&app.db, environment, &Wanted::first(OFFERED, app.clock.now())).await?;
    let offer = Offer {
        chosen: chosen(app, environment, &ids).await?,
        others: page.rows.into_iter().map(|it| (it.id.0, it.name)).collect(),
        total: page.total,
    };
    Ok(offer.shown())
}

async fn groups(app: &App, environment: &EnvironmentId, on: &[GroupId]) -> Result<Value, Failure> {
    let ids: Vec<String> = on.iter().map(|it| it.0.clone()).collect();
    let page = groups::page(&app.db, environment, &Wanted::first(OFFERED, app.clock.now())).await?;
    let offer = Offer {
        chosen: chosen(app, environment, &ids).await?,
        others: page.rows.into_iter().map(|it| (it.group.id.0, it.group.name)).collect(),
        total: page.total,
    };
    Ok(offer.shown())
}

/// The portal, clients people have allowed, and API keys.
async fn clients(app: &App, environment: &EnvironmentId, on: &[String]) -> Result<Value, Failure> {
    let now = app.clock.now();
    let clients = clients::page(&app.db, environment, &Wanted::first(OFFERED / 2, now)).await?;
    let mut wanted = Wanted::first(OFFERED / 2, now);
    wanted.filter = "active".to_owned();
    let keys = api_keys::page(&app.db, environment, None, &wanted).await?;
    let portal = ("portal".to_owned(), "The portal".to_owned());
    let mut chosen = chosen(app, environment, on).await?;
    chosen
        .iter_mut()
        .filter(|it| it.0 == portal.0)
        .for_each(|it| *it = portal.clone());
    let known = clients.rows.into_iter().map(|it| (it.client.id.0, it.client.name));
    let held = keys
        .rows
        .into_iter()
        .map(|it| (it.key.id.0, format!("Key {}", it.key.name)));
    let offer = Offer {
        chosen,
        others: std::iter::once(portal).chain(known).chain(held).collect(),
        total: clients.total + keys.total + 1,
    };
    Ok(offer.shown())
}
