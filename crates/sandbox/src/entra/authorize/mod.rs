//! The authorize endpoint: from a client's request, over account, second factor and consent, to a code.

mod account;
mod reply;
mod request;

pub(crate) use crate::entra::authorize::reply::client_info;
pub(crate) use crate::entra::authorize::request::application_at;
pub(crate) use crate::entra::authorize::request::client_of;

use axum::extract::Path;
use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::authorize::account::Choice;
use crate::entra::authorize::request::Details;
use crate::entra::authorize::request::Prompt;
use crate::entra::authorize::request::Request;
use crate::entra::consent;
use crate::entra::consent::Grantor;
use crate::entra::consent::Need;
use crate::entra::directory::Code;
use crate::entra::directory::SignIn;
use crate::entra::exchange::Exchange;
use crate::entra::exchange::Note;
use crate::entra::failure::Failure;
use crate::entra::scopes::Permission;
use crate::entra::sessions;
use crate::entra::sessions::Account;
use crate::page;
use crate::people::Person;

/// What a step of the sign-in shows or sends.
enum Step {
    /// A page that asks the person something.
    Page(&'static str, Value),
    /// The code, for the client.
    Code(String),
}

/// A person who is signed in for this request.
struct Signed {
    person: Person,
    account: Account,
    tid: String,
}

/// `/{tenant}/oauth2/v2.0/authorize`, GET and POST.
pub(crate) async fn authorize(
    State(sandbox): State<Sandbox>,
    Path(tenant): Path<String>,
    exchange: Exchange,
) -> Response {
    let read = Request::read(&sandbox.directory(), &tenant, &exchange.asked);
    let request = match read {
        Ok(request) => request,
        // Nothing is known to be the client's address yet, so nothing is sent there.
        Err(failure) => return failure.as_page(&exchange.trace),
    };
    let mut cookie = None;
    let mut identity = None;
    let step = match demanded(&exchange).and_then(|()| request.details()) {
        Ok(details) => sign_in(&sandbox, &request, &details, &exchange, &mut cookie, &mut identity),
        Err(failure) => Err(failure),
    };
    let mut response = answer(&sandbox, &request, &exchange, step, identity.as_ref());
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(Note {
        identity: identity.map(|person| person.upn),
        issued: Vec::new(),
    });
    response
}

fn demanded(exchange: &Exchange) -> Result<(), Failure> {
    exchange.demand.failure.clone().map_or(Ok(()), Err)
}

fn sign_in(
    sandbox: &Sandbox,
    request: &Request,
    details: &Details,
    exchange: &Exchange,
    cookie: &mut Option<String>,
    identity: &mut Option<Person>,
) -> Result<Step, Failure> {
    let (person, mut account) = match account::choose(sandbox, request, exchange)? {
        Choice::Account(person, account) => (person, account),
        Choice::Ask(accounts) => {
            let values = json!({
                "application": request.application.name, "action": request.action(sandbox), "accounts": accounts,
            });
            return Ok(Step::Page("accounts.html", values));
        }
    };
    *identity = Some(person.clone());
    let tid = account::admit(request, &person)?;
    account.with_factor |= exchange.asked.form("factor") == Some("approved");
    if person.needs_second_factor && !account.with_factor {
        if request.prompt == Prompt::None {
            return Err(Failure::new(50076).sent_back());
        }
        let values = json!({ "upn": person.upn, "action": request.action(sandbox) });
        return Ok(Step::Page("factor.html", values));
    }
    *cookie = Some(sessions::sign_in(sandbox, &exchange.headers, account.clone()));
    let signed = Signed { person, account, tid };
    account::assigned(request, &signed.person, &signed.tid)?;
    if let Some(page) = consent_step(sandbox, request, details, exchange, &signed)? {
        return Ok(page);
    }
    Ok(Step::Code(issue_code(sandbox, request, details, &signed)))
}

/// Settles consent: `None` when nothing is left to ask.
fn consent_step(
    sandbox: &Sandbox,
    request: &Request,
    details: &Details,
    exchange: &Exchange,
    signed: &Signed,
) -> Result<Option<Step>, Failure> {
    let oid = signed
        .person
        .oid_in(&signed.tid)
        .unwrap_or(&signed.person.oid)
        .to_owned();
    let mut directory = sandbox.directory();
    let client_id = &request.application.client_id;
    let granted = directory.consents.granted(client_id, &signed.tid, &oid);
    let ask_again = request.prompt == Prompt::Consent;
    let permissions = match consent::need(&request.application, &details.wanted, &granted, ask_again)? {
        Need::Nothing => return Ok(None),
        Need::Ask(permissions) => permissions,
    };
    if request.prompt == Prompt::None {
        return Err(Failure::new(65001).with_error("consent_required").sent_back());
    }
    let is_admin = signed.person.is_admin && signed.person.tid == signed.tid;
    let is_for_admin = !request.application.user_consent || permissions.iter().any(Permission::is_admin_only);
    if is_for_admin && !is_admin {
        return Err(Failure::new(90094));
    }
    match exchange.asked.form("decision") {
        Some("accept") => {
            let for_all = is_admin && exchange.asked.form("for_all").is_some();
            let grantor = if for_all {
                Grantor::Everyone
            } else {
                Grantor::Person(oid)
            };
            directory.consents.grant(client_id, &signed.tid, grantor, permissions);
            Ok(None)
        }
        Some(_) => Err(Failure::new(65004)),
        None => Ok(Some(consent_page(sandbox, request, signed, &permissions, is_admin))),
    }
}

fn consent_page(
    sandbox: &Sandbox,
    request: &Request,
    signed: &Signed,
    permissions: &[Permission],
    is_admin: bool,
) -> Step {
    let listed: Vec<Value> = permissions
        .iter()
        .map(|permission| json!({ "name": permission.name, "resource": permission.resource.title() }))
        .collect();
    let values = json!({
        "application": request.application.name,
        "upn": signed.person.upn,
        "action": request.action(sandbox),
        "permissions": listed,
        "may_consent_for_all": is_admin,
        "with_factor": signed.account.with_factor,
    });
    Step::Page("consent.html", values)
}

fn issue_code(sandbox: &Sandbox, request: &Request, details: &Details, signed: &Signed) -> String {
    let code = Code {
        sign_in: SignIn {
            client_id: request.application.client_id.clone(),
            tid: signed.tid.clone(),
            home_oid: signed.person.oid.clone(),
            wanted: details.wanted.clone(),
            platform: request.platform,
            signed_in_ms: signed.account.signed_in_ms,
            with_factor: signed.account.with_factor,
        },
        tenant_path: request.tenant.clone(),
        redirect_uri: request.redirect_uri.clone(),
        nonce: details.nonce.clone(),
        challenge: details.challenge.clone(),
        made_ms: sandbox.clock().now_ms(),
        redeemed: None,
    };
    let text = sandbox.new_token("1.sbxc.", 96);
    sandbox.directory().remember_code(&text, code);
    text
}

fn answer(
    sandbox: &Sandbox,
    request: &Request,
    exchange: &Exchange,
    step: Result<Step, Failure>,
    person: Option<&Person>,
) -> Response {
    match step {
        Ok(Step::Page(name, values)) => {
            ([("cache-control", "no-store")], Html(page::render(name, values))).into_response()
        }
        Ok(Step::Code(code)) => reply::with_code(sandbox, request, &code, person),
        Err(failure) if failure.goes_back() || request.prompt == Prompt::None => {
            reply::with_failure(request, &failure, &exchange.trace)
        }
        Err(failure) => failure.as_page(&exchange.trace),
    }
}
