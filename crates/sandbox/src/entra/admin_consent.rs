//! The admin consent page: an administrator grants an application's permissions for the whole directory.

use axum::extract::Path;
use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;
use serde_json::json;
use url::form_urlencoded;

use crate::Sandbox;
use crate::entra::applications::Application;
use crate::entra::authorize::client_of;
use crate::entra::consent::Grantor;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::scopes::Ask;
use crate::entra::scopes::Permission;
use crate::entra::scopes::Wanted;
use crate::entra::sessions;
use crate::entra::tenant::TenantPath;
use crate::page;
use crate::people::Person;

/// A request whose redirect address is known to be good.
struct Request {
    application: Application,
    tenant: TenantPath,
    redirect_uri: String,
    state: Option<String>,
    action: String,
    /// What is granted; the whole registration in the old form, which has no scope.
    permissions: Vec<Permission>,
    scope: Option<String>,
}

/// The answer: a page, or parameters for the client.
enum Step {
    Page(&'static str, Value),
    Back(Vec<(&'static str, String)>),
}

/// `/{tenant}/v2.0/adminconsent`.
pub(crate) async fn scoped(State(sandbox): State<Sandbox>, Path(tenant): Path<String>, exchange: Exchange) -> Response {
    respond(&sandbox, &tenant, &exchange, true)
}

/// `/{tenant}/adminconsent`, the old form.
pub(crate) async fn whole(State(sandbox): State<Sandbox>, Path(tenant): Path<String>, exchange: Exchange) -> Response {
    respond(&sandbox, &tenant, &exchange, false)
}

fn respond(sandbox: &Sandbox, tenant: &str, exchange: &Exchange, needs_scope: bool) -> Response {
    let step = read(sandbox, tenant, exchange, needs_scope)
        .and_then(|request| decide(sandbox, &request, exchange).map(|step| (request, step)));
    match step {
        Ok((_, Step::Page(name, values))) => Html(page::render(name, values)).into_response(),
        Ok((request, Step::Back(mut fields))) => {
            fields.extend(request.state.map(|state| ("state", state)));
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            let join = if request.redirect_uri.contains('?') { '&' } else { '?' };
            (
                StatusCode::FOUND,
                [(LOCATION, format!("{}{join}{query}", request.redirect_uri))],
            )
                .into_response()
        }
        Err(failure) => failure.as_page(&exchange.trace),
    }
}

fn read(sandbox: &Sandbox, segment: &str, exchange: &Exchange, needs_scope: bool) -> Result<Request, Failure> {
    let directory = sandbox.directory();
    let asked = &exchange.asked;
    let tenant = TenantPath::read(&directory, segment)?;
    let application = client_of(&directory, &tenant, asked)?;
    let redirect_uri = asked
        .any("redirect_uri")
        .ok_or_else(|| Failure::about(900144, "redirect_uri"))?;
    if application.platform_of(redirect_uri).is_none() {
        return Err(Failure::new(50011));
    }
    let scope = asked.any("scope").map(str::to_owned);
    if needs_scope && scope.is_none() {
        return Err(Failure::about(900144, "scope"));
    }
    let permissions = match scope.as_deref().filter(|_| needs_scope) {
        Some(scope) => asked_for(&application, &Wanted::read(scope)?),
        None => application.delegated(),
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&asked.query)
        .finish();
    let path = if needs_scope {
        "v2.0/adminconsent"
    } else {
        "adminconsent"
    };
    Ok(Request {
        tenant,
        redirect_uri: redirect_uri.to_owned(),
        state: asked.any("state").map(str::to_owned),
        action: format!("{}/{segment}/{path}?{query}", sandbox.url()),
        permissions,
        scope,
        application,
    })
}

fn asked_for(application: &Application, wanted: &Wanted) -> Vec<Permission> {
    let mut permissions = Vec::new();
    for (resource, ask) in &wanted.resources {
        match ask {
            Ask::Default => permissions.extend(application.delegated_of(*resource)),
            Ask::Named(names) => {
                permissions.extend(names.iter().map(|name| Permission {
                    resource: *resource,
                    name: name.clone(),
                }));
            }
        }
    }
    permissions
}

fn decide(sandbox: &Sandbox, request: &Request, exchange: &Exchange) -> Result<Step, Failure> {
    let mut directory = sandbox.directory();
    let signed_in = sessions::accounts(&directory, &exchange.headers);
    let person = match (exchange.asked.form("account"), signed_in.as_slice()) {
        (Some(upn), _) => directory.find_by_upn(upn).cloned().ok_or_else(|| Failure::new(50034))?,
        (None, [(only, _)]) => only.clone(),
        _ => return Ok(accounts_page(directory.people(), request)),
    };
    let tid = request.tenant.one().unwrap_or(&person.tid).to_owned();
    if person.oid_in(&tid).is_none() {
        return Err(Failure::new(50020));
    }
    if !(person.is_admin && person.tid == tid) {
        return Err(Failure::about(
            90094,
            format!("account '{}' is no administrator", person.upn),
        ));
    }
    match exchange.asked.form("decision") {
        Some("accept") => {
            let client_id = &request.application.client_id;
            directory
                .consents
                .grant(client_id, &tid, Grantor::Everyone, request.permissions.clone());
            let mut fields = vec![("admin_consent", "True".to_owned()), ("tenant", tid)];
            fields.extend(request.scope.clone().map(|scope| ("scope", scope)));
            Ok(Step::Back(fields))
        }
        Some(_) => {
            // Entra says `admin_consent=True` on a refusal too.
            let description = Failure::new(65004).description(&exchange.trace);
            Ok(Step::Back(vec![
                ("admin_consent", "True".to_owned()),
                ("error", "consent_required".to_owned()),
                ("error_description", description),
            ]))
        }
        None => Ok(consent_page(request, &person)),
    }
}

fn accounts_page(people: &[Person], request: &Request) -> Step {
    let accounts: Vec<Value> = people
        .iter()
        .map(|person| json!({ "upn": person.upn, "name": person.name, "signed_in": false, "note": person.note() }))
        .collect();
    Step::Page(
        "accounts.html",
        json!({ "application": request.application.name, "action": request.action, "accounts": accounts }),
    )
}

fn consent_page(request: &Request, person: &Person) -> Step {
    let permissions: Vec<Value> = request
        .permissions
        .iter()
        .map(|permission| json!({ "name": permission.name, "resource": permission.resource.title() }))
        .collect();
    let values = json!({
        "application": request.application.name, "upn": person.upn, "action": request.action, "permissions": permissions,
        "may_consent_for_all": false, "with_factor": false,
    });
    Step::Page("consent.html", values)
}
