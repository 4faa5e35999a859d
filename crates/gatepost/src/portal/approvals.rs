//! Approvals: what waits for a yes, shown as exactly what would be sent.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin::{self, Refused};
use crate::app::App;
use crate::caller::{ApprovalId, PersonId};
use crate::clock::Timestamp;
use crate::page;
use crate::policy::Plan;
use crate::store::approvals::{self, Approval};
use crate::store::people;

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

/// `GET /approvals`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let manages = caller.role.may_manage();
    let names = names(&app, &visitor).await?;
    let mut all = approvals::list(&app.db, &caller.environment).await?;
    all.retain(|it| manages || it.person_id == caller.person);
    let now = app.clock.now();
    let (pending, decided): (Vec<_>, Vec<_>) = all
        .iter()
        .map(|it| about(&app, it, &visitor, &names, now))
        .partition(|it| it["state"] == "pending");
    visitor.show(
        &app,
        LIST,
        json!({ "pending": pending, "decided": decided, "manages": manages }),
    )
}

/// `GET /approvals/{id}`
pub(super) async fn one(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let found = approvals::find(&app.db, &caller.environment, &ApprovalId(id)).await?;
    let found = found
        .filter(|it| caller.role.may_manage() || it.person_id == caller.person)
        .ok_or(Refused::NotFound)?;
    let about = about(&app, &found, &visitor, &names(&app, &visitor).await?, app.clock.now());
    visitor.show(
        &app,
        Place {
            title: &found.summary,
            ..ONE
        },
        json!({ "it": about, "manages": caller.role.may_manage() }),
    )
}

async fn names(app: &App, visitor: &Visitor) -> Result<HashMap<PersonId, String>, Failure> {
    let all = people::list(&app.db, &visitor.caller.environment, ("", "")).await?;
    Ok(all.into_iter().map(|it| (it.id, it.name)).collect())
}

fn about(app: &App, it: &Approval, visitor: &Visitor, names: &HashMap<PersonId, String>, now: Timestamp) -> Value {
    let is_over = it.expires_at <= now && ["pending", "approved"].contains(&it.state.as_str());
    let plan = app.plan_of(it);
    let name = |id: &str| {
        names
            .get(&PersonId(id.to_owned()))
            .cloned()
            .unwrap_or_else(|| id.to_owned())
    };
    json!({
        "id": it.id, "summary": it.summary, "state": if is_over { "expired" } else { &it.state }, "person": name(&it.person_id.0),
        "is_mine": it.person_id == visitor.caller.person, "through": page::visible(&it.asked_through), "created_at": it.created_at, "expires_at": it.expires_at,
        "decided_by": it.decided_by.as_deref().map(name), "decided_at": it.decided_at, "used_at": it.used_at,
        "plan": plan.as_ref().map(|it| shown(app, it)),
        "hash": it.plan_hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    })
}

/// The plan as it would be sent, with its body in readable lines.
fn shown(app: &App, plan: &Plan) -> Value {
    let operation = app.catalogue.operation(&plan.operation);
    let body = plan.body.as_ref().map(|it| page::visible_lines(&indented(it.as_str())));
    json!({
        "operation": plan.operation, "method": plan.method, "path": page::visible(&plan.path_and_query), "has_secrets": plan.body.as_ref().is_some_and(|it| it.as_str().contains("\"***\"")), "body": body, "client": plan.client,
        "effect": operation.map(|it| it.effect.as_str()), "destructive": operation.is_some_and(|it| it.destructive), "hints": operation.map(|it| it.hints.clone()).unwrap_or_default(),
    })
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
