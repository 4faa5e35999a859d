//! API keys: made once, shown once, never wider than their maker's own rights.

use serde_json::json;

use super::{Problems, Refused, check_name, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{ApiKeyId, Caller, Scope, ScopeSet};
use crate::session;
use crate::store::api_keys::{self, ApiKey};

const DAY_S: i64 = 24 * 3600;
const MOST_DAYS: i64 = 366 * 2;

/// What the form of a key holds.
#[derive(Clone, Debug)]
pub struct KeyInput {
    pub name: String,
    /// Whether the key is an application's, which names a person on each call, instead of the maker's own.
    pub is_application: bool,
    pub scopes: ScopeSet,
    /// Days until it ends; `None` for a key without an end.
    pub days: Option<i64>,
}

/// A fresh key. Its text exists here and in the answer, nowhere else.
#[derive(Clone)]
pub struct NewKey {
    pub id: ApiKeyId,
    pub key: secrecy::SecretString,
}

/// Makes a key.
///
/// Invariant: a key allows nothing its maker may not grant (administrator operations, acting for others).
pub async fn create(app: &App, caller: &Caller, input: &KeyInput) -> Result<NewKey, Refused> {
    let wants_more = input.is_application || input.scopes.allows(Scope::Admin);
    if (wants_more && !caller.role.may_manage()) || !caller.scopes.covers(&input.scopes) {
        return Err(Refused::NotAllowed);
    }
    check(input)?;
    let text = format!("gp_key_{}", app.clock.random().token());
    let now = app.clock.now();
    let row = ApiKey {
        id: app.clock.new_id().into(),
        environment_id: caller.environment.clone(),
        name: input.name.clone(),
        hash: session::hash(&text),
        hint: text[text.len() - 4..].to_owned(),
        person_id: (!input.is_application).then(|| caller.person.clone()),
        scopes: input.scopes.to_string(),
        created_by: Some(caller.person.0.clone()),
        created_at: now,
        expires_at: input.days.map(|it| now.plus_seconds(it * DAY_S)),
        used_at: None,
        revoked_at: None,
    };
    api_keys::create(&app.db, &row).await?;
    let details = json!({
        "key": row.id, "name": row.name, "hint": row.hint, "scopes": row.scopes, "application": input.is_application, "expires_at": row.expires_at,
    });
    app.audit.append(Entry::of("api_key.created", caller, details)).await?;
    Ok(NewKey {
        id: row.id,
        key: text.into(),
    })
}

fn check(input: &KeyInput) -> Result<(), Refused> {
    let mut problems = Problems::new();
    check_name(&mut problems, "name", &input.name);
    if input.scopes.is_empty() {
        problems.insert("scopes", "expected at least one".to_owned());
    }
    if input.scopes.iter().any(|it| it == Scope::OfflineAccess) {
        problems.insert("scopes", "a key needs no offline_access".to_owned());
    }
    if input.days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        problems.insert("days", format!("expected 1 to {MOST_DAYS} days"));
    }
    sound(problems)
}

/// Revokes a key: one's own, or as an administrator any of the environment. Effective on its next use.
pub async fn revoke(app: &App, caller: &Caller, id: &ApiKeyId) -> Result<(), Refused> {
    let mine = |it: &ApiKey| caller.role.may_manage() || it.person_id.as_ref() == Some(&caller.person);
    let key = api_keys::find(&app.db, &caller.environment, id)
        .await?
        .filter(mine)
        .ok_or(Refused::NotFound)?;
    if !api_keys::revoke(&app.db, &caller.environment, id, app.clock.now()).await? {
        return Err(Refused::Conflict("this key was revoked before".into()));
    }
    let details = json!({ "key": id, "name": key.name, "hint": key.hint });
    app.audit.append(Entry::of("api_key.revoked", caller, details)).await?;
    Ok(())
}
