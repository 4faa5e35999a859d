//! `/authorize`: the consent page, always shown, per client, before any trip to Microsoft.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, Query, RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::SET_COOKIE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::grant::{answer_at, redirect_with_code};
use super::reaches;
use super::request::{AuthorizationRequest, Checked, Manner, Refused, check};
use crate::app::App;
use crate::call::caller_of_session;
use crate::caller::Role;
use crate::client_metadata::{self, redirect};
use crate::connections::{self, Ask, ConnectError, Kind};
use crate::entra::{self, Prompt};
use crate::page::{self, Fields, Leaving, Message, Page};
use crate::session;
use crate::store::clients;
use crate::store::connections::{self as connection_rows, State as ConnectionState};
use crate::store::flows;
use crate::store::integrations::{self, Integration};
use crate::store::openid;
use crate::store::sessions::SignedIn;

/// `GET /authorize`: shows who asks for what. Changes nothing, because some clients fetch it before the browser does.
pub(super) async fn show(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    match prepare(&app, &query, &headers, address_of(peer)).await {
        Ok(asked) => consent_page(&app, &asked, &query, &headers),
        Err(refused) => refused_page(&app, refused),
    }
}

/// `POST /authorize`: the person's answer. Only from here does anybody go to Microsoft.
pub(super) async fn decide(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let address = address_of(peer);
    let asked = match prepare(&app, fields.exact("request"), &headers, address).await {
        Ok(asked) => asked,
        Err(refused) => return refused_page(&app, refused),
    };
    let request = &asked.checked.request;
    if fields.text("answer") != "approve" {
        let description = [("error", "access_denied"), ("error_description", "the person declined")];
        return page::redirect(&answer_at(
            &app,
            &request.redirect_uri,
            request.state.as_deref(),
            &description,
        ));
    }
    match approved(&app, &asked, address).await {
        Ok(response) => response,
        Err(error) => failed_page(&error),
    }
}

/// `GET /authorize/resume`: back from Microsoft in the same browser, with the connection made.
pub(super) async fn resume(
    method: Method,
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Some(early) = page::before_its_time(&method, &headers) {
        return early;
    }
    match resumed(&app, &query.unwrap_or_default(), &headers).await {
        Ok(response) => response,
        Err(error) => failed_page(&error),
    }
}

/// A checked request, and who and what is there to answer it.
struct Asked {
    checked: Checked,
    integration: Integration,
    signed_in: Option<SignedIn>,
    /// The person's connection works and their proof is fresh enough, so no trip to Microsoft is needed.
    is_connected: bool,
    /// The client wants a fresh proof of who the person is.
    wants_proof: bool,
    /// The house's own provider, by which somebody who is not signed in may do so first.
    provider: Option<String>,
}

fn address_of(peer: Option<Extension<ConnectInfo<SocketAddr>>>) -> Option<IpAddr> {
    peer.map(|it| it.0.0.ip())
}

async fn prepare(app: &App, query: &str, headers: &HeaderMap, address: Option<IpAddr>) -> Result<Asked, Refused> {
    let mut checked = check(app, query, address).await?;
    let environment = checked.door.environment.id.clone();
    let integration = integrations::list(&app.db, &environment).await?.into_iter().next();
    let integration = integration.ok_or_else(|| {
        Refused::Here(
            "Power BI is not set up in this environment yet; an administrator adds it under Integrations".into(),
        )
    })?;
    let signed_in = session::find(&app.db, &app.clock, app.session_lifetime(), headers).await?;
    // Somebody signed in to another environment is nobody here.
    let signed_in = signed_in.filter(|it| it.environment_id == environment);
    // Who is not known yet is offered what everybody may hold.
    let role = signed_in
        .as_ref()
        .map_or(Role::Person, |it| Role::from_stored(&it.role));
    checked.cut_to(role)?;
    if checked.manner.is_silent {
        return Err(cannot_be_silent(&checked, signed_in.is_some()));
    }
    let wants_proof = wants_proof(app, checked.manner, signed_in.as_ref());
    let connection = match &signed_in {
        Some(it) => connection_rows::find_of(&app.db, &it.session.person_id, &integration.id).await?,
        None => None,
    };
    let is_connected =
        connection.is_some_and(|it| matches!(it.state(), ConnectionState::Connected | ConnectionState::Degraded));
    let provider = match &signed_in {
        None => openid::find_of(&app.db, &environment).await?.map(|it| it.name),
        Some(_) => None,
    };
    Ok(Asked {
        provider,
        checked,
        integration,
        signed_in,
        is_connected: is_connected && !wants_proof,
        wants_proof,
    })
}

