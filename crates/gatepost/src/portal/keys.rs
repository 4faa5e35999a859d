//! API keys: the list, making one that is shown once, revoking.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::agents::scope_in_words;
use super::connect_agent;
use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, KeyInput, Problems, Refused};
use crate::app::App;
use crate::caller::{Scope, ScopeSet};
use crate::clock::Timestamp;
use crate::page::{self, Fields, Leaving};
use crate::store::api_keys::{self, Listed};

const LIST: Place<'static> = Place {
    template: "keys.html",
    title: "API keys",
    section: "keys",
};
const MADE: Place<'static> = Place {
    template: "key_made.html",
    title: "Your new API key",
    section: "keys",
};

/// `GET /keys`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let form = json!({ "name": "", "kind": "person", "scopes": ["powerbi.read"], "days": "90" });
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
    let (caller, now) = (&visitor.caller, app.clock.now());
    let manages = caller.role.may_manage();
    // Invariant: whoever does not manage the environment sees their own keys only, whatever the query says.
    let whose = (!manages).then_some(&caller.person);
    let asked = Asked::of(&api_keys::LIST, "/keys", "", query, now);
    let page = api_keys::page(&app.db, &caller.environment, whose, &asked.wanted).await?;
    let grantable = [Scope::Read, Scope::Write, Scope::Admin]
        .into_iter()
        .filter(|it| manages || *it != Scope::Admin);
    Ok(json!({
        "keys": page.rows.iter().map(|it| about(it, visitor, now)).collect::<Vec<_>>(), "list": asked.shown(&page),
        "form": form, "problems": problems, "manages": manages,
        "scopes": grantable.map(|it| json!({ "id": it.as_str(), "title": scope_in_words(it) })).collect::<Vec<_>>(),
    }))
}

fn about(listed: &Listed, visitor: &Visitor, now: Timestamp) -> Value {
    let it = &listed.key;
    let state = match it {
        _ if it.revoked_at.is_some() => "revoked",
        _ if it.expires_at.is_some_and(|end| end <= now) => "expired",
        _ => "active",
    };
    let owner = match &it.person_id {
        None => "an application",
        Some(id) if *id == visitor.caller.person => "you",
        Some(_) => listed.person_name.as_deref().unwrap_or("another person"),
    };
    json!({
        "id": it.id, "name": it.name, "hint": it.hint, "owner": owner, "state": state,
        "scopes": ScopeSet::from_stored(&it.scopes).iter().map(scope_in_words).collect::<Vec<_>>(),
        "created_at": it.created_at, "expires_at": it.expires_at, "used_at": it.used_at,
    })
}

/// `POST /keys`: answers with the key itself, this once.
pub(super) async fn create(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let names = fields.all("scopes");
    let days = fields.text("days");
    let input = KeyInput {
        name: fields.text("name").to_owned(),
        is_application: fields.text("kind") == "application",
        scopes: ScopeSet::parse(&names.join(" ")).unwrap_or_default(),
        days: if days.is_empty() {
            None
        } else {
            Some(days.parse().unwrap_or(0))
        },
    };
    match admin::create_key(&app, &visitor.caller, &input).await {
        Ok(made) => {
            let (_, rest) = connect_agent::addresses(&app, &visitor.environment);
            let key = made.key.expose_secret();
            let user = if input.is_application {
                " \\\n  -H 'Gatepost-User: the-end-users-id'"
            } else {
                ""
            };
            let curl = format!("curl {rest}/v1.0/myorg/groups \\\n  -H 'Authorization: Bearer {key}'{user}");
            visitor.show(
                &app,
                MADE,
                json!({ "key": key, "curl": curl, "name": input.name, "is_application": input.is_application }),
            )
        }
        Err(Refused::Invalid(problems)) => {
            let form = json!({ "name": input.name, "kind": fields.text("kind"), "scopes": names, "days": days });
            let details = details(&app, &visitor, &listing::Query::new(), form, &problems).await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, LIST, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /keys/{id}/revoke`
pub(super) async fn revoke(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::revoke_key(&app, &visitor.caller, &id.into()).await?;
    Ok(page::redirect("/keys?done=revoked"))
}
