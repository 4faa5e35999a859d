//! My agents: which clients may act for me, and taking that back.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin;
use crate::app::App;
use crate::caller::ScopeSet;
use crate::page;
use crate::store::grants::{self, Named};

const LIST: Place<'static> = Place {
    template: "agents.html",
    title: "My agents",
    section: "agents",
};

/// `GET /agents`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let mine = grants::of_person(&app.db, &caller.person).await?;
    let all = if caller.role.may_manage() {
        grants::list(&app.db, &caller.environment).await?
    } else {
        Vec::new()
    };
    let details = json!({
        "mine": mine.iter().map(about).collect::<Vec<_>>(),
        "everybody": all.iter().filter(|it| it.grant.person_id != caller.person).map(about).collect::<Vec<_>>(),
        "manages": caller.role.may_manage(),
    });
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
