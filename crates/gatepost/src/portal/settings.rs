//! Settings of the environment: its name, who may join, and what this gateway is.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::connect_agent;
use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin::provider_trip;
use crate::admin::{self, Problems, ProviderInput, Refused};
use crate::app::App;
use crate::connections::Admission;
use crate::page::{self, Fields, Leaving};
use crate::store::{audit, openid};

const PAGE: Place<'static> = Place {
    template: "settings.html",
    title: "Settings",
    section: "settings",
};

/// `GET /settings`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let admission = Admission::from_stored(&visitor.environment.admission);
    let form = json!({ "name": visitor.environment.name, "closed": admission.closed, "tenants": admission.tenants.join("\n"), "domains": admission.domains.join("\n") });
    let details = details(&app, &visitor, form, &Problems::new()).await?;
    visitor.show(&app, PAGE, details)
}

async fn details(app: &App, visitor: &Visitor, form: Value, problems: &Problems) -> Result<Value, Failure> {
    let stored = openid::find_of(&app.db, &visitor.caller.environment).await?;
    let provider = form.get("provider").cloned().unwrap_or_else(|| {
        json!({
            "name": stored.as_ref().map_or("", |it| &it.name), "issuer": stored.as_ref().map_or("", |it| &it.issuer),
            "client_id": stored.as_ref().map_or("", |it| &it.client_id),
        })
    });
    let (mcp, rest) = connect_agent::addresses(app, &visitor.environment);
    Ok(json!({
        "provider": provider, "has_provider": stored.is_some(), "provider_callback": app.settings.url(provider_trip::CALLBACK),
        "form": form, "problems": problems, "slug": visitor.environment.slug, "mcp": mcp, "rest": rest,
        "redirect": app.settings.redirect_uri(), "redirect_problem": admin::redirect_problem(app), "database": app.db.version().await?,
        "entries": audit::head(&app.db).await?.map_or(0, |it| it.seq), "vault_key": app.vault.keyring().active().0,
    }))
}

async fn saved(app: &App, visitor: &Visitor, form: Value, outcome: Result<(), Refused>) -> Result<Response, Failure> {
    match outcome {
        Ok(()) => Ok(page::redirect("/settings?done=saved")),
        Err(Refused::Invalid(problems)) => {
            let details = details(app, visitor, form, &problems).await?;
            visitor.show_as(app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, PAGE, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /settings/name`
pub(super) async fn rename(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let admission = Admission::from_stored(&visitor.environment.admission);
    let form = json!({ "name": fields.text("name"), "closed": admission.closed, "tenants": admission.tenants.join("\n"), "domains": admission.domains.join("\n") });
    let outcome = admin::rename_environment(&app, &visitor.caller, fields.text("name")).await;
    saved(&app, &visitor, form, outcome).await
}

/// `POST /settings/admission`
pub(super) async fn admission(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let (closed, tenants) = (fields.text("joining") == "closed", fields.text("tenants"));
    let domains = fields.text("domains");
    let form = json!({ "name": visitor.environment.name, "closed": closed, "tenants": tenants, "domains": domains });
    let outcome = admin::save_admission(&app, &visitor.caller, closed, tenants, domains).await;
    saved(&app, &visitor, form, outcome).await
}

/// `POST /settings/provider`
pub(super) async fn provider(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let admission = Admission::from_stored(&visitor.environment.admission);
    let input = ProviderInput {
        name: fields.text("provider_name").to_owned(),
        issuer: fields.text("issuer").to_owned(),
        client_id: fields.text("provider_client_id").to_owned(),
        secret: fields.text("provider_secret").to_owned().into(),
    };
    let form = json!({
        "name": visitor.environment.name, "closed": admission.closed, "tenants": admission.tenants.join("\n"),
        "domains": admission.domains.join("\n"),
        "provider": { "name": input.name, "issuer": input.issuer, "client_id": input.client_id },
    });
    let outcome = admin::save_provider(&app, &visitor.caller, &input).await;
    saved(&app, &visitor, form, outcome).await
}

/// `POST /settings/provider/delete`
pub(super) async fn forget_provider(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    admin::delete_provider(&app, &visitor.caller).await?;
    Ok(page::redirect("/settings?done=deleted"))
}
