//! The token endpoint: codes, refresh tokens, device codes and applications on their own become tokens.

mod code;
mod device;
mod issue;
mod itself;
mod refresh;

pub(crate) use crate::entra::token::issue::Claims;
pub(crate) use crate::entra::token::issue::access_token;

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header::ACCESS_CONTROL_ALLOW_HEADERS;
use http::header::ACCESS_CONTROL_ALLOW_METHODS;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::header::CACHE_CONTROL;
use http::header::PRAGMA;

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::client;
use crate::entra::directory::SignIn;
use crate::entra::exchange::Exchange;
use crate::entra::exchange::Note;
use crate::entra::failure::Failure;
use crate::entra::scopes::Resource;
use crate::entra::scopes::Wanted;
use crate::entra::tenant::TenantPath;
use crate::people::Person;

/// A granted request, everything settled but the signing.
struct Granted {
    holder: Holder,
    client_id: String,
    /// The directory the tokens are issued by.
    tid: String,
    resource: Resource,
    /// Bare names of the permissions (or roles) the access token carries.
    scopes: Vec<String>,
    wanted: Wanted,
    /// `.default` was asked for, so the answer's scope names it too.
    is_default: bool,
    nonce: Option<String>,
    refresh_token: Option<String>,
}

/// Whose tokens they are.
enum Holder {
    Person(Person),
    Application { oid: String },
}

/// `/{tenant}/oauth2/v2.0/token`.
pub(crate) async fn token(
    State(sandbox): State<Sandbox>,
    Path(tenant): Path<String>,
    method: Method,
    exchange: Exchange,
) -> Response {
    if method == Method::OPTIONS {
        return preflight();
    }
    let mut response = match grant(&sandbox, &tenant, &method, &exchange) {
        Ok(granted) => {
            let issued = issue::tokens(&sandbox, &granted, &exchange);
            let note = Note {
                identity: Some(granted.identity()),
                issued: issued.marks,
            };
            let no_store = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
            let mut response = (no_store, Json(issued.body)).into_response();
            response.extensions_mut().insert(note);
            response
        }
        Err(failure) => failure.as_json(&sandbox, &exchange.trace),
    };
    if exchange.headers.contains_key("origin") {
        response
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

/// Settles a request under one lock, so that two uses of one code or token cannot both win.
fn grant(sandbox: &Sandbox, tenant: &str, method: &Method, exchange: &Exchange) -> Result<Granted, Failure> {
    if method != Method::POST {
        return Err(Failure::new(900561));
    }
    if let Some(failure) = exchange.demand.failure.clone() {
        return Err(failure);
    }
    let mut directory = sandbox.directory();
    let tenant = TenantPath::read(&directory, tenant)?;
    let grant_type = exchange
        .asked
        .form("grant_type")
        .ok_or_else(|| Failure::about(900144, "grant_type"))?;
    let grant = match grant_type {
        "authorization_code" => code::redeem,
        "refresh_token" => refresh::renew,
        "client_credentials" => itself::grant,
        "urn:ietf:params:oauth:grant-type:device_code" => device::redeem,
        _ => return Err(Failure::new(70003)),
    };
    let application = client::authenticate(sandbox, &directory, &tenant, exchange)?;
    grant(sandbox, &mut directory, &tenant, &application, exchange)
}

/// The scope a token request names, or the one of the sign-in; a token is for one resource.
fn wanted(exchange: &Exchange, signed_in_for: &Wanted) -> Result<Wanted, Failure> {
    let Some(scope) = exchange.asked.form("scope") else {
        return Ok(signed_in_for.clone());
    };
    let wanted = Wanted::read(scope)?;
    if 1 < wanted.resources.len() {
        return Err(Failure::about(70011, "a token is for one resource"));
    }
    Ok(wanted)
}

/// The person of a grant who may still have tokens of directory `tid`, and their object id there.
fn holder(directory: &Directory, sign_in: &SignIn, tid: &str) -> Result<(Person, String), Failure> {
    let person = directory.people.iter().find(|person| person.oid == sign_in.home_oid);
    let person = person.ok_or_else(|| Failure::new(500341))?;
    if person.disabled {
        return Err(Failure::new(50057));
    }
    let oid = person
        .oid_in(tid)
        .ok_or_else(|| Failure::new(50020).with_error("invalid_grant"))?;
    if person.needs_second_factor && !sign_in.with_factor {
        let claims =
            r#"{"access_token":{"capolids":{"essential":true,"values":["5a4db0c5-0005-4000-8000-000000000001"]}}}"#;
        return Err(Failure::new(50076).with_claims(claims));
    }
    Ok((person.clone(), oid.to_owned()))
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, OPTIONS, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*"),
    ];
    (StatusCode::OK, headers).into_response()
}

impl Granted {
    fn identity(&self) -> String {
        match &self.holder {
            Holder::Person(person) => person.upn.clone(),
            Holder::Application { oid } => oid.clone(),
        }
    }
}
