//! Who visits a page: established once per request, before any handler runs.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;

use super::failure::Failure;
use super::lane::{self, Lane};
use super::navigation;
use super::routes::{Route, Who};
use super::step_up;
use crate::app::App;
use crate::call;
use crate::caller::Caller;
use crate::page::{self, Leaving, Message, Notice};
use crate::session;
use crate::store::sessions::SignedIn;
use crate::store::{approvals, environments, people};

/// The signed-in person behind a request.
#[derive(Clone)]
pub(super) struct Visitor {
    pub caller: Caller,
    pub signed_in: SignedIn,
    pub environment: environments::Environment,
    pub csrf: String,
    /// Requests for approval that wait: of the environment for whoever manages it, else the person's own.
    pub waiting: i64,
    pub notice: Option<Notice>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // Invariant: only `admit` puts a visitor here.
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::FORBIDDEN)
    }
}

/// Lets those in whom the table of routes names, and tells the handler who they are.
pub(super) async fn admit(
    State((app, route, lane)): State<(App, Route, Lane)>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = session::peer(request.extensions());
    match visitor(&app, request.headers(), request.uri(), address).await {
        Ok(Some(visitor)) if route.who == Who::Person || visitor.caller.role.may_manage() => {
            if route.needs_proof && step_up::is_due(&app, &visitor) {
                let (method, uri) = (request.method().clone(), request.uri().clone());
                let fields = request.extensions().get::<page::Fields>().cloned().unwrap_or_default();
                drop(request);
                return step_up::ask(&app, &visitor, method, uri, fields).await;
            }
            // A form that was sent needs no place: it waits for others than the database too.
            let is_form = *request.method() == Method::POST;
            let taken = match is_form {
                true => None,
                false => match lane.enter(&visitor.caller.person).await {
                    Ok(taken) => Some(taken),
                    Err(busy) => return lane::refusal(busy),
                },
            };
            request.extensions_mut().insert(visitor);
            request.extensions_mut().insert(lane);
            let answer = next.run(request).await;
            drop(taken);
            answer
        }
        Ok(Some(_)) => {
            let text = "This page is for administrators of the environment.";
            let links = &[("/", "To the overview")];
            page::message(
                StatusCode::FORBIDDEN,
                Message {
                    title: "Not for your role",
                    text,
                    how: "An administrator can change your role under People.",
                    links,
                    ..Message::default()
                },
            )
        }
        Ok(None) => page::redirect(&sign_in_path(request.method(), request.uri())),
        Err(failure) => failure.into_response(),
    }
}

fn sign_in_path(method: &Method, uri: &Uri) -> String {
    let wanted = uri.path_and_query().map_or("/", |it| it.as_str());
    match page::return_path(wanted) {
        Some(path) if *method == Method::GET && path != "/" => {
            format!(
                "/sign-in?return_to={}",
                url::form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>()
            )
        }
        _ => "/sign-in".to_owned(),
    }
}

async fn visitor(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    address: Option<IpAddr>,
) -> Result<Option<Visitor>, Failure> {
    let found = session::find(&app.db, &app.clock, app.session_lifetime(), headers).await?;
    let Some(signed_in) = found else { return Ok(None) };
    let Some(environment) = environments::find(&app.db, &signed_in.environment_id).await? else {
        return Ok(None);
    };
    let caller = call::caller_of_session(app, &signed_in, address).await?;
    people::touch(&app.db, &caller.person, signed_in.last_seen_at, app.clock.now()).await?;
    let whose = (!caller.role.may_manage()).then_some(&caller.person);
    let waiting = approvals::count_waiting(&app.db, &caller.environment, whose, app.clock.now()).await?;
    let (csrf, _) = page::csrf(app, headers);
    let notice = uri.query().and_then(navigation::notice);
    Ok(Some(Visitor {
        caller,
        signed_in,
        environment,
        csrf,
        waiting,
        notice,
    }))
}

impl Visitor {
    /// A page for this visitor.
    pub(super) fn show(&self, app: &App, at: Place<'_>, details: Value) -> Result<Response, Failure> {
        self.show_as(app, StatusCode::OK, &Leaving::Stays, at, details)
    }

    /// A page with another status, or whose form leads away.
    pub(super) fn show_as(
        &self,
        app: &App,
        status: StatusCode,
        leaving: &Leaving,
        at: Place<'_>,
        details: Value,
    ) -> Result<Response, Failure> {
        let page = navigation::page(self, &at, app.clock.now());
        Ok(page::html(status, page::render(at.template, &page, details)?, leaving))
    }
}

/// Which page: its template, title and place in the navigation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub template: &'a str,
    pub title: &'a str,
    pub section: &'static str,
}
