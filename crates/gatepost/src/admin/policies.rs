//! Policies: writing, switching and deleting them, and saying in a sentence what a form means.

use std::collections::HashMap;

use serde_json::json;

use catalogue::Catalogue;

use super::{Problems, Refused, check_name, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, PolicyId, look_of};
use crate::policy::{Action, Form, Rule, Source, check};
use crate::store::policies::{self, Policy};

/// What the form of a policy holds.
#[derive(Clone, Debug)]
pub struct PolicyInput {
    pub name: String,
    pub enabled: bool,
    pub source: Source,
}

/// Finds a policy of the caller's environment.
pub async fn find(app: &App, caller: &Caller, id: &PolicyId) -> Result<Policy, Refused> {
    let found = policies::find(&app.db, &caller.environment, id).await?;
    found.ok_or(Refused::NotFound)
}

/// Adds a policy; it holds at once on every replica.
pub async fn create(app: &App, caller: &Caller, input: PolicyInput) -> Result<PolicyId, Refused> {
    manages(caller)?;
    let now = app.clock.now();
    let row = Policy {
        id: PolicyId(app.clock.new_id()),
        environment_id: caller.environment.clone(),
        name: input.name.clone(),
        enabled: input.enabled,
        source: String::new(),
        created_at: now,
        updated_at: now,
        updated_by: Some(caller.person.0.clone()),
    };
    store(app, caller, "policy.created", row, input).await
}

/// Saves an edited policy.
pub async fn save(app: &App, caller: &Caller, id: &PolicyId, input: PolicyInput) -> Result<PolicyId, Refused> {
    manages(caller)?;
    let row = find(app, caller, id).await?;
    store(app, caller, "policy.changed", row, input).await
}

/// Switches a policy on or off.
pub async fn set_enabled(app: &App, caller: &Caller, id: &PolicyId, enabled: bool) -> Result<(), Refused> {
    manages(caller)?;
    let row = find(app, caller, id).await?;
    let source: Source = serde_json::from_str(&row.source)
        .map_err(|_| Refused::Conflict("this policy cannot be read; delete it".into()))?;
    let input = PolicyInput {
        name: row.name.clone(),
        enabled,
        source,
    };
    store(
        app,
        caller,
        if enabled { "policy.enabled" } else { "policy.disabled" },
        row,
        input,
    )
    .await
    .map(drop)
}

/// Deletes a policy.
pub async fn delete(app: &App, caller: &Caller, id: &PolicyId) -> Result<(), Refused> {
    manages(caller)?;
    let row = find(app, caller, id).await?;
    let mut tx = app.db.begin().await?;
    policies::delete(&mut tx, &caller.environment, id).await?;
    let version = policies::bump(&mut tx, &caller.environment).await?;
    tx.commit().await?;
    let details = json!({ "policy": id, "name": row.name, "source": source_of(&row.source), "version": version });
    app.audit.append(Entry::of("policy.deleted", caller, details)).await?;
    Ok(())
}

async fn store(
    app: &App,
    caller: &Caller,
    kind: &'static str,
    mut row: Policy,
    mut input: PolicyInput,
) -> Result<PolicyId, Refused> {
    if let Source::Form(form) = &mut input.source {
        form.name.clone_from(&input.name);
        form.enabled = input.enabled;
    }
    let mut problems = Problems::new();
    check_name(&mut problems, "name", &input.name);
    let look = look_of(&input.name);
    let others = policies::list(&app.db, &caller.environment).await?;
    let is_new = others.iter().all(|it| it.id != row.id);
    if is_new && policies::MOST <= others.len() {
        return Err(Refused::Conflict(format!(
            "there are {} policies, and no environment may have more, because every call is judged by all of them: delete \
             some, or let one name several people, groups, operations or workspaces",
            others.len()
        )));
    }
    // A policy that has its name already may be switched off and mended all the same.
    let is_new_name = others.iter().all(|it| it.id != row.id || it.name != input.name);
    if is_new_name && others.iter().any(|it| it.id != row.id && look_of(&it.name) == look) {
        problems.insert("name", "there is a policy whose name looks the same".to_owned());
    }
    let rule = Rule {
        id: row.id.clone(),
        name: input.name.clone(),
        enabled: input.enabled,
        source: input.source.clone(),
    };
    if let Err(invalid) = check(&rule) {
        let at = invalid.at.map(|it| format!("{it}: ")).unwrap_or_default();
        problems.insert("source", format!("{at}{}", invalid.message));
    }
    sound(problems)?;
    let before = source_of(&row.source);
    row.name = input.name;
    row.enabled = input.enabled;
    row.source = serde_json::to_string(&input.source).expect("a source is plain data");
    row.updated_at = app.clock.now();
    row.updated_by = Some(caller.person.0.clone());
    let mut tx = app.db.begin().await?;
    policies::save(&mut tx, &row).await?;
    // In the same transaction, so that no replica decides by the old rules once the new ones are there.
    let version = policies::bump(&mut tx, &caller.environment).await?;
    tx.commit().await?;
    let details = json!({
        "policy": row.id, "name": row.name, "enabled": row.enabled, "before": before, "source": source_of(&row.source), "version": version,
    });
    app.audit.append(Entry::of(kind, caller, details)).await?;
    Ok(row.id)
}

