//! Groups and their members.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin::{self, Problems, Refused};
use crate::app::App;
use crate::caller::{GroupId, PersonId};
use crate::page::{self, Fields, Leaving};
use crate::store::{groups, people};

const LIST: Place<'static> = Place {
    template: "groups.html",
    title: "Groups",
    section: "groups",
};

/// `GET /groups`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let details = details(&app, &visitor, "", &Problems::new()).await?;
    visitor.show(&app, LIST, details)
}

async fn details(app: &App, visitor: &Visitor, typed: &str, problems: &Problems) -> Result<Value, Failure> {
    let environment = &visitor.caller.environment;
    let people = people::list(&app.db, environment, ("", "")).await?;
    let names: HashMap<_, _> = people.iter().map(|it| (it.id.clone(), it.name.clone())).collect();
    let members = groups::memberships(&app.db, environment).await?;
    let rows: Vec<Value> = groups::list(&app.db, environment)
        .await?
        .iter()
        .map(|group| {
            let inside: Vec<_> = members
                .iter()
                .filter(|(id, _)| *id == group.id)
                .map(|(_, person)| person.clone())
                .collect();
            let outside = people.iter().filter(|it| !inside.contains(&it.id));
            json!({
                "id": group.id, "name": group.name,
                "members": inside.iter().map(|id| json!({ "id": id, "name": names.get(id) })).collect::<Vec<_>>(),
                "outside": outside.map(|it| json!({ "id": it.id, "name": it.name })).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(json!({ "groups": rows, "typed": typed, "problems": problems }))
}

/// `POST /groups`
pub(super) async fn create(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    match admin::create_group(&app, &visitor.caller, fields.text("name")).await {
        Ok(_) => Ok(page::redirect("/groups?done=saved")),
        Err(Refused::Invalid(problems)) => {
            let details = details(&app, &visitor, fields.text("name"), &problems).await?;
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
    admin::add_member(&app, &visitor.caller, &GroupId(id), &person).await?;
    Ok(back(&fields, &person))
}

/// `POST /groups/{id}/remove`
pub(super) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let person = PersonId::from(fields.text("person"));
    admin::remove_member(&app, &visitor.caller, &GroupId(id), &person).await?;
    Ok(back(&fields, &person))
}

/// To the page whose form it was; the person exists, or nothing would have been changed.
fn back(fields: &Fields, person: &PersonId) -> Response {
    match fields.text("from") {
        "person" => page::redirect(&format!("/people/{person}?done=saved")),
        _ => page::redirect("/groups?done=saved"),
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
