//! People of the environment: roles, locking, sessions, local administrators.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::listing::{self, Asked};
use super::navigation::role_name;
use super::visitor::{Place, Visitor};
use crate::admin::{self, InvitationInput, NewAdministrator, Problems, Refused};
use crate::app::App;
use crate::caller::{PersonId, Role};
use crate::page::{self, Fields, Leaving};
use crate::store::grants::{self, Whose};
use crate::store::people::Person;
use crate::store::{connections, groups, invitations, openid, people, sessions};

const LIST: Place<'static> = Place {
    template: "people.html",
    title: "People",
    section: "people",
};
/// Open invitations of one page.
const INVITATIONS: i64 = 20;
/// Groups named beside each person; how many more there are is said.
const GROUPS_NAMED: usize = 5;
/// Agents and groups that a person's page shows; the search finds the others.
const BESIDE: i64 = 20;
const INVITED: Place<'static> = Place {
    template: "invitation_made.html",
    title: "The invitation is made",
    section: "people",
};
const ONE: Place<'static> = Place {
    template: "person.html",
    title: "Person",
    section: "people",
};

/// `GET /people`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let form = json!({ "name": "", "email": "", "invited": "" });
    let details = details(&app, &visitor, &query, form, &Problems::new()).await?;
    visitor.show(&app, LIST, details)
}

async fn details(
    app: &App,
    visitor: &Visitor,
    query: &listing::Query,
    form: Value,
    problems: &Problems,
) -> Result<Value, Failure> {
    let (environment, now) = (&visitor.caller.environment, app.clock.now());
    let asked = Asked::of(&people::LIST, "/people", "", query, now);
    let page = people::page(&app.db, environment, &asked.wanted).await?;
    let shown: Vec<PersonId> = page.rows.iter().map(|it| it.id.clone()).collect();
    let mut groups_of: HashMap<PersonId, Vec<String>> = HashMap::new();
    for (person, group) in groups::names_of(&app.db, &shown).await? {
        groups_of.entry(person).or_default().push(group);
    }
    let of_house = openid::people_of(&app.db, environment, &shown).await?;
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|it| {
            let mut row = about(it);
            let groups = groups_of.remove(&it.id).unwrap_or_default();
            row["more_groups"] = json!(groups.len().saturating_sub(GROUPS_NAMED));
            row["groups"] = json!(groups.into_iter().take(GROUPS_NAMED).collect::<Vec<_>>());
            row["is_of_house"] = json!(of_house.contains(&it.id));
            row["is_me"] = json!(it.id == visitor.caller.person);
            row
        })
        .collect();
    let open = Asked::of(&invitations::LIST, "/people", "invited_", query, now).rows(INVITATIONS);
    let invited = invitations::page(&app.db, environment, &open.wanted).await?;
    let links: Vec<Value> = invited
        .rows
        .iter()
        .map(|it| json!({ "id": it.id, "email": it.email, "is_exact": it.is_exact, "role_name": role_name(Role::from_stored(&it.role)), "expires_at": it.expires_at }))
        .collect();
    Ok(json!({
        "people": rows, "list": asked.shown(&page), "invited": links, "invited_list": open.shown(&invited),
        "form": form, "problems": problems, "roles": grantable(visitor.caller.role),
    }))
}

/// The roles that somebody of `role` may give.
fn grantable(role: Role) -> Vec<Value> {
    [Role::Person, Role::Administrator, Role::Owner]
        .into_iter()
        .filter(|it| *it <= role)
        .map(|it| json!({ "id": it.as_str(), "name": role_name(it) }))
        .collect()
}

