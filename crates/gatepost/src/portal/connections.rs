//! My connections: state, permissions, connecting after consent here, disconnecting.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, Refused};
use crate::app::App;
use crate::caller::{ConnectionId, IntegrationId};
use crate::connections::{self, Ask, Kind};
use crate::entra::{self, Prompt, Tenant};
use crate::page::{self, Fields, Leaving};
use crate::store::connections::{self as rows, Connection, Listed, State as ConnectionState};
use crate::store::integrations::{self, Integration};

const LIST: Place<'static> = Place {
    template: "connections.html",
    title: "My connections",
    section: "connections",
};
const ASK: Place<'static> = Place {
    template: "connect.html",
    title: "Connect Power BI",
    section: "connections",
};

/// `GET /connections`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let integrations = integrations::list(&app.db, &caller.environment).await?;
    let names: HashMap<_, _> = integrations.iter().map(|it| (it.id.clone(), it.name.clone())).collect();
    let mine = rows::of_person(&app.db, &caller.person).await?;
    let connected: Vec<_> = mine
        .iter()
        .filter(|it| it.state() != ConnectionState::Revoked)
        .map(|it| it.integration_id.clone())
        .collect();
    let unused = integrations.iter().filter(|it| !connected.contains(&it.id));
    let mut details = json!({
        "mine": mine.iter().map(|it| about(it, &names)).collect::<Vec<_>>(),
        "unused": unused.map(|it| json!({ "id": it.id, "name": it.name, "state": it.state })).collect::<Vec<_>>(),
        "manages": caller.role.may_manage(),
    });
    if caller.role.may_manage() {
        let asked = Asked::of(&rows::LIST, "/connections", "", &query, app.clock.now());
        let page = rows::page(&app.db, &caller.environment, &caller.person, &asked.wanted).await?;
        details["everybody"] = json!(page.rows.iter().map(|it| listed(it, &names)).collect::<Vec<_>>());
        details["list"] = asked.shown(&page);
    }
    visitor.show(&app, LIST, details)
}

fn listed(it: &Listed, names: &HashMap<IntegrationId, String>) -> Value {
    json!({
        "id": it.id, "state": it.state, "reason": it.reason, "person": it.person_name, "person_id": it.person_id,
        "integration_name": names.get(&it.integration_id), "account_username": it.account_username, "used_at": it.used_at,
        "missing": connections::missing(&it.scopes).len(),
    })
}

fn about(it: &Connection, names: &HashMap<IntegrationId, String>) -> Value {
    let granted: Vec<_> = it
        .scopes
        .split_ascii_whitespace()
        .map(|name| json!({ "name": name, "summary": summary(name) }))
        .collect();
    let missing: Vec<_> = connections::missing(&it.scopes)
        .iter()
        .map(|name| json!({ "name": name, "summary": summary(name) }))
        .collect();
    json!({
        "id": it.id, "state": it.state, "reason": it.reason, "reason_code": it.reason_code,
        "integration": it.integration_id, "integration_name": names.get(&it.integration_id),
        "account_name": it.account_name, "account_username": it.account_username, "tenant_id": it.tenant_id, "object_id": it.object_id,
        "granted": granted, "missing": missing, "connected_at": it.connected_at, "refreshed_at": it.refreshed_at, "used_at": it.used_at,
    })
}

fn summary(scope: &str) -> &'static str {
    catalogue::scopes::find(scope).map_or("", |it| it.summary.as_str())
}

/// `GET /connections/connect/{integration}`: what will be asked, before the browser leaves for Microsoft.
pub(super) async fn ask(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let integration = admin::integration(&app, &visitor.caller, &id.into()).await?;
    let present = rows::find_of(&app.db, &visitor.caller.person, &integration.id).await?;
    let present = present.filter(|it| it.state() != ConnectionState::Revoked);
    let wants_consent = query.contains_key("missing");
    let details = json!({
        "integration": described(&app, &integration),
        "present": present.as_ref().map(|it| json!({ "account": it.account_username, "claims": it.claims.is_some() })),
        "wants_consent": wants_consent,
        "asked": asked(present.as_ref().filter(|_| wants_consent)),
    });
    visitor.show_as(
        &app,
        StatusCode::OK,
        &Leaving::Departs(cloud_login(&app, &integration).into_iter().collect()),
        ASK,
        details,
    )
}

/// The permissions the page lists: those missing, or all ten.
fn asked(missing_of: Option<&Connection>) -> Vec<Value> {
    let names = missing_of
        .map(|it| connections::missing(&it.scopes))
        .filter(|it| !it.is_empty())
        .unwrap_or_else(|| catalogue::scopes::wanted().to_vec());
    names
        .iter()
        .map(|name| json!({ "name": name, "summary": summary(name) }))
        .collect()
}

fn described(app: &App, it: &Integration) -> Value {
    let tenant = Tenant::parse(&it.tenant).map_or_else(
        |_| it.tenant.clone(),
        |tenant| {
            if tenant.is_any_organization() {
                "any organisation".into()
            } else {
                tenant.path().into()
            }
        },
    );
    json!({ "id": it.id, "name": it.name, "client_id": it.client_id, "tenant": tenant, "host": cloud_login(app, it) })
}

fn cloud_login(app: &App, it: &Integration) -> Option<String> {
    entra::cloud_of(&app.clouds, &it.cloud).ok().map(|it| it.login)
}

/// `POST /connections/connect/{integration}`: the consent here; only now the browser goes to Microsoft.
pub(super) async fn connect(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let integration = admin::integration(&app, caller, &id.into()).await?;
    let present = rows::find_of(&app.db, &caller.person, &integration.id)
        .await?
        .filter(|it| it.state() != ConnectionState::Revoked);
    let prompt = if fields.is_set("consent") {
        Prompt::Consent
    } else {
        Prompt::SelectAccount
    };
    let ask = Ask {
        environment: caller.environment.clone(),
        integration: integration.id,
        person: Some(caller.person.clone()),
        kind: Kind::Portal,
        client_request: None,
        return_to: None,
        prompt: Some(prompt),
        login_hint: present.as_ref().map(|it| it.account_username.clone()),
        claims: present.and_then(|it| it.claims),
        invitation: None,
        trace: caller.trace.clone(),
    };
    let departure = connections::begin(&app, ask).await?;
    Ok(page::redirect_with(&departure.url, departure.cookie))
}

/// `POST /connections/{id}/disconnect`
pub(super) async fn disconnect(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    match connections::disconnect(&app, &visitor.caller, &ConnectionId(id)).await? {
        true => Ok(page::redirect("/connections?done=disconnected")),
        false => Err(Refused::NotFound.into()),
    }
}