fn source_of(stored: &str) -> serde_json::Value {
    serde_json::from_str(stored).unwrap_or(serde_json::Value::Null)
}

/// What a form means, in a sentence; `names` gives people, groups and clients by id.
pub fn in_words(form: &Form, names: &HashMap<String, String>) -> String {
    let named = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let who: Vec<_> = form
        .people
        .iter()
        .map(|it| named(&it.0))
        .chain(form.groups.iter().map(|it| format!("the group {}", named(&it.0))))
        .collect();
    let subject = if who.is_empty() {
        None
    } else {
        Some(listed(&who, "and"))
    };
    let what = what(form);
    let mut text = match (form.action, subject) {
        (Action::Allow, None) => format!("Everybody may {what}"),
        (Action::Allow, Some(who)) => format!("{who} may {what}"),
        (Action::Deny, None) => format!("Nobody may {what}"),
        (Action::Deny, Some(who)) => format!("{who} may not {what}"),
        (Action::StepUp, who) => format!(
            "{} may {what} within {} of signing in",
            who.unwrap_or_else(|| "Everybody".into()),
            age(form)
        ),
        (Action::Approval, who) => format!(
            "{} may {what} once an administrator has approved the exact call",
            who.unwrap_or_else(|| "Everybody".into())
        ),
    };
    if form.speaks_for_others {
        text.push_str(", also as somebody else");
    }
    match form.workspaces.as_slice() {
        [] => {}
        [one] => text.push_str(&format!(", in the workspace {one}")),
        all => text.push_str(&format!(", in {} workspaces", all.len())),
    }
    if !form.clients.is_empty() {
        let clients: Vec<_> = form
            .clients
            .iter()
            .map(|it| if it == "portal" { "the portal".into() } else { named(it) })
            .collect();
        text.push_str(&format!(", through {}", listed(&clients, "or")));
    }
    let open = open_twins(form);
    if form.action == Action::Deny && !open.is_empty() {
        text.push_str(&format!("; the other form stays open: {}", listed(&open, "and")));
    }
    let mut letters = text.chars();
    let first: String = letters.next().map(|it| it.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// The operations whose other form (on My workspace or any workspace, or inside a named one) the policy leaves out.
pub fn open_twins(form: &Form) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let chosen = form.operations.iter().filter_map(|id| catalogue.operation(id));
    chosen
        .filter_map(|it| catalogue.operation(it.twin.as_deref()?))
        .filter(|twin| !form.operations.contains(&twin.id) && !form.effects.contains(&twin.effect))
        .map(|twin| twin.id.clone())
        .collect()
}

/// These operations with the other form of each.
pub fn with_twins(mut operations: Vec<String>) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let twins: Vec<String> = operations
        .iter()
        .filter_map(|id| catalogue.operation(id)?.twin.clone())
        .collect();
    for twin in twins {
        if !operations.contains(&twin) {
            operations.push(twin);
        }
    }
    operations
}

fn what(form: &Form) -> String {
    let effects: Vec<_> = form
        .effects
        .iter()
        .map(|it| effect_in_words(it.as_str()).to_owned())
        .collect();
    let operations = match form.operations.as_slice() {
        [] => None,
        some if some.len() <= 3 => Some(format!("call {}", listed(some, "or"))),
        many => Some(format!("call any of {} operations", many.len())),
    };
    let all: Vec<_> = effects.into_iter().chain(operations).collect();
    if all.is_empty() {
        "do anything".to_owned()
    } else {
        listed(&all, "or")
    }
}

/// An effect as a verb.
pub(super) fn effect_in_words(effect: &str) -> &str {
    match effect {
        "read" => "read",
        "run" => "run refreshes and exports",
        "create" => "create",
        "update" => "update",
        "delete" => "delete",
        "share" => "share",
        "admin" => "use administrator operations",
        other => other,
    }
}

fn age(form: &Form) -> String {
    let seconds = form.max_authentication_age_s.unwrap_or(15 * 60);
    if seconds.is_multiple_of(60) {
        format!("{} minutes", seconds / 60)
    } else {
        format!("{seconds} seconds")
    }
}

fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., end] => format!("{} {last} {end}", all.join(", ")),
    }
}
