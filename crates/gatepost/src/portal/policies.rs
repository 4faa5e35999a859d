//! Policies: the list with their meaning, writing them by form or as Cedar text, switching and deleting.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::policy_form;
use super::visitor::{Place, Visitor};
use crate::admin::{self, PolicyInput, Problems, Refused};
use crate::app::App;
use crate::caller::PolicyId;
use crate::page::{self, Fields, Leaving};
use crate::policy::{Action, Form, Rule, Source, to_cedar};
use crate::store::policies::{self, Policy};

const LIST: Place<'static> = Place {
    template: "policies.html",
    title: "Policies",
    section: "policies",
};
/// Policies of one page: each shows its whole text.
const ROWS: i64 = 25;
const ONE: Place<'static> = Place {
    template: "policy.html",
    title: "New policy",
    section: "policies",
};

/// `GET /policies`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let environment = &visitor.caller.environment;
    let asked = Asked::of(&policies::LIST, "/policies", "", &query, app.clock.now()).rows(ROWS);
    let page = policies::page(&app.db, environment, &asked.wanted).await?;
    let names = policy_form::names(&app, environment, &page.rows).await?;
    let rows: Vec<Value> = page.rows.iter().map(|it| about(it, &names)).collect();
    let details =
        json!({ "policies": rows, "list": asked.shown(&page), "version": visitor.environment.policy_version });
    visitor.show(&app, LIST, details)
}

fn about(row: &Policy, names: &HashMap<String, String>) -> Value {
    let source: Option<Source> = serde_json::from_str(&row.source).ok();
    let (action, sentence) = match &source {
        Some(Source::Form(form)) => (action_word(form.action), admin::in_words(form, names)),
        Some(Source::Cedar(_)) => ("cedar", "Written by hand in Cedar.".to_owned()),
        None => (
            "deny",
            "This policy cannot be read, so every call is refused. Delete it.".to_owned(),
        ),
    };
    let cedar = source
        .and_then(|source| to_cedar(&rule(row, source)).ok())
        .unwrap_or_default();
    json!({
        "id": row.id, "name": row.name, "enabled": row.enabled, "action": action, "sentence": sentence, "cedar": cedar,
        "updated_at": row.updated_at, "updated_by": row.updated_by.as_ref().and_then(|it| names.get(it)),
    })
}

fn rule(row: &Policy, source: Source) -> Rule {
    Rule {
        id: row.id.clone(),
        name: row.name.clone(),
        enabled: row.enabled,
        source,
    }
}

/// The stored word of an action.
pub(super) fn action_word(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Deny => "deny",
        Action::StepUp => "step_up",
        Action::Approval => "approval",
    }
}

/// `GET /policies/new`: the form, or Cedar text with `?as=cedar`.
pub(super) async fn new(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let source = match query.get("as").map(String::as_str) {
        Some("cedar") => {
            Source::Cedar("permit (\n    principal,\n    action in Action::\"read\",\n    resource\n);\n".into())
        }
        _ => Source::Form(Form::about("", Action::Allow, &[catalogue::Effect::Read])),
    };
    let input = PolicyInput {
        name: String::new(),
        enabled: true,
        source,
    };
    let details = policy_form::details(&app, &visitor, None, &input, &Problems::new(), false).await?;
    visitor.show(&app, ONE, details)
}

/// `GET /policies/{id}`: as it was written, or as Cedar text with `?as=cedar`.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let row = admin::policy(&app, &visitor.caller, &id.into()).await?;
    let source: Source = serde_json::from_str(&row.source)
        .map_err(|_| Refused::Conflict("this policy cannot be read; delete it".into()))?;
    let is_form = matches!(source, Source::Form(_));
    let source = match (
        query.get("as").map(String::as_str),
        to_cedar(&rule(&row, source.clone())),
    ) {
        (Some("cedar"), Ok(text)) if is_form => Source::Cedar(text),
        _ => source,
    };
    let input = PolicyInput {
        name: row.name.clone(),
        enabled: row.enabled,
        source,
    };
    let details = policy_form::details(&app, &visitor, Some(&row.id), &input, &Problems::new(), is_form).await?;
    visitor.show(
        &app,
        Place {
            title: &row.name,
            ..ONE
        },
        details,
    )
}

/// `POST /policies`
pub(super) async fn create(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let outcome = match policy_form::input(&fields) {
        Ok(input) => admin::create_policy(&app, &visitor.caller, input).await,
        Err(problems) => Err(Refused::Invalid(problems)),
    };
    saved(&app, &visitor, None, &fields, outcome).await
}

/// `POST /policies/{id}`
pub(super) async fn save(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let id = PolicyId(id);
    let outcome = match policy_form::input(&fields) {
        Ok(input) => admin::save_policy(&app, &visitor.caller, &id, input).await,
        Err(problems) => Err(Refused::Invalid(problems)),
    };
    saved(&app, &visitor, Some(&id), &fields, outcome).await
}

async fn saved(
    app: &App,
    visitor: &Visitor,
    id: Option<&PolicyId>,
    fields: &Fields,
    outcome: Result<PolicyId, Refused>,
) -> Result<Response, Failure> {
    match outcome {
        Ok(_) => Ok(page::redirect("/policies?done=policy-saved")),
        Err(Refused::Invalid(problems)) => {
            if let Some(id) = id {
                admin::policy(app, &visitor.caller, id).await?;
            }
            let typed = policy_form::typed(fields);
            let details = policy_form::details(app, visitor, id, &typed, &problems, false).await?;
            visitor.show_as(
                app,
                StatusCode::UNPROCESSABLE_ENTITY,
                &Leaving::Stays,
                Place {
                    title: if id.is_some() { "Policy" } else { ONE.title },
                    ..ONE
                },
                details,
            )
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /policies/{id}/enable`
pub(super) async fn enable(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::set_policy_enabled(&app, &visitor.caller, &id.into(), true).await?;
    Ok(page::redirect("/policies?done=policy-saved"))
}

/// `POST /policies/{id}/disable`
pub(super) async fn disable(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::set_policy_enabled(&app, &visitor.caller, &id.into(), false).await?;
    Ok(page::redirect("/policies?done=policy-saved"))
}

/// `POST /policies/{id}/delete`
pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::delete_policy(&app, &visitor.caller, &id.into()).await?;
    Ok(page::redirect("/policies?done=policy-deleted"))
}
