//! `/integration-callback`: where Microsoft sends people back to, for every environment.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::Router;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::admin::second_factor;
use crate::app::App;
use crate::audit::Entry;
use crate::connections::{self, Arrival, ConnectError, Kind};
use crate::entra::{self, Callback};
use crate::page::{self, Message};
use crate::session::{self, Proof};

/// The callback.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/integration-callback", get(callback))
        .with_state(app)
}

async fn callback(
    method: Method,
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Some(early) = page::before_its_time(&method, &headers) {
        return early;
    }
    let parameters = page::parameters(query.as_deref());
    if let Ok(Callback::AdminConsent { granted, failure, .. }) = entra::callback(&parameters) {
        return admin_consent(granted, failure.as_ref());
    }
    let trace = app.clock.new_id();
    let address = peer.map(|it| it.0.0.ip());
    match admitted(&app, &parameters, &headers, address, &trace).await {
        Ok(response) => response,
        Err(error) => refused(&error, &trace),
    }
}

/// Turns a flood of what belongs to nothing away, before it is written down; a sign-in under way always passes.
async fn admitted(
    app: &App,
    parameters: &[(String, String)],
    headers: &HeaderMap,
    address: Option<IpAddr>,
    trace: &str,
) -> Result<Response, ConnectError> {
    if let Some(seconds) = app.strays.busy_s(address, app.clock.now())
        && !connections::is_awaited(app, parameters, headers).await?
    {
        return Err(ConnectError::TooManyStrays { seconds });
    }
    let done = arrived(app, parameters, headers, address, trace).await;
    if done.as_ref().is_err_and(ConnectError::is_stray) {
        app.strays.count(address, app.clock.now());
    }
    done
}

async fn arrived(
    app: &App,
    parameters: &[(String, String)],
    headers: &HeaderMap,
    address: Option<IpAddr>,
    trace: &str,
) -> Result<Response, ConnectError> {
    let signed_in = session::find(&app.db, &app.clock, app.session_lifetime(), headers).await?;
    let arrival = connections::arrive(app, parameters, headers, signed_in.as_ref(), trace).await?;
    let mut cookies = Vec::new();
    // The identifier changes at every sign-in and proof; a person who merely connects stays in their session.
    let is_proof = arrival.kind == Kind::Proof;
    let is_new = arrival.flow.person_id.is_none() || is_proof;
    let state = parameters
        .iter()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.as_str())
        .unwrap_or_default();
    let mut to = next(&arrival, state);
    if is_new && second_factor::is_needed(app, &arrival.person.id).await? {
        // Invariant: whoever has a second factor is asked for it, whichever way they come.
        let half = second_factor::half::cookie(app, &arrival.person.id, Proof::Microsoft, &to);
        cookies.push(half);
        second_factor::half::ADDRESS.clone_into(&mut to);
    } else if is_new {
        let details =
            json!({ "method": "microsoft", "flow": arrival.flow.id, "address": address.map(|it| it.to_string()) });
        let entry = Entry {
            kind: "sign_in",
            environment: Some(arrival.flow.environment_id.clone()),
            person: Some(arrival.person.id.clone()),
            trace: trace.to_owned(),
            details,
        };
        if !is_proof {
            app.audit.append(entry).await?;
        }
        cookies.push(
            session::begin(
                &app.db,
                &app.clock,
                app.session_lifetime(),
                &arrival.person.id,
                Proof::Microsoft,
                headers,
                address,
            )
            .await?,
        );
    }
    // A client's request goes on in this browser and still needs the proof that it is the same one.
    if arrival.kind != Kind::Client {
        cookies.push(session::clear_cookie(session::FLOW));
    }
    Ok(with_cookies(page::redirect(&to), cookies))
}

fn next(arrival: &Arrival, state: &str) -> String {
    let query = |path: &str, name: &str, value: &str| {
        let pairs = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .finish();
        format!("{path}?{pairs}")
    };
    match arrival.kind {
        Kind::Client => query("/authorize/resume", "flow", state),
        Kind::Portal => query(
            "/connections",
            "connected",
            arrival.connection.as_ref().map_or("", |it| &it.0),
        ),
        Kind::SignIn | Kind::Proof | Kind::Link => arrival.flow.return_to.clone().unwrap_or_else(|| "/".into()),
    }
}

fn admin_consent(granted: bool, failure: Option<&entra::EntraError>) -> Response {
    let links = [("/connections", "My connections")];
    match failure.map(entra::EntraError::explanation) {
        Some(it) => page::message(
            StatusCode::FORBIDDEN,
            Message {
                title: "The organisation did not agree",
                text: &it.cause,
                how: &it.tell,
                links: &links,
                ..Message::default()
            },
        ),
        None if granted => page::message(
            StatusCode::OK,
            Message {
                title: "The organisation agreed",
                text: "An administrator has agreed for everybody in the organisation. Nobody is connected by this alone.",
                how: "Each person now connects their own account; Microsoft will not ask them again.",
                links: &links,
                ..Message::default()
            },
        ),
        None => page::message(
            StatusCode::FORBIDDEN,
            Message {
                title: "The organisation did not agree",
                text: "Microsoft reports that the administrator did not agree.",
                links: &links,
                ..Message::default()
            },
        ),
    }
}

fn refused(error: &ConnectError, trace: &str) -> Response {
    let told = error.told();
    if 500 <= told.status {
        tracing::error!(error = %error, trace, "a sign-in failed");
    }
    let mut facts = vec![("Reference", trace)];
    facts.extend(told.trace_id.as_deref().map(|it| ("Microsoft's Trace ID", it)));
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let links = [("/connections", "My connections")];
    let message = Message {
        title: &told.title,
        text: &told.text,
        how: &told.how,
        facts: &facts,
        links: &links,
        retry_after_s: error.retry_after_s(),
        ..Message::default()
    };
    page::message(status, message)
}

fn with_cookies(mut response: Response, cookies: Vec<HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
