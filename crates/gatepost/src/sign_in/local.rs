//! Local sign-in with e-mail and password, and signing out.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::extract::{Query, State};
use axum::response::Response;
use http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use http::{Extensions, HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{alone, broken, peer, unrecorded};
use crate::admin::throttle::{Held, Secret, attempt};
use crate::admin::{self, second_factor, setup};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::EnvironmentId;
use crate::entra;
use crate::openid::Addresses;
use crate::page::{self, Fields, Leaving, Message};
use crate::session::{self, Proof};
use crate::store::people::Person;
use crate::store::{self, environments, integrations, openid, people};

/// `GET /sign-in`
pub(super) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    match setup::is_open(&app).await {
        Ok(false) => {}
        Ok(true) => return not_set_up(),
        Err(error) => return broken(&error),
    }
    let return_to = query
        .get("return_to")
        .and_then(|it| page::return_path(it))
        .unwrap_or("/");
    match session::find(&app.db, &app.clock, app.session_lifetime(), &headers).await {
        Ok(Some(_)) if !query.contains_key("again") => page::redirect(return_to),
        Ok(_) => form(&app, &headers, StatusCode::OK, return_to, "", None)
            .await
            .unwrap_or_else(|error| broken(&error)),
        Err(error) => broken(&error),
    }
}

fn not_set_up() -> Response {
    let text = "This gateway has no owner yet.";
    let how = "Whoever started it finds a one-time link in what it printed; opening that link makes the owner.";
    page::message(
        StatusCode::SERVICE_UNAVAILABLE,
        Message {
            title: "Not set up yet",
            text,
            who: "Whoever runs this gateway",
            how,
            ..Message::default()
        },
    )
}

async fn form(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    return_to: &str,
    email: &str,
    problem: Option<&str>,
) -> store::Result<Response> {
    let ways = match environments::find_default(&app.db).await? {
        Some(environment) => ways(app, &environment.id).await?,
        None => Ways {
            integrations: Vec::new(),
            provider: None,
            leaving: Leaving::Stays,
        },
    };
    let details = json!({ "integrations": ways.integrations, "provider": ways.provider, "return_to": return_to, "email": email, "problem": problem, "reason": null });
    Ok(alone(
        app,
        headers,
        status,
        &ways.leaving,
        "sign_in.html",
        "Sign in",
        details,
    ))
}

/// The ways into an environment besides a password.
pub(super) struct Ways {
    pub integrations: Vec<Value>,
    /// The house's own provider, by name.
    pub provider: Option<String>,
    /// Where their forms lead.
    pub leaving: Leaving,
}

pub(super) async fn ways(app: &App, environment: &EnvironmentId) -> store::Result<Ways> {
    let all = integrations::list(&app.db, environment).await?;
    let provider = openid::find_of(&app.db, environment).await?;
    let logins = all
        .iter()
        .filter_map(|it| entra::cloud_of(&app.clouds, &it.cloud).ok())
        .map(|it| it.login);
    let targets: Vec<String> = logins.chain(provider.iter().filter_map(page_of)).collect();
    Ok(Ways {
        integrations: all.iter().map(|it| json!({ "id": it.id, "name": it.name })).collect(),
        leaving: if targets.is_empty() {
            Leaving::Stays
        } else {
            Leaving::Departs(targets)
        },
        provider: provider.map(|it| it.name),
    })
}

/// The provider's sign-in page.
fn page_of(provider: &openid::Provider) -> Option<String> {
    let addresses: Addresses = serde_json::from_str(&provider.addresses).ok()?;
    Some(addresses.authorization)
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    fields: Fields,
) -> Response {
    let attempt = Attempt {
        email: fields.text("email"),
        password: fields.exact("password"),
        by: Proof::Password,
        address: peer(&extensions),
    };
    let return_to = page::return_path(fields.text("return_to")).unwrap_or("/");
    let answer = match attempt.judge(&app).await {
        Ok(Judged::Right(person)) => match second_factor::is_needed(&app, &person.id).await {
            Ok(true) => return super::code::ask(&app, &headers, &person.id, attempt.by, return_to),
            Ok(false) => return enter(&app, &headers, &attempt, &person, return_to).await,
            Err(error) => Err(error),
        },
        Ok(Judged::Wrong) => {
            form(
                &app,
                &headers,
                StatusCode::UNAUTHORIZED,
                return_to,
                attempt.email,
                Some("E-mail or password is not right."),
            )
            .await
        }
        Ok(Judged::Wait(seconds)) => waiting(&app, &headers, return_to, attempt.email, seconds).await,
        Err(Failed::Store(error)) => Err(error),
        Err(Failed::Audit) => return unrecorded(),
    };
    answer.unwrap_or_else(|error| broken(&error))
}

