//! One operation as a section of its group's page.

use anyhow::Result;
use catalogue::BodyBound;
use catalogue::Field;
use catalogue::Operation;
use catalogue::Paging;
use catalogue::Parameter;
use catalogue::Per;
use catalogue::Place;
use catalogue::Principals;
use catalogue::Rate;

use crate::docs::answer;
use crate::docs::example;
use crate::docs::table::table;
use crate::docs::table::words;

/// The section of one operation among those of its page.
pub(super) fn section(operation: &Operation, page: &[&Operation]) -> Result<String> {
    let mut text = format!(
        "## `{}`\n\n{}.\n\n`{} {}`\n\n",
        operation.id, operation.summary, operation.method, operation.path
    );
    for hint in &operation.hints {
        text += &format!("- {hint}\n");
    }
    if !operation.hints.is_empty() {
        text.push('\n');
    }
    text += &table(&["", ""], &facts(operation, page));
    text += &parameters(operation);
    text += &body(operation);
    text += &answer::answer(operation, page);
    text += &example::examples(operation)?;
    Ok(text)
}

/// Where a heading of this id is found on its page.
pub(super) fn anchor(id: &str) -> String {
    id.replace('.', "")
}

fn facts(operation: &Operation, page: &[&Operation]) -> Vec<Vec<String>> {
    let mut rows = vec![
        ("Microsoft's id", format!("`{}`", operation.microsoft_id)),
        ("effect", operation.effect.to_string()),
        ("destructive", destructive(operation)),
        ("permissions", permissions(operation)),
        ("service principals", principals(operation.principals).to_owned()),
        ("status", operation.status.to_string()),
        ("paging", paging(operation.paging).to_owned()),
    ];
    if let Some(twin) = &operation.twin {
        rows.push(("twin", link(twin, page)));
    }
    if let Some(long) = &operation.long_running {
        let mut words_of_it = format!("follow with {}", link(&long.poll, page));
        if !long.done.is_empty() {
            words_of_it += &format!(" until {}", words(&long.done));
        }
        if let Some(result) = &long.result {
            words_of_it += &format!("; the result comes from {}", link(result, page));
        }
        rows.push(("long-running", words_of_it));
    }
    if let Some(limit) = &operation.rate {
        rows.push(("rate", rate(limit)));
    }
    if operation.body.is_some() && operation.body_bound != BodyBound::default() {
        rows.push(("largest body", body_bound(operation.body_bound)));
    }
    if !operation.limits.is_empty() {
        rows.push(("limits", operation.limits.join("; ")));
    }
    rows.into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

fn body_bound(bound: BodyBound) -> String {
    format!("{} KiB, {} values", bound.kibibytes, bound.values)
}

/// A link to another operation, on this page or that of its group.
fn link(id: &str, page: &[&Operation]) -> String {
    let group = id.split('.').next().unwrap_or_default();
    let is_here = page.iter().any(|operation| operation.id == id);
    let file = if is_here { String::new() } else { format!("{group}.md") };
    format!("[`{id}`]({file}#{})", anchor(id))
}

fn destructive(operation: &Operation) -> String {
    match (&operation.destructive_if, operation.destructive) {
        (_, true) => "yes".to_owned(),
        (Some(condition), false) => format!("if `{}` is {}", condition.argument, words(&condition.is)),
        (None, false) => "no".to_owned(),
    }
}

fn permissions(operation: &Operation) -> String {
    match operation.scopes.is_none() {
        true => "none stated".to_owned(),
        false => format!("`{}`", operation.scopes),
    }
}

fn principals(principals: Principals) -> &'static str {
    match principals {
        Principals::Allowed => "allowed, their profiles too",
        Principals::NotOnSecuredModels => "allowed, but not on models with row-level security or single sign-on",
        Principals::AdminRead => "where the tenant lets them read admin data",
        Principals::AdministratorsOnly => "no: a Fabric administrator in person",
        Principals::MyWorkspace => "no: they have no My workspace",
        Principals::Refused => "no",
        Principals::Only => "nobody else",
        Principals::NotStated => "not stated",
    }
}

fn paging(paging: Paging) -> &'static str {
    match paging {
        Paging::None => "none",
        Paging::TopSkip => "`$top` and `$skip`",
        Paging::Top => "`$top` alone: the newest",
        Paging::NextLink => "`$top`, then the address in `@odata.nextLink`",
        Paging::Continuation => "the `continuationToken` of the answer before; null means the end",
    }
}

fn rate(rate: &Rate) -> String {
    let windows: Vec<_> = rate
        .windows
        .iter()
        .map(|window| format!("{} calls in {}", window.calls, span(window.seconds)))
        .collect();
    let per = match rate.per {
        Per::User => "a person",
        Per::Tenant => "the tenant",
        Per::Dataset => "a semantic model",
    };
    let shared = if rate.shared {
        format!("; all operations of class `{}` share them", rate.class)
    } else {
        String::new()
    };
    format!("{} for {per}{shared}", windows.join(" and "))
}

fn span(seconds: u32) -> String {
    match seconds {
        60 => "a minute".to_owned(),
        3600 => "an hour".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

fn parameters(operation: &Operation) -> String {
    let rows: Vec<_> = operation.parameters.iter().map(parameter).collect();
    table(&["parameter", "in", "value", "meaning"], &rows)
}

fn parameter(parameter: &Parameter) -> Vec<String> {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
    };
    let required = if parameter.required { ", required" } else { "" };
    vec![
        format!("`{}`", parameter.name),
        format!("{place}{required}"),
        parameter.expected(),
        parameter.summary.clone(),
    ]
}

fn body(operation: &Operation) -> String {
    let is_required = if operation.body_required {
        "required"
    } else {
        "optional"
    };
    let heading = match (operation.body.is_some(), operation.multipart) {
        (false, _) => return String::new(),
        (true, true) => "Body: a file as `multipart/form-data`, or JSON:",
        (true, false) => &format!("Body ({is_required}), JSON:"),
    };
    let rows: Vec<_> = operation.body_fields().iter().map(body_row).collect();
    format!("{heading}\n\n{}", table(&["field", "value", "meaning"], &rows))
}

fn body_row(field: &Field) -> Vec<String> {
    let required = if field.required { ", required" } else { "" };
    let value = match field.words.is_empty() {
        true => field.kind.clone(),
        false => format!("{}: {}", field.kind, words(&field.words)),
    };
    vec![format!("`{}`{required}", field.path), value, field.summary.clone()]
}
