//! Groups and their members.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::visitor::{Place, Visitor};
use crate::admin::{self, Problems, Refused};
use crate::app::App;
use crate::caller::{GroupId, PersonId};
use crate::page::{self, Fields, Leaving};
use crate::store::groups;
use crate::store::people::{self, Person};

const LIST: Place<'static> = Place {
    template: "groups.html",
    title: "Groups",
    section: "groups",
};
const ONE: Place<'static> = Place {
    template: "group.html",
    title: "Group",
    section: "groups",
};
/// People offered to be put in; the search finds the others.
const OFFERED: i64 = 20;

/// `GET /groups`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let details = details(&app, &visitor, &query, "", &Problems::new()).await?;
    visitor.show(&app, LIST, details)
}

async fn details(
    app: &App,
    visitor: &Visitor,
    query: &listing::Query,
    typed: &str,
    problems: &Problems,
) -> Result<Value, Failure> {
    let asked = Asked::of(&groups::LIST, "/groups", "", query, app.clock.now());
    let page = groups::page(&app.db, &visitor.caller.environment, &asked.wanted).await?;
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|it| json!({ "id": it.group.id, "name": it.group.name, "members": it.members, "created_at": it.group.created_at }))
        .collect();
    Ok(json!({ "groups": rows, "list": asked.shown(&page), "typed": typed, "problems": problems }))
}

/// `GET /groups/{id}`: its members, and whom to put in.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let (environment, now) = (&visitor.caller.environment, app.clock.now());
    let group = admin::group(&app, &visitor.caller, &GroupId(id)).await?;
    let path = format!("/groups/{}", group.id);
    let inside = Asked::of(&people::LIST, &path, "", &query, now);
    let members = people::page_of_group(&app.db, environment, &group.id, true, &inside.wanted).await?;
    let outside = Asked::of(&people::LIST, &path, "add_", &query, now).rows(OFFERED);
    let offered = people::page_of_group(&app.db, environment, &group.id, false, &outside.wanted).await?;
    let about = |it: &Person| json!({ "id": it.id, "name": it.name, "email": it.email, "locked_at": it.locked_at });
    let details = json!({
        "group": { "id": group.id, "name": group.name },
        "members": members.rows.iter().map(about).collect::<Vec<_>>(), "members_list": inside.shown(&members),
        "offered": offered.rows.iter().map(about).collect::<Vec<_>>(), "offered_list": outside.shown(&offered),
    });
    let at = Place {
        title: &group.name,
        ..ONE
    };
    visitor.show(&app, at, details)
}

/// `POST /groups`
pub(super) async fn create(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    match admin::create_group(&app, &visitor.caller, fields.text("name")).await {
        Ok(id) => Ok(page::redirect(&format!("/groups/{id}?done=saved"))),
        Err(Refused::Invalid(problems)) => {
            let details = details(&app, &visitor, &listing::Query::new(), fields.text("name"), &problems).await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, LIST, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /groups/{id}/add`
pub(super) async fn add(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let person = PersonId::from(fields.text("person"));
    let group = GroupId(id);
    admin::add_member(&app, &visitor.caller, &group, &person).await?;
    Ok(back(&fields, &group, &person))
}

/// `POST /groups/{id}/remove`
pub(super) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let person = PersonId::from(fields.text("person"));
    let group = GroupId(id);
    admin::remove_member(&app, &visitor.caller, &group, &person).await?;
    Ok(back(&fields, &group, &person))
}

/// To the page whose form it was; both exist, or nothing would have been changed.
fn back(fields: &Fields, group: &GroupId, person: &PersonId) -> Response {
    match fields.text("from") {
        "person" => page::redirect(&format!("/people/{person}?done=saved")),
        _ => page::redirect(&format!("/groups/{group}?done=saved")),
    }
}

/// `POST /groups/{id}/delete`
pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::delete_group(&app, &visitor.caller, &id.into()).await?;
    Ok(page::redirect("/groups?done=deleted"))
}