/// `POST /people/invitations`: answers with the link itself, this once.
pub(super) async fn invite(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let input = InvitationInput {
        email: fields.text("invited").to_owned(),
        is_exact: fields.is_set("exact"),
        role: Role::from_stored(fields.text("role")),
    };
    match admin::invite(&app, &visitor.caller, &input).await {
        Ok(link) => visitor.show(
            &app,
            INVITED,
            json!({ "link": link, "email": input.email, "is_exact": input.is_exact }),
        ),
        Err(Refused::Invalid(problems)) => {
            let problems = problems.into_values().map(|it| ("invited", it)).collect();
            let form = json!({ "name": "", "email": "", "invited": input.email });
            let details = details(&app, &visitor, &listing::Query::new(), form, &problems).await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, LIST, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /people/invitations/{id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    admin::withdraw_invitation(&app, &visitor.caller, &id).await?;
    Ok(page::redirect("/people?done=deleted"))
}

/// `POST /people/{id}/revoke-agents`
pub(super) async fn revoke_agents(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = PersonId(id);
    admin::revoke_person_grants(&app, &visitor.caller, &id).await?;
    Ok(page::redirect(&format!("/people/{id}?done=revoked")))
}

fn about(it: &Person) -> Value {
    json!({
        "id": it.id, "name": it.name, "initials": page::initials(&it.name), "email": it.email, "external_id": it.external_id, "role": it.role,
        "role_name": role_name(it.role()), "locked_at": it.locked_at, "created_at": it.created_at, "last_seen_at": it.last_seen_at,
        "tenant_id": it.tenant_id, "object_id": it.object_id, "has_password": it.password_hash.is_some(),
    })
}

/// `POST /people`: adds a local administrator.
pub(super) async fn add(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let (name, email) = (fields.text("name"), fields.text("email"));
    let added = match NewAdministrator::check(name, email, fields.exact("password")) {
        Ok(new) => admin::add_administrator(&app, &visitor.caller, &new).await,
        Err(problems) => Err(Refused::Invalid(problems)),
    };
    match added {
        Ok(_) => Ok(page::redirect("/people?done=person-added")),
        Err(Refused::Invalid(problems)) => {
            let form = json!({ "name": name, "email": email, "invited": "" });
            let details = details(&app, &visitor, &listing::Query::new(), form, &problems).await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, LIST, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /people/{id}`
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let (caller, now) = (&visitor.caller, app.clock.now());
    let person = admin::person(&app, caller, &id.into()).await?;
    let path = format!("/people/{}", person.id);
    let connections = connections::of_person(&app.db, &person.id).await?;
    let acting = Asked::of(&grants::LIST, &path, "agents_", &query, now).rows(BESIDE);
    let agents = grants::page(&app.db, &caller.environment, Whose::Person(&person.id), &acting.wanted).await?;
    let mut details = json!({
        "has_second_factor": admin::second_factor::is_needed(&app, &person.id).await?,
        "it": about(&person), "is_me": person.id == caller.person, "may_change": person.id != caller.person && person.role() <= caller.role,
        "roles": grantable(caller.role),
        "connections": connections.iter().map(|it| json!({ "account": it.account_username, "state": it.state, "used_at": it.used_at })).collect::<Vec<_>>(),
        "agents": agents.rows.iter().map(|it| json!({ "id": it.grant.id, "client": it.client_name, "used_at": it.grant.used_at })).collect::<Vec<_>>(),
        "agents_list": acting.shown(&agents),
        "sessions": sessions::count_of_person(&app.db, &person.id, now).await?,
    });
    for (name, prefix, is_member) in [("groups", "in_", true), ("others", "out_", false)] {
        let asked = Asked::of(&groups::LIST, &path, prefix, &query, now).rows(BESIDE);
        let page = groups::page_of_person(&app.db, &caller.environment, &person.id, is_member, &asked.wanted).await?;
        details[name] = page
            .rows
            .iter()
            .map(|it| json!({ "id": it.group.id, "name": it.group.name }))
            .collect();
        details[format!("{name}_list")] = asked.shown(&page);
    }
    visitor.show(
        &app,
        Place {
            title: &person.name,
            ..ONE
        },
        details,
    )
}

fn back(id: &PersonId) -> Response {
    page::redirect(&format!("/people/{id}?done=saved"))
}

/// `POST /people/{id}/role`
pub(super) async fn role(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let id = PersonId(id);
    let role = Role::from_stored(fields.text("role"));
    admin::save_role(&app, &visitor.caller, &id, role).await?;
    Ok(back(&id))
}

/// `POST /people/{id}/lock`
pub(super) async fn lock(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = PersonId(id);
    admin::save_locked(&app, &visitor.caller, &id, true).await?;
    Ok(back(&id))
}

/// `POST /people/{id}/unlock`
pub(super) async fn unlock(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = PersonId(id);
    admin::save_locked(&app, &visitor.caller, &id, false).await?;
    Ok(back(&id))
}

/// `POST /people/{id}/end-sessions`
pub(super) async fn end_sessions(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = PersonId(id);
    admin::end_sessions(&app, &visitor.caller, &id).await?;
    Ok(page::redirect(&format!("/people/{id}?done=sessions-ended")))
}

/// `POST /people/{id}/reset-second-factor`
pub(super) async fn reset_second_factor(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = PersonId(id);
    admin::second_factor::reset(&app, &visitor.caller, &id).await?;
    Ok(back(&id))
}
