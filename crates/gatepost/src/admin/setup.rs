//! The first start: a one-time link, and the owner who opens it.

use serde_json::json;

use super::throttle::Guess;
use super::{Password, Problems, Refused, check_email, check_name};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{EnvironmentId, PersonId, PolicyId, Role};
use crate::connections::Admission;
use crate::policy::{Form, Policies, Source};
use crate::session;
use crate::store::environments::{self, Environment};
use crate::store::people::{self, Person};
use crate::store::policies::{self, Policy};
use crate::store::{self, settings};

const TOKEN: &str = "setup_token";

/// Who becomes the owner.
#[derive(Clone, Debug)]
pub struct FirstOwner {
    pub name: String,
    pub email: String,
    pub password: Password,
}

/// What the set-up made.
#[derive(Clone, Debug)]
pub struct Done {
    pub environment: EnvironmentId,
    pub owner: PersonId,
}

impl FirstOwner {
    /// Takes what was typed, or says what is wrong with it.
    pub fn check(name: &str, email: &str, password: &str, again: &str) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        check_name(&mut problems, "name", name);
        check_email(&mut problems, "email", email);
        let password = Password::check(password, Some(again), &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            name: name.to_owned(),
            email: email.to_owned(),
            password,
        })
    }
}

/// The link for the first administrator, made anew at each start until somebody used one; `None` when set-up is over.
pub async fn link(app: &App) -> store::Result<Option<String>> {
    if !is_open(app).await? {
        return Ok(None);
    }
    let token = app.clock.random().token();
    settings::save(&app.db, TOKEN, &stored(&token)).await?;
    Ok(Some(app.settings.url(&format!("/setup?token={token}"))))
}

/// Whether nobody has set this gateway up yet.
pub async fn is_open(app: &App) -> store::Result<bool> {
    Ok(environments::find_default(&app.db).await?.is_none() && people::count_owners(&app.db).await? == 0)
}

/// Whether `token` is the one of the present link; the guess is the proof that it was counted.
pub async fn holds(app: &App, _counted: &Guess, token: &str) -> store::Result<bool> {
    Ok(is_open(app).await?
        && settings::find(&app.db, TOKEN)
            .await?
            .is_some_and(|it| it == stored(token)))
}

/// Sets the gateway up by its link.
///
/// Invariant: of any number of simultaneous posts with the right token exactly one comes through, and none afterwards.
pub async fn by_link(app: &App, counted: &Guess, token: &str, owner: &FirstOwner) -> Result<Done, Refused> {
    if !holds(app, counted, token).await? {
        return Err(Refused::NotFound);
    }
    let password_hash = owner.password.hash(&app.clock).await;
    if !settings::take(&app.db, TOKEN, &stored(token)).await? {
        return Err(Refused::NotFound);
    }
    match create(app, owner, password_hash).await {
        Err(error @ Refused::Store(store::Error::Database(_))) => {
            // Nothing was made, so the person may try once more with the same link.
            settings::create(&app.db, TOKEN, &stored(token)).await?;
            Err(error)
        }
        other => other,
    }
}

/// Sets the gateway up without a link; for a program on this machine, such as the demo.
pub async fn first_owner(app: &App, owner: &FirstOwner) -> Result<Done, Refused> {
    let password_hash = owner.password.hash(&app.clock).await;
    let done = create(app, owner, password_hash).await?;
    if let Some(token) = settings::find(&app.db, TOKEN).await? {
        settings::take(&app.db, TOKEN, &token).await?;
    }
    Ok(done)
}

async fn create(app: &App, owner: &FirstOwner, password_hash: String) -> Result<Done, Refused> {
    let now = app.clock.now();
    let environment = Environment {
        id: app.clock.new_id().into(),
        slug: "production".into(),
        name: "Production".into(),
        is_default: true,
        admission: serde_json::to_string(&Admission::default()).expect("an admission is plain data"),
        policy_version: 1,
        created_at: now,
    };
    let person = Person {
        id: app.clock.new_id().into(),
        environment_id: environment.id.clone(),
        name: owner.name.clone(),
        email: Some(owner.email.clone()),
        external_id: None,
        role: Role::Owner.as_str().into(),
        password_hash: Some(password_hash),
        tenant_id: None,
        object_id: None,
        locked_at: None,
        created_at: now,
        last_seen_at: None,
    };
    let mut tx = app.db.begin().await?;
    // The unique index on the default environment decides a race.
    environments::create(&mut tx, &environment).await.map_err(taken)?;
    people::create_within(&mut tx, &person).await.map_err(taken)?;
    for policy in default_policies(app, &environment.id) {
        policies::save(&mut tx, &policy).await?;
    }
    tx.commit().await.map_err(taken)?;
    let done = Done {
        environment: environment.id,
        owner: person.id,
    };
    let details = json!({ "environment_name": environment.name, "person_name": person.name, "role": person.role });
    let (environment, person) = (Some(done.environment.clone()), Some(done.owner.clone()));
    app.audit
        .append(Entry {
            kind: "setup.completed",
            environment,
            person,
            trace: app.clock.new_id(),
            details,
        })
        .await?;
    Ok(done)
}

/// The policies a new environment starts with.
fn default_policies(app: &App, environment: &EnvironmentId) -> Vec<Policy> {
    let now = app.clock.now();
    // A millisecond apart, so that lists by age keep them in this order.
    let policy = |(form, at): (Form, i64)| Policy {
        id: PolicyId(app.clock.new_id()),
        environment_id: environment.clone(),
        name: form.name.clone(),
        enabled: form.enabled,
        source: serde_json::to_string(&Source::Form(form)).expect("a form is plain data"),
        created_at: now.plus_ms(at),
        updated_at: now,
        updated_by: None,
    };
    Policies::defaults().into_iter().zip(0..).map(policy).collect()
}

fn taken(error: store::Error) -> Refused {
    match error {
        store::Error::Taken => Refused::Conflict("this gateway is set up already".into()),
        other => other.into(),
    }
}

/// Only the SHA-256 of the link's token is stored.
fn stored(token: &str) -> String {
    session::hash(token).iter().map(|it| format!("{it:02x}")).collect()
}
