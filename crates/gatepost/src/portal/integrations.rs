//! Integrations: the form for an Entra app registration, its test, and how to register.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, IntegrationInput, Problems, Refused, Saved, Test};
use crate::app::App;
use crate::caller::IntegrationId;
use crate::entra;
use crate::page::{self, Fields, Leaving};
use crate::store::connections;
use crate::store::integrations::{self, Integration};

const LIST: Place<'static> = Place {
    template: "integrations.html",
    title: "Integrations",
    section: "integrations",
};
const NEW: Place<'static> = Place {
    template: "integration.html",
    title: "Add Power BI",
    section: "integrations",
};

/// `GET /integrations`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let asked = Asked::of(&integrations::LIST, "/integrations", "", &query, now);
    let page = integrations::page(&app.db, &visitor.caller.environment, &asked.wanted).await?;
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|listed| {
            let it = &listed.integration;
            json!({
                "id": it.id, "name": it.name, "client_id": it.client_id, "tenant": if it.tenant.is_empty() { "any organisation" } else { &it.tenant },
                "cloud": cloud_name(&app, it), "cloud_problem": cloud_problem(&app, it), "state": it.state, "state_reason": it.state_reason, "secret_expires_at": it.secret_expires_at,
                "secret_notice": admin::secret_notice(it.secret_expires_at, now).map(|(kind, text)| json!({ "kind": kind, "text": text })),
                "connections": listed.connections,
            })
        })
        .collect();
    let details = json!({ "integrations": rows, "list": asked.shown(&page), "redirect": redirect(&app) });
    visitor.show(&app, LIST, details)
}

/// `GET /integrations/new`
pub(super) async fn new(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let form = json!({ "name": "Power BI", "client_id": "", "tenant": "", "cloud": "public", "secret_expires": "" });
    visitor.show(&app, NEW, details(&app, None, form, &Problems::new(), &Value::Null))
}

