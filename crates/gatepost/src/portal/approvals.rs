//! Approvals: what waits for a yes, shown as exactly what would be sent.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, Refused};
use crate::app::App;
use crate::caller::ApprovalId;
use crate::clock::Timestamp;
use crate::page;
use crate::policy::Plan;
use crate::store::approvals::{self, Approval, Listed, WAITING};
use crate::store::names::{self, Kind};
use crate::store::plans::ERASED;

const LIST: Place<'static> = Place {
    template: "approvals.html",
    title: "Approvals",
    section: "approvals",
};
const ONE: Place<'static> = Place {
    template: "approval.html",
    title: "Approval",
    section: "approvals",
};

/// `GET /approvals`: what waits, everybody in turn, and what was decided. Plans are on the pages of their own.
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let (caller, now) = (&visitor.caller, app.clock.now());
    let manages = caller.role.may_manage();
    // Invariant: whoever does not manage the environment sees their own requests only, whatever the query says.
    let whose = (!manages).then_some(&caller.person);
    let asked = Asked::of(&approvals::LIST, "/approvals", "", &query, now)
        .usually(WAITING)
        // Turns matter for what waits; to know them of all there ever were, all would be read.
        .ordered_under(WAITING, "turn");
    let page = approvals::page(&app.db, &caller.environment, whose, &asked.wanted).await?;
    let rows: Vec<Value> = page.rows.iter().map(|it| listed(it, &visitor, now)).collect();
    visitor.show(
        &app,
        LIST,
        json!({ "approvals": rows, "list": asked.shown(&page), "manages": manages }),
    )
}

fn listed(it: &Listed, visitor: &Visitor, now: Timestamp) -> Value {
    json!({
        "id": it.id, "summary": it.summary, "state": state(&it.state, it.expires_at, now), "person": it.person_name,
        "is_mine": it.person_id == visitor.caller.person, "through": page::visible(&it.asked_through), "created_at": it.created_at,
        "expires_at": it.expires_at, "decided_by": it.decided_name, "decided_at": it.decided_at,
    })
}

/// The state as it is now: what nobody decided or used in time is over.
fn state(stored: &str, expires_at: Timestamp, now: Timestamp) -> &str {
    if expires_at <= now && ["pending", "approved"].contains(&stored) {
        "expired"
    } else {
        stored
    }
}

/// `GET /approvals/{id}`
pub(super) async fn one(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let found = approvals::find(&app.db, &caller.environment, &ApprovalId(id)).await?;
    let found = found
        .filter(|it| caller.role.may_manage() || it.person_id == caller.person)
        .ok_or(Refused::NotFound)?;
    let ids: Vec<String> = std::iter::once(found.person_id.0.clone())
        .chain(found.decided_by.clone())
        .collect();
    let names = names::of(&app.db, &caller.environment, Kind::Person, &ids).await?;
    let about = about(&app, &found, &visitor, &names.into_iter().collect(), app.clock.now());
    visitor.show(
        &app,
        Place {
            title: &found.summary,
            ..ONE
        },
        json!({ "it": about, "manages": caller.role.may_manage() }),
    )
}

fn about(app: &App, it: &Approval, visitor: &Visitor, names: &HashMap<String, String>, now: Timestamp) -> Value {
    let plan = app.plan_of(it);
    let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    json!({
        "id": it.id, "summary": it.summary, "state": state(&it.state, it.expires_at, now), "person": name(&it.person_id.0),
        "is_mine": it.person_id == visitor.caller.person, "through": page::visible(&it.asked_through), "created_at": it.created_at, "expires_at": it.expires_at,
        "decided_by": it.decided_by.as_deref().map(name), "decided_at": it.decided_at, "used_at": it.used_at, "void_why": it.void_why,
        "is_erased": it.plan_sealed.as_deref() == Some(ERASED),
        "plan": plan.as_ref().map(|it| shown(app, it)),
        "hash": it.plan_hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    })
}

/// The plan as it would be sent, with its body in readable lines.
fn shown(app: &App, plan: &Plan) -> Value {
    let operation = app.catalogue.operation(&plan.operation);
    let body = plan.body.as_ref().map(|it| page::visible_lines(&indented(it.as_str())));
    json!({
        "operation": plan.operation, "method": plan.method, "path": page::visible(&plan.path_and_query), "has_secrets": holds_hidden(plan), "body": body, "client": plan.client,
        "effect": operation.map(|it| it.effect.as_str()), "destructive": operation.is_some_and(|it| it.destructive), "hints": operation.map(|it| it.hints.clone()).unwrap_or_default(),
    })
}

fn holds_hidden(plan: &Plan) -> bool {
    let body = plan.body.as_ref().map_or("", |it| it.as_str());
    body.contains(catalogue::HIDDEN) || plan.path_and_query.contains(catalogue::HIDDEN)
}

/// JSON with line breaks, changing nothing but the space between its parts.
pub(super) fn indented(text: &str) -> String {
    let (mut out, mut depth, mut in_string, mut escaped) =
        (String::with_capacity(text.len() * 2), 0_usize, false, false);
    for (at, letter) in text.char_indices() {
        if in_string {
            out.push(letter);
            (in_string, escaped) = (escaped || letter != '"', !escaped && letter == '\\');
            continue;
        }
        let is_empty = text[at + letter.len_utf8()..].trim_start().starts_with(['}', ']']);
        match letter {
            '"' => {
                in_string = true;
                out.push(letter);
            }
            '{' | '[' => {
                depth += 1;
                out.push(letter);
                if !is_empty {
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    new_line(&mut out, depth);
                }
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if letter.is_whitespace() => {}
            _ => out.push(letter),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// `POST /approvals/{id}/approve`
pub(super) async fn approve(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::decide_approval(&app, &visitor.caller, &id.into(), true).await?;
    Ok(page::redirect("/approvals?done=decided"))
}

/// `POST /approvals/{id}/refuse`
pub(super) async fn refuse(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::decide_approval(&app, &visitor.caller, &id.into(), false).await?;
    Ok(page::redirect("/approvals?done=decided"))
}

/// `POST /approvals/{id}/take-back`
pub(super) async fn take_back(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::take_back_approval(&app, &visitor.caller, &id.into()).await?;
    Ok(page::redirect("/approvals?done=decided"))
}
