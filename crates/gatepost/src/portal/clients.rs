//! Clients: which agents and services this environment knows, entering one by hand, locking one out.

use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::agents::scope_in_words;
use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, ClientInput, NewSecret, Problems, Refused};
use crate::app::App;
use crate::caller::{ClientId, ScopeSet};
use crate::client_metadata;
use crate::page::{self, Fields, Leaving};
use crate::store::clients::{self, Known};
use crate::store::grants::{self, Whose};

const LIST: Place<'static> = Place {
    template: "clients.html",
    title: "Clients",
    section: "clients",
};
const ONE: Place<'static> = Place {
    template: "client.html",
    title: "Client",
    section: "clients",
};
const MADE: Place<'static> = Place {
    template: "client_made.html",
    title: "The client is entered",
    section: "clients",
};

/// `GET /clients`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let form = json!({ "name": "", "auth_method": "client_secret_basic", "redirects": "", "introspects": false });
    let details = details(&app, &visitor, &query, form, &Problems::new()).await?;
    visitor.show(&app, LIST, details)
}

async fn details(
    app: &App,
    visitor: &Visitor,
    query: &listing::Query,
    form: Value,
    problems: &Problems,
) -> Result<Value, Failure> {
    let asked = Asked::of(&clients::LIST, "/clients", "", query, app.clock.now());
    let page = clients::page(&app.db, &visitor.caller.environment, &asked.wanted).await?;
    let rows: Vec<Value> = page.rows.iter().map(about).collect();
    Ok(json!({ "clients": rows, "list": asked.shown(&page), "form": form, "problems": problems }))
}

fn about(it: &Known) -> Value {
    let client = &it.client;
    // A published client's id is an address and does not fit into a path of ours.
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id", &client.id.0)
        .finish();
    json!({
        "id": client.id, "query": query, "name": client.name, "kind": client.kind, "host": client_metadata::host_of(&client.id.0),
        "auth_method": client.auth_method, "has_secret": client.secret_hash.is_some(), "redirects": client.redirects(),
        "introspects": client.may_introspect(), "is_entered": client.environment_id.is_some(), "created_at": client.created_at,
        "used_at": client.used_at, "locked_at": it.locked_at, "grants": it.grants,
    })
}

/// `GET /clients/one?id=…`
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let id = ClientId(query.get("id").cloned().unwrap_or_default());
    let known = admin::client(&app, &visitor.caller, &id).await?;
    let asked = Asked::of(&grants::LIST, "/clients/one", "", &query, app.clock.now());
    let page = grants::page(
        &app.db,
        &visitor.caller.environment,
        Whose::OfClient(&id),
        &asked.wanted,
    )
    .await?;
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|it| {
            json!({
                "id": it.grant.id, "person": it.person_name, "person_id": it.grant.person_id, "used_at": it.grant.used_at,
                "scopes": ScopeSet::from_stored(&it.grant.scopes).iter().map(scope_in_words).collect::<Vec<_>>(),
            })
        })
        .collect();
    let title = known.client.name.clone();
    visitor.show(
        &app,
        Place { title: &title, ..ONE },
        json!({ "it": about(&known), "consents": rows, "list": asked.shown(&page) }),
    )
}

/// `POST /clients`: answers with the secret itself, this once.
pub(super) async fn create(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let input = ClientInput {
        name: fields.text("name").to_owned(),
        auth_method: fields.text("auth_method").to_owned(),
        redirects: fields.text("redirects").split_whitespace().map(str::to_owned).collect(),
        introspects: fields.is_set("introspects"),
    };
    match admin::create_client(&app, &visitor.caller, &input).await {
        Ok(made) => shown_once(&app, &visitor, &made, &input.auth_method),
        Err(Refused::Invalid(problems)) => {
            let form = json!({ "name": input.name, "auth_method": input.auth_method, "redirects": fields.text("redirects"), "introspects": input.introspects });
            let details = details(&app, &visitor, &listing::Query::new(), form, &problems).await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, LIST, details)
        }
        Err(other) => Err(other.into()),
    }
}

fn shown_once(app: &App, visitor: &Visitor, made: &NewSecret, auth_method: &str) -> Result<Response, Failure> {
    let details = json!({
        "id": made.id, "name": made.name, "secret": made.secret.as_ref().map(|it| it.expose_secret()), "auth_method": auth_method,
        "metadata": app.settings.url("/.well-known/oauth-authorization-server"),
    });
    visitor.show(app, MADE, details)
}

fn named(fields: &Fields) -> ClientId {
    ClientId(fields.text("client").to_owned())
}

/// `POST /clients/rotate`: answers with the new secret, this once.
pub(super) async fn rotate(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let made = admin::rotate_client(&app, &visitor.caller, &named(&fields)).await?;
    let known = admin::client(&app, &visitor.caller, &made.id).await?;
    shown_once(&app, &visitor, &made, &known.client.auth_method)
}

/// `POST /clients/delete`
pub(super) async fn delete(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    admin::delete_client(&app, &visitor.caller, &named(&fields)).await?;
    Ok(page::redirect("/clients?done=deleted"))
}

/// `POST /clients/lock`
pub(super) async fn lock(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    admin::save_client_locked(&app, &visitor.caller, &named(&fields), true).await?;
    Ok(page::redirect("/clients?done=saved"))
}

/// `POST /clients/unlock`
pub(super) async fn unlock(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    admin::save_client_locked(&app, &visitor.caller, &named(&fields), false).await?;
    Ok(page::redirect("/clients?done=saved"))
}

/// `POST /clients/revoke`: every consent of everybody here.
pub(super) async fn revoke(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    admin::revoke_client_grants(&app, &visitor.caller, &named(&fields)).await?;
    Ok(page::redirect("/clients?done=revoked"))
}
