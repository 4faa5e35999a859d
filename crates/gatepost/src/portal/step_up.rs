//! Before what must not be done with a forgotten browser: whoever asks proves once more who they are, and what they typed
//! is kept for them meanwhile.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use http::{Extensions, HeaderMap, Method, StatusCode, Uri};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::account;
use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin::provider_trip::{self, Setting};
use crate::admin::{self, Problems, Refused, second_factor};
use crate::app::App;
use crate::caller::IntegrationId;
use crate::connections::{self, Ask, Kind};
use crate::entra::{self, Prompt};
use crate::page::{self, Fields, Leaving};
use crate::session::{self, Proof};
use crate::store::waiting_forms::{self, WaitingForm};
use crate::store::{connections as connection_rows, integrations, openid, people};
use crate::vault;

/// The oldest proof that will do.
const FRESH_S: i64 = 5 * 60;
/// How long a form waits.
const WAITS_S: i64 = 15 * 60;

const PAGE: Place<'static> = Place {
    template: "step_up.html",
    title: "Is it still you?",
    section: "account",
};
const GO_ON: Place<'static> = Place {
    template: "step_up_continue.html",
    title: "It is you",
    section: "account",
};

/// Whether the visitor's proof is too old for a route that needs a fresh one.
pub(super) fn is_due(app: &App, visitor: &Visitor) -> bool {
    FRESH_S < session::age_s(&visitor.signed_in.session, app.clock.now())
}

/// Keeps what was asked and sends the visitor to prove who they are.
pub(super) async fn ask(app: &App, visitor: &Visitor, method: Method, uri: Uri, fields: Fields) -> Response {
    if method == Method::GET {
        let wanted = uri.path_and_query().map_or("/", |it| it.as_str());
        return page::redirect(&address("to", page::return_path(wanted).unwrap_or(uri.path())));
    }
    match keep(app, visitor, uri.path(), &fields).await {
        Ok(id) => page::redirect(&address("form", &id)),
        Err(failure) => failure.into_response(),
    }
}

fn address(name: &str, value: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish();
    format!("/step-up?{query}")
}

fn place<'a>(row: &'a str, environment: &'a str) -> vault::Place<'a> {
    vault::Place {
        table: "waiting_forms",
        column: "fields_sealed",
        row,
        environment,
    }
}

async fn keep(app: &App, visitor: &Visitor, path: &str, fields: &Fields) -> Result<String, Failure> {
    let (id, now) = (app.clock.new_id(), app.clock.now());
    let environment = visitor.caller.environment.clone();
    let row = WaitingForm {
        fields_sealed: app.vault.seal_text(place(&id, &environment.0), &fields.without("csrf")),
        id: id.clone(),
        environment_id: environment,
        person_id: visitor.caller.person.clone(),
        path: path.to_owned(),
        created_at: now,
        expires_at: now.plus_seconds(WAITS_S),
    };
    waiting_forms::create(&app.db, &row).await?;
    Ok(id)
}

/// What waits: a form by its id, or a page by its path.
struct Waiting {
    form: String,
    to: String,
}

impl Waiting {
    fn of(find: impl Fn(&str) -> String) -> Self {
        let to = find("to");
        Self {
            form: find("form")
                .chars()
                .filter(|it| it.is_ascii_alphanumeric() || *it == '-')
                .collect(),
            to: page::return_path(&to).unwrap_or("/").to_owned(),
        }
    }

    /// Where to go once the proof is there.
    fn next(&self) -> String {
        match self.form.as_str() {
            "" => self.to.clone(),
            form => format!("/step-up/continue?form={form}"),
        }
    }
}

/// `GET /step-up`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let waiting = Waiting::of(|name| query.get(name).cloned().unwrap_or_default());
    shown(&app, &visitor, StatusCode::OK, &waiting, &Problems::new()).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    waiting: &Waiting,
    problems: &Problems,
) -> Result<Response, Failure> {
    let me = people::find(&app.db, &visitor.caller.person)
        .await?
        .ok_or(Refused::NotFound)?;
    let all = integrations::list(&app.db, &visitor.caller.environment).await?;
    let offered: Vec<Value> = all
        .iter()
        .filter(|_| me.object_id.is_some())
        .map(|it| json!({ "id": it.id, "name": it.name }))
        .collect();
    let logins = all
        .iter()
        .filter_map(|it| entra::cloud_of(&app.clouds, &it.cloud).ok())
        .map(|it| it.login)
        .collect();
    let provider = openid::find_of(&app.db, &visitor.caller.environment).await?;
    let of_house = openid::people_of(&app.db, &visitor.caller.environment, std::slice::from_ref(&me.id)).await?;
    let is_of_house = of_house.contains(&me.id);
    let provider = provider.filter(|_| is_of_house).map(|it| it.name);
    let leaving = if offered.is_empty() && provider.is_none() {
        Leaving::Stays
    } else {
        Leaving::Departs(logins)
    };
    let details = json!({
        "form": waiting.form, "to": waiting.to, "problems": problems, "has_password": me.password_hash.is_some(), "needs_code": second_factor::is_needed(app, &me.id).await?, "integrations": offered, "provider": provider,
        "minutes": FRESH_S / 60,
    });
    visitor.show_as(app, status, &leaving, PAGE, details)
}