/// `POST /integrations`
pub(super) async fn create(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let input = input(&fields);
    match admin::create_integration(&app, &visitor.caller, &input).await {
        Ok(saved) => Ok(page::redirect(&done(&saved))),
        Err(Refused::Invalid(problems)) => {
            let details = details(&app, None, typed(&input), &problems, &Value::Null);
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, NEW, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /integrations/{id}`
pub(super) async fn one(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let row = admin::integration(&app, &visitor.caller, &id.into()).await?;
    let details = details(
        &app,
        Some((&row, connected(&app, &row).await?)),
        stored(&row),
        &Problems::new(),
        &Value::Null,
    );
    visitor.show(
        &app,
        Place {
            title: &row.name,
            ..NEW
        },
        details,
    )
}

/// `POST /integrations/{id}`
pub(super) async fn save(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (id, input) = (IntegrationId(id), input(&fields));
    match admin::save_integration(&app, &visitor.caller, &id, &input).await {
        Ok(saved) => Ok(page::redirect(&done(&saved))),
        Err(Refused::Invalid(problems)) => {
            let row = admin::integration(&app, &visitor.caller, &id).await?;
            let details = details(
                &app,
                Some((&row, connected(&app, &row).await?)),
                typed(&input),
                &problems,
                &Value::Null,
            );
            visitor.show_as(
                &app,
                StatusCode::UNPROCESSABLE_ENTITY,
                &Leaving::Stays,
                Place {
                    title: &row.name,
                    ..NEW
                },
                details,
            )
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /integrations/{id}/test`
pub(super) async fn test(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = IntegrationId(id);
    let outcome = admin::test_integration(&app, &visitor.caller, &id).await?;
    let row = admin::integration(&app, &visitor.caller, &id).await?;
    let details = details(
        &app,
        Some((&row, connected(&app, &row).await?)),
        stored(&row),
        &Problems::new(),
        &told(&outcome),
    );
    visitor.show(
        &app,
        Place {
            title: &row.name,
            ..NEW
        },
        details,
    )
}

/// `POST /integrations/{id}/delete`
pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::delete_integration(&app, &visitor.caller, &id.into()).await?;
    Ok(page::redirect("/integrations?done=integration-deleted"))
}

fn done(saved: &Saved) -> String {
    let word = if saved.warning.is_some() {
        "integration-odd"
    } else {
        "integration-saved"
    };
    format!("/integrations/{}?done={word}", saved.id)
}

fn input(fields: &Fields) -> IntegrationInput {
    let text = |name: &str| fields.text(name).to_owned();
    IntegrationInput {
        name: text("name"),
        client_id: text("client_id"),
        secret: SecretString::from(text("secret")),
        tenant: text("tenant"),
        cloud: text("cloud"),
        secret_expires: text("secret_expires"),
        ends: text("ends").parse().ok(),
    }
}

/// What was typed, to show again; the secret is not.
fn typed(it: &IntegrationInput) -> Value {
    json!({ "name": it.name, "client_id": it.client_id, "tenant": it.tenant, "cloud": it.cloud, "secret_expires": it.secret_expires })
}

fn stored(row: &Integration) -> Value {
    let expires: String = row
        .secret_expires_at
        .map(|it| it.rfc3339().chars().take(10).collect())
        .unwrap_or_default();
    json!({ "name": row.name, "client_id": row.client_id, "tenant": row.tenant, "cloud": row.cloud, "secret_expires": expires })
}

fn cloud_name(app: &App, row: &Integration) -> String {
    entra::cloud_of(&app.clouds, &row.cloud).map_or_else(|_| "unknown".into(), |it| it.name)
}

/// Why the integration's cloud cannot be used, if it cannot.
fn cloud_problem(app: &App, row: &Integration) -> Option<String> {
    entra::cloud_of(&app.clouds, &row.cloud)
        .err()
        .map(|problem| problem.to_string())
}

fn redirect(app: &App) -> Value {
    json!({ "uri": app.settings.redirect_uri(), "problem": admin::redirect_problem(app) })
}

fn told(outcome: &Test) -> Value {
    match outcome {
        Test::Proven { tenant_id } => json!({
            "kind": "good", "text": "Microsoft accepts Directory, Client ID and secret. Next, connect your own account to see whether consent works.",
            "facts": tenant_id.iter().map(|id| json!({ "name": "Directory", "value": id })).collect::<Vec<_>>(),
        }),
        Test::Reachable => json!({
            "kind": "info", "facts": [],
            "text": "Microsoft's sign-in answers. The secret cannot be tried without a Directory (tenant) ID; connecting an account will show whether it works.",
        }),
        Test::Refused {
            cause,
            tell,
            code,
            trace_id,
        } => {
            let mut facts = vec![json!({ "name": "Code", "value": code })];
            facts.extend(
                trace_id
                    .iter()
                    .map(|id| json!({ "name": "Microsoft's trace id", "value": id })),
            );
            json!({ "kind": "bad", "text": format!("{cause} {tell}"), "facts": facts })
        }
    }
}

/// How many connections another registration would end.
async fn connected(app: &App, row: &Integration) -> Result<i64, Failure> {
    Ok(connections::count_of_integration(&app.db, &row.id).await?)
}

fn details(app: &App, row: Option<(&Integration, i64)>, form: Value, problems: &Problems, test: &Value) -> Value {
    let now = app.clock.now();
    let permissions: Vec<Value> = catalogue::scopes::wanted()
        .iter()
        .map(|name| json!({ "name": name, "summary": catalogue::scopes::find(name).map_or("", |it| it.summary.as_str()) }))
        .collect();
    let mut clouds: Vec<Value> = app
        .clouds
        .iter()
        .map(|it| json!({ "id": it.id, "name": it.name }))
        .collect();
    if row.is_some_and(|(it, _)| cloud_problem(app, it).is_some()) {
        clouds.insert(0, json!({ "id": "", "name": "Choose a cloud" }));
    }
    json!({
        "form": form,
        "problems": problems,
        "clouds": clouds,
        "permissions": permissions,
        "redirect": redirect(app),
        "scripts": admin::scripts(&app.settings.redirect_uri(), now),
        "test": test,
        "integration": row.map(|(it, connected)| json!({
            "id": it.id, "name": it.name, "state": it.state, "state_code": it.state_code, "state_reason": it.state_reason, "retry_at": it.retry_at,
            "cloud_problem": cloud_problem(app, it), "connected": connected,
            "secret_hint": it.secret_hint, "updated_at": it.updated_at,
            "secret_notice": admin::secret_notice(it.secret_expires_at, now).map(|(kind, text)| json!({ "kind": kind, "text": text })),
        })),
    })
}