async fn waiting(
    app: &App,
    headers: &HeaderMap,
    return_to: &str,
    email: &str,
    seconds: i64,
) -> store::Result<Response> {
    let text = format!("Too many attempts. Wait {seconds} seconds, then try again.");
    let mut answer = form(
        app,
        headers,
        StatusCode::TOO_MANY_REQUESTS,
        return_to,
        email,
        Some(&text),
    )
    .await?;
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(answer)
}

pub(super) async fn enter(
    app: &App,
    headers: &HeaderMap,
    attempt: &Attempt<'_>,
    person: &Person,
    return_to: &str,
) -> Response {
    let begun = session::begin(
        &app.db,
        &app.clock,
        app.session_lifetime(),
        &person.id,
        attempt.by,
        headers,
        attempt.address,
    )
    .await;
    let cookie = match begun {
        Ok(cookie) => cookie,
        Err(error) => return broken(&error),
    };
    if attempt.record(app, "sign_in", Some(person)).await.is_err() {
        return unrecorded();
    }
    page::redirect_with(return_to, cookie)
}

/// One attempt to sign in, by a password or with a code after something else.
pub(super) struct Attempt<'a> {
    pub email: &'a str,
    pub password: &'a str,
    /// What came first.
    pub by: Proof,
    pub address: Option<IpAddr>,
}

enum Judged {
    Right(Box<Person>),
    Wrong,
    /// Neither looked up nor counted: it has to wait so many seconds.
    Wait(i64),
}

enum Failed {
    Store(store::Error),
    Audit,
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Attempt<'_> {
    async fn judge(&self, app: &App) -> Result<Judged, Failed> {
        let counted = match attempt(app, Secret::Password(self.email), self.address).await {
            Ok(counted) => counted,
            Err(Held::Wait(seconds)) => return Ok(Judged::Wait(seconds)),
            Err(Held::Store(error)) => return Err(error.into()),
        };
        let person = people::find_by_local_email(&app.db, self.email).await?;
        // An unknown name costs a hash too, so that the time tells nothing.
        let is_right = admin::verify_password(
            &counted,
            self.password,
            person.as_ref().and_then(|it| it.password_hash.as_deref()),
        )
        .await;
        match person.as_ref().filter(|it| is_right && it.locked_at.is_none()) {
            Some(person) => {
                counted.right(app).await?;
                Ok(Judged::Right(Box::new(person.clone())))
            }
            None => {
                self.record(app, "sign_in.failed", person.as_ref())
                    .await
                    .map_err(|_| Failed::Audit)?;
                Ok(Judged::Wrong)
            }
        }
    }

    pub(super) async fn record(
        &self,
        app: &App,
        kind: &'static str,
        person: Option<&Person>,
    ) -> Result<(), crate::audit::Unavailable> {
        let details = json!({
            "method": self.by.as_str(), "person_name": person.map(|it| &it.name), "address": self.address.map(|it| it.to_string()),
            // What was typed may be a password in the wrong field, so only known names are kept.
            "email": person.and_then(|it| it.email.as_ref()),
        });
        let environment = match person {
            Some(person) => Some(person.environment_id.clone()),
            None => environments::find_default(&app.db).await.ok().flatten().map(|it| it.id),
        };
        let person = person.map(|it| it.id.clone());
        app.audit
            .append(Entry {
                kind,
                environment,
                person,
                trace: app.clock.new_id(),
                details,
            })
            .await?;
        Ok(())
    }
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap, extensions: Extensions) -> Response {
    match end(&app, &headers, peer(&extensions)).await {
        Ok(()) => {
            let mut answer = page::redirect("/sign-in");
            answer
                .headers_mut()
                .append(SET_COOKIE, session::clear_cookie(session::SESSION));
            answer
        }
        Err(Failed::Store(error)) => broken(&error),
        Err(Failed::Audit) => unrecorded(),
    }
}

async fn end(app: &App, headers: &HeaderMap, address: Option<IpAddr>) -> Result<(), Failed> {
    let signed_in = session::find(&app.db, &app.clock, app.session_lifetime(), headers).await?;
    session::end(&app.db, headers).await?;
    if let Some(it) = signed_in {
        let details = json!({ "person_name": it.name, "address": address.map(|it| it.to_string()) });
        let (environment, person) = (Some(it.environment_id), Some(it.session.person_id));
        let entry = Entry {
            kind: "sign_out",
            environment,
            person,
            trace: app.clock.new_id(),
            details,
        };
        app.audit.append(entry).await.map_err(|_| Failed::Audit)?;
    }
    Ok(())
}
