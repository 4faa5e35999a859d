//! The device code flow: a code on one screen, the sign-in on another.

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::applications::Platform;
use crate::entra::authorize::client_of;
use crate::entra::consent;
use crate::entra::consent::Grantor;
use crate::entra::consent::Need;
use crate::entra::directory::SignIn;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::scopes::Permission;
use crate::entra::scopes::Wanted;
use crate::entra::tenant::TenantPath;
use crate::page;

const LIFE_S: i64 = 900;

/// A device that waits for its person.
#[derive(Clone, Debug)]
pub(crate) struct DeviceCode {
    pub(crate) client_id: String,
    pub(crate) tenant: TenantPath,
    pub(crate) user_code: String,
    pub(crate) wanted: Wanted,
    pub(crate) ends_ms: i64,
    pub(crate) outcome: Outcome,
}

/// What the person did about it.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Pending,
    Declined,
    SignedIn(Box<SignIn>),
}

/// `/{tenant}/oauth2/v2.0/devicecode`.
pub(crate) async fn begin(State(sandbox): State<Sandbox>, Path(tenant): Path<String>, exchange: Exchange) -> Response {
    match new_code(&sandbox, &tenant, &exchange) {
        Ok(body) => ([(CACHE_CONTROL, "no-store")], Json(body)).into_response(),
        Err(failure) => failure.as_json(&sandbox, &exchange.trace),
    }
}

/// The page where the person types the code: GET `/devicelogin`.
pub(crate) async fn enter(State(sandbox): State<Sandbox>, exchange: Exchange) -> Response {
    let accounts: Vec<Value> = sandbox
        .directory()
        .people()
        .iter()
        .map(|person| json!({ "upn": person.upn, "name": person.name }))
        .collect();
    let values = json!({
        "action": format!("{}/devicelogin", sandbox.url()),
        "user_code": exchange.asked.any("user_code").unwrap_or_default(),
        "accounts": accounts,
    });
    Html(page::render("device.html", values)).into_response()
}

/// The person's answer: POST `/devicelogin`.
pub(crate) async fn decide(State(sandbox): State<Sandbox>, exchange: Exchange) -> Response {
    match settle(&sandbox, &exchange) {
        Ok(text) => {
            let values = json!({ "title": "Back to your device", "text": text });
            Html(page::render("message.html", values)).into_response()
        }
        Err(failure) => failure.as_page(&exchange.trace),
    }
}

fn new_code(sandbox: &Sandbox, tenant: &str, exchange: &Exchange) -> Result<Value, Failure> {
    let device_code = sandbox.new_token("1.sbxd.", 48);
    let user_code = user_code(sandbox);
    let mut directory = sandbox.directory();
    let tenant = TenantPath::read(&directory, tenant)?;
    let application = client_of(&directory, &tenant, &exchange.asked)?;
    let scope = exchange
        .asked
        .form("scope")
        .ok_or_else(|| Failure::about(900144, "scope"))?;
    let code = DeviceCode {
        client_id: application.client_id,
        tenant,
        user_code: user_code.clone(),
        wanted: Wanted::read(scope)?,
        ends_ms: sandbox.clock().now_ms() + LIFE_S * 1000,
        outcome: Outcome::Pending,
    };
    directory.device_codes.insert(device_code.clone(), code);
    let page = format!("{}/devicelogin", sandbox.url());
    Ok(json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": page,
        "expires_in": LIFE_S,
        "interval": 5,
        "message": format!("Sandbox: open {page} and enter the code {user_code}."),
    }))
}

fn settle(sandbox: &Sandbox, exchange: &Exchange) -> Result<&'static str, Failure> {
    let typed = exchange
        .asked
        .form("user_code")
        .unwrap_or_default()
        .trim()
        .to_ascii_uppercase();
    let now_ms = sandbox.clock().now_ms();
    let mut directory = sandbox.directory();
    let waiting = directory
        .device_codes
        .iter()
        .find(|(_, code)| code.user_code == typed && now_ms < code.ends_ms && matches!(code.outcome, Outcome::Pending));
    let (device_code, code) = waiting
        .map(|(key, code)| (key.clone(), code.clone()))
        .ok_or_else(|| Failure::new(70018))?;
    let Some(upn) = exchange.asked.form("account") else {
        set_outcome(&mut directory, &device_code, Outcome::Declined);
        return Ok("You declined. The device was told so.");
    };
    let person = directory.find_by_upn(upn).cloned().ok_or_else(|| Failure::new(50034))?;
    let tid = code.tenant.one().unwrap_or(&person.tid).to_owned();
    let oid = person.oid_in(&tid).ok_or_else(|| Failure::new(50020))?.to_owned();
    if person.is_personal() {
        return Err(Failure::new(500208));
    }
    if person.disabled {
        return Err(Failure::new(50057));
    }
    let application = directory
        .find_application(&code.client_id)
        .cloned()
        .ok_or_else(|| Failure::new(700016))?;
    if !application.admits(&person, &tid) {
        return Err(Failure::new(50105));
    }
    let granted = directory.consents.granted(&application.client_id, &tid, &oid);
    if let Need::Ask(permissions) = consent::need(&application, &code.wanted, &granted, false)? {
        let is_for_admin = !application.user_consent || permissions.iter().any(Permission::is_admin_only);
        if is_for_admin && !(person.is_admin && person.tid == tid) {
            return Err(Failure::new(90094));
        }
        directory
            .consents
            .grant(&application.client_id, &tid, Grantor::Person(oid), permissions);
    }
    let sign_in = SignIn {
        client_id: application.client_id,
        tid,
        home_oid: person.oid,
        wanted: code.wanted,
        platform: Platform::Public,
        signed_in_ms: now_ms,
        // The press of the button is the proof here, as on the page of the authorize endpoint.
        with_factor: true,
    };
    set_outcome(&mut directory, &device_code, Outcome::SignedIn(Box::new(sign_in)));
    Ok("You are signed in on your device, and consented to what it asked for.")
}

fn set_outcome(directory: &mut crate::entra::Directory, device_code: &str, outcome: Outcome) {
    if let Some(code) = directory.device_codes.get_mut(device_code) {
        code.outcome = outcome;
    }
}

/// Eight letters that are hard to confuse.
fn user_code(sandbox: &Sandbox) -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut random = [0; 8];
    sandbox.fill_random(&mut random);
    random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}
