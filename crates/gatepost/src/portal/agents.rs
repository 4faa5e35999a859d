//! My agents: which clients may act for me, and taking that back.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin;
use crate::app::App;
use crate::caller::ScopeSet;
use crate::page;
use crate::store::grants::{self, Named, Whose};

const LIST: Place<'static> = Place {
    template: "agents.html",
    title: "My agents",
    section: "agents",
};

/// `GET /agents`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let (caller, now) = (&visitor.caller, app.clock.now());
    let asked = Asked::of(&grants::LIST, "/agents", "", &query, now);
    let mine = grants::page(
        &app.db,
        &caller.environment,
        Whose::Person(&caller.person),
        &asked.wanted,
    )
    .await?;
    let mut details = json!({
        "mine": mine.rows.iter().map(about).collect::<Vec<_>>(), "mine_list": asked.shown(&mine),
        "manages": caller.role.may_manage(),
    });
    if caller.role.may_manage() {
        let asked = Asked::of(&grants::LIST, "/agents", "all_", &query, now);
        let others = Whose::EverybodyBut(&caller.person);
        let all = grants::page(&app.db, &caller.environment, others, &asked.wanted).await?;
        details["everybody"] = json!(all.rows.iter().map(about).collect::<Vec<_>>());
        details["everybody_list"] = asked.shown(&all);
    }
    visitor.show(&app, LIST, details)
}

fn about(it: &Named) -> Value {
    json!({
        "id": it.grant.id, "client": it.client_name, "client_id": it.grant.client_id, "person": it.person_name, "resource": it.grant.resource,
        "scopes": ScopeSet::from_stored(&it.grant.scopes).iter().map(scope_in_words).collect::<Vec<_>>(),
        "created_at": it.grant.created_at, "used_at": it.grant.used_at,
    })
}

/// One of our scopes in plain words.
pub(super) fn scope_in_words(scope: crate::caller::Scope) -> &'static str {
    use crate::caller::Scope;
    match scope {
        Scope::Read => "read Power BI",
        Scope::Write => "read and change Power BI",
        Scope::Admin => "administrator operations",
        Scope::OfflineAccess => "stay signed in",
    }
}

/// `POST /agents/{id}/revoke`
pub(super) async fn revoke(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::revoke_grant(&app, &visitor.caller, &id.into()).await?;
    Ok(page::redirect("/agents?done=revoked"))
}