/// Consent is asked for every time, so a request that may show no page always fails (OpenID Connect Core §3.1.2.6).
fn cannot_be_silent(checked: &Checked, is_signed_in: bool) -> Refused {
    let (error, description) = match is_signed_in {
        true => ("consent_required", "the person has to agree on a page of this gateway"),
        false => ("login_required", "the person is not signed in here"),
    };
    Refused::There {
        to: checked.request.redirect_uri.clone(),
        state: checked.request.state.clone(),
        error,
        description: description.to_owned(),
    }
}

fn wants_proof(app: &App, manner: Manner, signed_in: Option<&SignedIn>) -> bool {
    let age_s = signed_in.map(|it| session::age_s(&it.session, app.clock.now()));
    let is_old = manner.max_age_s.zip(age_s).is_some_and(|(most, age)| most < age);
    manner.wants_login || is_old
}

fn consent_page(app: &App, asked: &Asked, query: &str, headers: &HeaderMap) -> Response {
    let (csrf, cookie) = session::csrf(&app.vault, &app.clock, headers);
    let request = &asked.checked.request;
    let page = Page::alone("Let a client use Power BI", &csrf, app.clock.now());
    let details = json!({
        "client_name": asked.checked.client.name,
        "client_kind": asked.checked.client.kind,
        "client_host": client_metadata::host_of(&request.client_id.0),
        "environment": asked.checked.door.environment.name,
        "person": asked.signed_in.as_ref().map(|it| it.name.clone()),
        "returns_to": redirect::shown(&request.redirect_uri),
        "is_loopback": redirect::is_local(&request.redirect_uri),
        "is_own_scheme": redirect::is_own_scheme(&request.redirect_uri),
        "reaches": reaches::of(app.catalogue, &asked.checked.scopes),
        "goes_to_microsoft": !asked.is_connected,
        "integration": asked.integration.name,
        "sign_in_first": asked.provider.as_ref().map(|it| json!({ "name": it, "path": sign_in_first(query) })),
        "action": "/authorize",
        "hidden": [{ "name": "request", "value": query }],
    });
    match page::render("consent_client.html", &page, details) {
        Ok(html) => with_cookie(page::html(StatusCode::OK, html, &leaving(app, asked)), cookie),
        Err(error) => error.into_response(),
    }
}

/// The way to the sign-in and back to this very request, encoded so that nothing in it reads in two ways.
fn sign_in_first(query: &str) -> String {
    let back = format!("/authorize/again?r={}", URL_SAFE_NO_PAD.encode(query));
    let pairs = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", &back)
        .finish();
    format!("/sign-in?{pairs}")
}

/// `GET /authorize/again`: back from the sign-in to the request that was kept in the address.
pub(super) async fn again(Query(query): Query<HashMap<String, String>>) -> Response {
    let kept = query.get("r").and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let request = kept.and_then(|it| String::from_utf8(it).ok()).unwrap_or_default();
    let is_plain = request.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    page::redirect(&format!("/authorize?{}", if is_plain { &request } else { "" }))
}

/// Chromium checks every redirect that follows a form: back to the client, or on to Microsoft.
fn leaving(app: &App, asked: &Asked) -> Leaving {
    let mut targets = vec![asked.checked.request.redirect_uri.clone()];
    if !asked.is_connected {
        targets.extend(entra::cloud_of(&app.clouds, &asked.integration.cloud).map(|it| it.login));
    }
    Leaving::Departs(targets)
}

