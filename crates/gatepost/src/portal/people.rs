//! People of the environment: roles, locking, sessions, local administrators.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::navigation::role_name;
use super::visitor::{Place, Visitor};
use crate::admin::{self, InvitationInput, NewAdministrator, Problems, Refused};
use crate::app::App;
use crate::caller::{GroupId, PersonId, Role};
use crate::page::{self, Fields, Leaving};
use crate::store::people::Person;
use crate::store::{connections, grants, groups, invitations, openid, people, sessions};

const LIST: Place<'static> = Place {
    template: "people.html",
    title: "People",
    section: "people",
};
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
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let details = details(
        &app,
        &visitor,
        json!({ "name": "", "email": "", "invited": "" }),
        &Problems::new(),
    )
    .await?;
    visitor.show(&app, LIST, details)
}

async fn details(app: &App, visitor: &Visitor, form: Value, problems: &Problems) -> Result<Value, Failure> {
    let environment = &visitor.caller.environment;
    let all = people::list(&app.db, environment, ("", "")).await?;
    let names: HashMap<GroupId, String> = groups::list(&app.db, environment)
        .await?
        .into_iter()
        .map(|it| (it.id, it.name))
        .collect();
    let mut groups_of: HashMap<PersonId, Vec<String>> = HashMap::new();
    for (group, person) in groups::memberships(&app.db, environment).await? {
        groups_of.entry(person).or_default().extend(names.get(&group).cloned());
    }
    let of_house = openid::people(&app.db, environment).await?;
    let rows: Vec<Value> = all
        .iter()
        .map(|it| {
            let mut row = about(it);
            row["groups"] = json!(groups_of.get(&it.id).cloned().unwrap_or_default());
            row["is_of_house"] = json!(of_house.contains(&it.id));
            row["is_me"] = json!(it.id == visitor.caller.person);
            row
        })
        .collect();
    let open = invitations::list(&app.db, environment, app.clock.now()).await?;
    let invited: Vec<Value> = open
        .iter()
        .map(|it| json!({ "id": it.id, "email": it.email, "is_exact": it.is_exact, "role_name": role_name(Role::from_stored(&it.role)), "expires_at": it.expires_at }))
        .collect();
    Ok(
        json!({ "people": rows, "form": form, "problems": problems, "invited": invited, "roles": grantable(visitor.caller.role) }),
    )
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
            let details = details(&app, &visitor, form, &problems).await?;
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
            let details = details(
                &app,
                &visitor,
                json!({ "name": name, "email": email, "invited": "" }),
                &problems,
            )
            .await?;
            visitor.show_as(&app, StatusCode::UNPROCESSABLE_ENTITY, &Leaving::Stays, LIST, details)
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /people/{id}`
pub(super) async fn one(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let person = admin::person(&app, caller, &id.into()).await?;
    let member: Vec<GroupId> = groups::of_person(&app.db, &person.id).await?;
    let groups = groups::list(&app.db, &caller.environment).await?;
    let connections = connections::of_person(&app.db, &person.id).await?;
    let agents = grants::of_person(&app.db, &person.id).await?;
    let roles = grantable(caller.role);
    let details = json!({
        "has_second_factor": admin::second_factor::is_needed(&app, &person.id).await?,
        "it": about(&person), "is_me": person.id == caller.person, "may_change": person.id != caller.person && person.role() <= caller.role,
        "roles": roles,
        "groups": groups.iter().map(|it| json!({ "id": it.id, "name": it.name, "is_member": member.contains(&it.id) })).collect::<Vec<_>>(),
        "connections": connections.iter().map(|it| json!({ "account": it.account_username, "state": it.state, "used_at": it.used_at })).collect::<Vec<_>>(),
        "agents": agents.iter().map(|it| json!({ "id": it.grant.id, "client": it.client_name, "used_at": it.grant.used_at })).collect::<Vec<_>>(),
        "sessions": sessions::of_person(&app.db, &person.id).await?.iter().filter(|it| app.clock.now() < it.expires_at).count(),
    });
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
