//! From an `Authorization` header to a caller. A Microsoft token is never accepted, and there is no default caller.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::app::App;
use crate::caller::{Caller, ClientId, GroupId, PersonId, Role, ScopeSet, Through};
use crate::clock::Timestamp;
use crate::session;
use crate::store::api_keys::{self, Held};
use crate::store::environments::{self, Environment};
use crate::store::sessions::SignedIn;
use crate::store::{self, grants, groups, people, tokens};

/// What every access token of ours begins with.
pub const ACCESS_PREFIX: &str = "gp_at_";
/// What every API key begins with.
pub const KEY_PREFIX: &str = "gp_key_";
const LONGEST_TOKEN: usize = 256;
const USER_HEADER: &str = "gatepost-user";

/// The environment a request entered, and the resource (RFC 8707) tokens for it must name.
#[derive(Clone, Debug)]
pub struct Door {
    pub environment: Environment,
    pub resource: String,
}

/// Why there is no caller.
#[derive(Debug, thiserror::Error)]
pub enum AuthFailure {
    #[error("no token was sent")]
    Missing,
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The token is fine but the request is not.
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// The door of an environment's slug (`None`: the default one); `face` is `mcp` or `powerbi`.
pub async fn door(app: &App, slug: Option<&str>, face: &str) -> store::Result<Option<Door>> {
    let environment = match slug {
        Some(slug) => environments::find_by_slug(&app.db, slug).await?,
        None => environments::find_default(&app.db).await?,
    };
    Ok(environment.map(|environment| Door {
        resource: resource(app, slug, face),
        environment,
    }))
}

fn resource(app: &App, slug: Option<&str>, face: &str) -> String {
    match slug {
        Some(slug) => app.settings.url(&format!("/e/{slug}/{face}")),
        None => app.settings.url(&format!("/{face}")),
    }
}

/// The door a `resource` parameter names; `None` when it names none of ours.
pub async fn door_of(app: &App, named: &str) -> store::Result<Option<Door>> {
    let Some(path) = named.strip_prefix(&app.settings.public_url) else {
        return Ok(None);
    };
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        [face @ ("mcp" | "powerbi")] => door(app, None, face).await,
        ["e", slug, face @ ("mcp" | "powerbi")] => door(app, Some(slug), face).await,
        _ => Ok(None),
    }
}

/// Who sends this request, by access token or API key.
pub async fn authenticate(
    app: &App,
    door: &Door,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, AuthFailure> {
    let token = bearer(headers)?;
    let mut caller = if token.starts_with(KEY_PREFIX) {
        by_key(app, door, headers, token).await?
    } else if token.starts_with(ACCESS_PREFIX) {
        by_token(app, door, token).await?
    } else {
        return Err(AuthFailure::Invalid(
            "expected an access token or API key of this gateway",
        ));
    };
    caller.address = address;
    Ok(caller)
}

/// The one bearer token of a request (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Result<&str, AuthFailure> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = all.next() else {
        return Err(AuthFailure::Missing);
    };
    if all.next().is_some() {
        return Err(AuthFailure::Invalid("expected one Authorization header"));
    }
    let text = header
        .to_str()
        .map_err(|_| AuthFailure::Invalid("expected plain text"))?;
    let (scheme, token) = text
        .split_once(' ')
        .ok_or(AuthFailure::Invalid("expected `Bearer` and a token"))?;
    let token = token.trim();
    let is_token = token
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || b"-._~+/=".contains(&it));
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || LONGEST_TOKEN < token.len() || !is_token {
        return Err(AuthFailure::Invalid("expected `Bearer` and a token"));
    }
    Ok(token)
}

async fn by_token(app: &App, door: &Door, token: &str) -> Result<Caller, AuthFailure> {
    let hash = session::hash(token);
    let found = tokens::find(&app.db, &hash, "access")
        .await?
        .ok_or(AuthFailure::Invalid("it is unknown or was revoked"))?;
    let now = app.clock.now();
    if found.expires_at <= now {
        return Err(AuthFailure::Invalid("it has expired"));
    }
    if found.revoked_at.is_some() || found.person_locked_at.is_some() {
        return Err(AuthFailure::Invalid("it is unknown or was revoked"));
    }
    if found.client_locked_at.is_some() {
        return Err(AuthFailure::Invalid("an administrator has locked this client"));
    }
    if found.environment_id != door.environment.id || found.resource != door.resource {
        return Err(AuthFailure::Invalid("it was issued for another resource"));
    }
    if found.used_at.is_none() {
        tokens::mark_seen(&app.db, &hash, now).await?;
    }
    grants::touch(&app.db, &found.grant_id, found.grant_used_at, now).await?;
    people::touch(&app.db, &found.person_id, found.person_seen_at, now).await?;
    let scopes = found.holds();
    Ok(Caller {
        environment: found.environment_id,
        person: found.person_id,
        person_name: found.person_name,
        role: Role::from_stored(&found.person_role),
        groups: groups_of(found.person_groups.as_deref()),
        through: Through::Client {
            client: ClientId(found.client_id.0),
            name: found.client_name,
            grant: found.grant_id,
        },
        scopes,
        authenticated_at: found.authenticated_at,
        address: None,
        trace: app.clock.new_id(),
    })
}