async fn approved(app: &App, asked: &Asked, address: Option<IpAddr>) -> Result<Response, ConnectError> {
    let request = &asked.checked.request;
    if asked.signed_in.is_none() {
        connections::admit_stranger(app, address)?;
    }
    if asked.checked.client.kind == "published" {
        clients::save_published(&app.db, &asked.checked.client).await?;
    }
    if let (Some(signed_in), true) = (&asked.signed_in, asked.is_connected) {
        let caller = caller_of_session(app, signed_in, None).await?;
        let to = redirect_with_code(app, &caller, &asked.integration.id, request)
            .await
            .map_err(internal)?;
        return Ok(page::redirect(&to));
    }
    let departure = connections::begin(
        app,
        Ask {
            environment: asked.checked.door.environment.id.clone(),
            integration: asked.integration.id.clone(),
            // Whoever proves themselves anew is told by that proof, not by the session they had.
            person: asked
                .signed_in
                .as_ref()
                .filter(|_| !asked.wants_proof)
                .map(|it| it.session.person_id.clone()),
            kind: Kind::Client,
            client_request: Some(serde_json::to_string(request).map_err(|_| ConnectError::Sealed)?),
            return_to: None,
            prompt: asked.wants_proof.then_some(Prompt::Login),
            login_hint: request.login_hint.clone(),
            claims: None,
            invitation: None,
            trace: app.clock.new_id(),
        },
    )
    .await?;
    Ok(with_cookie(page::redirect(&departure.url), Some(departure.cookie)))
}

async fn resumed(app: &App, query: &str, headers: &HeaderMap) -> Result<Response, ConnectError> {
    let state = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "flow")
        .map(|(_, value)| value.into_owned());
    let flow = flows::find_by_state(&app.db, &session::hash(&state.unwrap_or_default())).await?;
    let flow = flow
        .filter(|it| it.state == "Connected" && it.kind == Kind::Client.as_str())
        .ok_or(ConnectError::UnknownFlow)?;
    let browser = session::cookie(headers, session::FLOW).map(session::hash);
    if browser.as_deref() != Some(&flow.browser_hash[..]) {
        return Err(ConnectError::OtherBrowser);
    }
    let signed_in = session::find(&app.db, &app.clock, app.session_lifetime(), headers).await?;
    let signed_in = signed_in
        .filter(|it| it.environment_id == flow.environment_id)
        .ok_or(ConnectError::OtherPerson)?;
    // The flow knows whose it is since they came back, also when nobody was signed in as it began.
    if flow.person_id.as_ref() != Some(&signed_in.session.person_id) {
        return Err(ConnectError::OtherPerson);
    }
    let stored = flow.client_request.as_deref().unwrap_or_default();
    let request: AuthorizationRequest = serde_json::from_str(stored).map_err(|_| ConnectError::Sealed)?;
    if !flows::advance(&app.db, &flow.id, "Connected", "CodeSent").await? {
        return Err(ConnectError::UnknownFlow);
    }
    let caller = caller_of_session(app, &signed_in, None).await?;
    let to = redirect_with_code(app, &caller, &flow.integration_id, &request)
        .await
        .map_err(internal)?;
    Ok(with_cookie(
        page::redirect(&to),
        Some(session::clear_cookie(session::FLOW)),
    ))
}

fn internal(error: super::grant::GrantError) -> ConnectError {
    match error {
        super::grant::GrantError::Audit(error) => error.into(),
        super::grant::GrantError::Store(error) => error.into(),
    }
}

fn refused_page(app: &App, refused: Refused) -> Response {
    match refused {
        Refused::There {
            to,
            state,
            error,
            description,
        } => {
            let parameters = [("error", error), ("error_description", description.as_str())];
            page::redirect(&answer_at(app, &to, state.as_deref(), &parameters))
        }
        Refused::Here(why) => {
            let text = format!("The client sent a request that cannot be answered: {why}.");
            let how = "Connect the client again from its own settings. If it stays, its maker must mend it.";
            page::message(
                StatusCode::BAD_REQUEST,
                Message {
                    title: "This sign-in cannot go on",
                    text: &text,
                    how,
                    ..Message::default()
                },
            )
        }
        Refused::Store(error) => failed_page(&error.into()),
    }
}

fn failed_page(error: &ConnectError) -> Response {
    let told = error.told();
    if told.status == 500 {
        tracing::error!(error = %error, "an authorization request failed");
    }
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page::message(
        status,
        Message {
            title: &told.title,
            text: &told.text,
            how: &told.how,
            retry_after_s: error.retry_after_s(),
            ..Message::default()
        },
    )
}

fn with_cookie(mut response: Response, cookie: Option<http::HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
