//! One's own account: who one is here, sessions, password.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, Problems, Refused, second_factor};
use crate::app::App;
use crate::entra;
use crate::page::{self, Fields, Leaving};
use crate::store::people::Person;
use crate::store::{integrations, openid, second_factors, sessions};

const PAGE: Place<'static> = Place {
    template: "account.html",
    title: "Your account",
    section: "account",
};

/// `GET /account`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let details = details(&app, &visitor, &query, &Problems::new()).await?;
    let leaving = leaving(&app, &visitor).await?;
    visitor.show_as(&app, StatusCode::OK, &leaving, PAGE, details)
}

async fn details(app: &App, visitor: &Visitor, query: &listing::Query, problems: &Problems) -> Result<Value, Failure> {
    let me = admin::person(app, &visitor.caller, &visitor.caller.person).await?;
    let integrations = ways_in(app, visitor, &me).await?;
    let asked = Asked::of(&sessions::LIST, "/account", "", query, app.clock.now());
    let page = sessions::page_of_person(&app.db, &visitor.caller.environment, &me.id, &asked.wanted).await?;
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|it| {
            json!({
                "hash": hex(&it.hash), "is_this": it.hash == visitor.signed_in.session.hash, "method": it.method, "agent": it.user_agent,
                "address": it.address, "created_at": it.created_at, "seen_at": it.seen_at, "expires_at": it.expires_at,
            })
        })
        .collect();
    Ok(json!({
        "me": { "name": me.name, "email": me.email, "tenant_id": me.tenant_id, "object_id": me.object_id, "has_password": me.password_hash.is_some() },
        "has_second_factor": second_factor::is_needed(app, &me.id).await?, "recovery_left": second_factors::recovery_left(&app.db, &me.id).await?,
        "sessions": rows, "list": asked.shown(&page), "problems": problems, "integrations": integrations, "has_other_way": has_other_way(app, visitor, &me).await?,
    }))
}

/// The integrations at whose Microsoft a person with another way in may make an account one more.
async fn ways_in(app: &App, visitor: &Visitor, me: &Person) -> Result<Vec<Value>, Failure> {
    if me.object_id.is_some() || !has_other_way(app, visitor, me).await? {
        return Ok(Vec::new());
    }
    let all = integrations::list(&app.db, &visitor.caller.environment).await?;
    let usable = all.iter().filter(|it| entra::cloud_of(&app.clouds, &it.cloud).is_ok());
    Ok(usable.map(|it| json!({ "id": it.id, "name": it.name })).collect())
}

/// Whether a password or the house's provider lets them in.
async fn has_other_way(app: &App, visitor: &Visitor, me: &Person) -> Result<bool, Failure> {
    let of_house = openid::people_of(&app.db, &visitor.caller.environment, std::slice::from_ref(&me.id)).await?;
    Ok(me.password_hash.is_some() || of_house.contains(&me.id))
}

/// Where the account's forms lead: to Microsoft's sign-in, wherever an integration says that is.
pub(super) async fn leaving(app: &App, visitor: &Visitor) -> Result<Leaving, Failure> {
    let all = integrations::list(&app.db, &visitor.caller.environment).await?;
    let logins = all.iter().filter_map(|it| entra::cloud_of(&app.clouds, &it.cloud).ok());
    let logins: Vec<String> = logins.map(|it| it.login).collect();
    Ok(if logins.is_empty() {
        Leaving::Stays
    } else {
        Leaving::Departs(logins)
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    if digits.len() == 64 { pairs.collect() } else { None }
}

/// `POST /account/password`
pub(super) async fn password(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let this = &visitor.signed_in.session.hash;
    let (present, new, again) = (fields.exact("present"), fields.exact("password"), fields.exact("again"));
    match admin::change_password(&app, &visitor.caller, present, new, again, this).await {
        Ok(()) => Ok(page::redirect("/account?done=password-changed")),
        Err(Refused::Invalid(problems)) => {
            let details = details(&app, &visitor, &listing::Query::new(), &problems).await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, PAGE, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /account/sessions/{hash}/end`
pub(super) async fn end_session(
    State(app): State<App>,
    visitor: Visitor,
    Path(hash): Path<String>,
) -> Result<Response, Failure> {
    let hash = unhex(&hash).ok_or(Refused::NotFound)?;
    admin::end_session(&app, &visitor.caller, &hash).await?;
    Ok(page::redirect("/account?done=sessions-ended"))
}

/// `POST /account/sessions/end-others`
pub(super) async fn end_others(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    admin::end_other_sessions(&app, &visitor.caller, &visitor.signed_in.session.hash).await?;
    Ok(page::redirect("/account?done=sessions-ended"))
}