/// The groups of a stored list of identifiers, in one order: what is kept for a caller is found again by them.
fn groups_of(list: Option<&str>) -> Vec<GroupId> {
    let mut groups: Vec<GroupId> = list.unwrap_or_default().split_whitespace().map(GroupId::from).collect();
    groups.sort();
    groups
}

async fn by_key(app: &App, door: &Door, headers: &HeaderMap, token: &str) -> Result<Caller, AuthFailure> {
    let held = api_keys::find_by_hash(&app.db, &session::hash(token))
        .await?
        .ok_or(AuthFailure::Invalid("it is unknown or was revoked"))?;
    let key = &held.key;
    let now = app.clock.now();
    if key.revoked_at.is_some() || key.expires_at.is_some_and(|it| it <= now) {
        return Err(AuthFailure::Invalid("it is unknown or was revoked"));
    }
    if key.environment_id != door.environment.id {
        return Err(AuthFailure::Invalid("it was issued for another environment"));
    }
    let whom = match &key.person_id {
        Some(person) => own_person(headers, person, &held)?,
        None if held.may_speak_for_others() => named_person(app, door, headers).await?,
        None => {
            return Err(AuthFailure::Invalid(
                "whoever made this application's key may not give such keys any more; an administrator makes a new one",
            ));
        }
    };
    if whom.locked_at.is_some() {
        return Err(AuthFailure::Invalid("its person is locked"));
    }
    let scopes = ScopeSet::held(&key.scopes, whom.role);
    api_keys::touch(&app.db, &key.id, key.used_at, now).await?;
    people::touch(&app.db, &whom.id, whom.seen_at, now).await?;
    Ok(Caller {
        environment: held.key.environment_id,
        person: whom.id,
        person_name: whom.name,
        role: whom.role,
        groups: whom.groups,
        through: Through::ApiKey {
            key: held.key.id,
            name: held.key.name,
        },
        scopes,
        // When its person was last here; policies do not count it, because a key proves nobody's presence.
        authenticated_at: held.key.created_at,
        address: None,
        trace: app.clock.new_id(),
    })
}

/// The person behind a key.
struct Whom {
    id: PersonId,
    name: String,
    role: Role,
    groups: Vec<GroupId>,
    locked_at: Option<Timestamp>,
    seen_at: Option<Timestamp>,
}

fn own_person(headers: &HeaderMap, person: &PersonId, held: &Held) -> Result<Whom, AuthFailure> {
    if headers.contains_key(USER_HEADER) {
        return Err(AuthFailure::BadRequest(
            "Gatepost-User is for an application's key; this key acts for one person".into(),
        ));
    }
    let (Some(name), Some(role)) = (&held.person_name, &held.person_role) else {
        return Err(AuthFailure::Invalid("it is unknown or was revoked"));
    };
    Ok(Whom {
        id: person.clone(),
        name: name.clone(),
        role: Role::from_stored(role),
        groups: groups_of(held.person_groups.as_deref()),
        locked_at: held.person_locked_at,
        seen_at: held.person_seen_at,
    })
}

/// An application names its end user; without a name there is no caller, never a stand-in.
async fn named_person(app: &App, door: &Door, headers: &HeaderMap) -> Result<Whom, AuthFailure> {
    let mut named = headers.get_all(USER_HEADER).iter();
    let (Some(user), None) = (named.next(), named.next()) else {
        return Err(AuthFailure::BadRequest(
            "this key is an application's; name its end user once in the header Gatepost-User".into(),
        ));
    };
    let user = user
        .to_str()
        .map_err(|_| AuthFailure::BadRequest("Gatepost-User must be plain text".into()))?
        .trim();
    let found = people::find_by_external_id(&app.db, &door.environment.id, user).await?;
    let unknown = || AuthFailure::BadRequest("no person of this environment has this Gatepost-User".into());
    let person = found.ok_or_else(unknown)?;
    Ok(Whom {
        groups: groups::of_person(&app.db, &person.id).await?,
        role: person.role(),
        id: person.id,
        name: person.name,
        locked_at: person.locked_at,
        seen_at: person.last_seen_at,
    })
}

/// A signed-in browser as a caller of its own environment.
pub async fn caller_of_session(app: &App, signed_in: &SignedIn, address: Option<IpAddr>) -> store::Result<Caller> {
    Ok(Caller {
        environment: signed_in.environment_id.clone(),
        person: signed_in.session.person_id.clone(),
        person_name: signed_in.name.clone(),
        role: Role::from_stored(&signed_in.role),
        groups: groups::of_person(&app.db, &signed_in.session.person_id).await?,
        through: Through::Portal,
        scopes: ScopeSet::all().within(Role::from_stored(&signed_in.role)),
        authenticated_at: signed_in.session.authenticated_at,
        address,
        trace: app.clock.new_id(),
    })
}