/// `POST /step-up`: by password.
pub(super) async fn prove(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    extensions: Extensions,
    fields: Fields,
) -> Result<Response, Failure> {
    let waiting = Waiting::of(|name| fields.text(name).to_owned());
    let address = session::peer(&extensions);
    match admin::prove_by_password(
        &app,
        &visitor.caller,
        fields.exact("password"),
        fields.text("code"),
        address,
    )
    .await
    {
        Ok(()) => {}
        Err(Refused::Invalid(problems)) => {
            return shown(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &waiting, &problems).await;
        }
        Err(other) => return Err(other.into()),
    }
    let begun = session::begin(
        &app.db,
        &app.clock,
        app.session_lifetime(),
        &visitor.caller.person,
        Proof::Password,
        &headers,
        address,
    );
    Ok(page::redirect_with(&waiting.next(), begun.await?))
}

/// `POST /step-up/microsoft`: by signing in at Microsoft again, with the same account.
pub(super) async fn depart(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let waiting = Waiting::of(|name| fields.text(name).to_owned());
    let caller = &visitor.caller;
    let integration = admin::integration(&app, caller, &IntegrationId::from(fields.text("integration"))).await?;
    let present = connection_rows::find_of(&app.db, &caller.person, &integration.id).await?;
    let ask = Ask {
        environment: caller.environment.clone(),
        integration: integration.id,
        person: Some(caller.person.clone()),
        kind: Kind::Proof,
        client_request: None,
        return_to: Some(waiting.next()),
        prompt: Some(Prompt::Login),
        login_hint: present.map(|it| it.account_username),
        claims: None,
        invitation: None,
        trace: caller.trace.clone(),
    };
    let departure = connections::begin(&app, ask).await?;
    Ok(page::redirect_with(&departure.url, departure.cookie))
}

/// `POST /step-up/provider`: by signing in at the house's own provider again, with the same account.
pub(super) async fn depart_to_provider(
    State(app): State<App>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Failure> {
    let waiting = Waiting::of(|name| fields.text(name).to_owned());
    let setting = Setting {
        environment: visitor.caller.environment.clone(),
        person: Some(visitor.caller.person.clone()),
        invitation: None,
        return_to: waiting.next(),
    };
    let begun = provider_trip::begin(&app, setting).await;
    let (url, cookie) = begun.map_err(|error| Refused::Conflict(error.to_string()))?;
    Ok(page::redirect_with(&url, cookie))
}

/// `GET /step-up/continue`: the form that waited, to be sent by its sender once more.
pub(super) async fn go_on(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let waiting = Waiting::of(|name| query.get(name).cloned().unwrap_or_default());
    if is_due(&app, &visitor) {
        return Ok(page::redirect(&address("form", &waiting.form)));
    }
    let found = waiting_forms::find(&app.db, &waiting.form, &visitor.caller.person, app.clock.now()).await?;
    let Some(form) = found else {
        return visitor.show(&app, GO_ON, json!({ "action": null, "fields": [] }));
    };
    let opened = app
        .vault
        .open_text(place(&form.id, &form.environment_id.0), &form.fields_sealed);
    // Sealed under a key that is gone by now: what was typed is lost, and that is all.
    let Ok(typed) = opened else {
        return visitor.show(&app, GO_ON, json!({ "action": null, "fields": [] }));
    };
    let fields: Vec<Value> = url::form_urlencoded::parse(typed.expose_secret().as_bytes())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let details = json!({ "action": form.path, "fields": fields });
    // One of the forms that wait leads to Microsoft.
    let leaving = account::leaving(&app, &visitor).await?;
    visitor.show_as(&app, StatusCode::OK, &leaving, GO_ON, details)
}
