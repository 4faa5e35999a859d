//! Refresh tokens: each use gives a new one; a lost answer is given again; a used one that comes back ends the family.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::OauthError;
use super::form::Parameters;
use super::grant::fingerprint;
use super::token::still_allowed;
use super::{REFRESH_PREFIX, revoke};
use crate::app::App;
use crate::call::ACCESS_PREFIX;
use crate::caller::{Role, ScopeSet};
use crate::store::clients::Client;
use crate::store::connections::{self, State};
use crate::store::tokens::{self, Found, Token};
use crate::store::{self, Tx, grants};

/// An access token with its refresh token.
#[derive(Debug)]
pub(super) struct Pair {
    pub access: String,
    pub refresh: String,
    /// What was given, and comes back with the role that may hold it.
    pub scopes: String,
    /// What the pair holds now.
    pub holds: ScopeSet,
}

/// A pair nobody can foresee.
pub(super) fn fresh(app: &App, found: &Found) -> Pair {
    let random = app.clock.random();
    Pair {
        access: format!("{ACCESS_PREFIX}{}", random.token()),
        refresh: format!("{REFRESH_PREFIX}{}", random.token()),
        scopes: found.scopes.clone(),
        holds: found.holds(),
    }
}

/// The pair that follows a refresh token: always the same one, so that an answer that got lost can be given again although
/// only hashes are stored. Without the vault's key nobody can foresee it.
fn following(app: &App, presented: &str, scopes: &str, role: Role) -> Pair {
    let token = |kind: &str| {
        let message = [presented, scopes, kind].join("\n");
        URL_SAFE_NO_PAD.encode(app.vault.mac("token that follows", message.as_bytes()))
    };
    Pair {
        access: format!("{ACCESS_PREFIX}{}", token("access")),
        refresh: format!("{REFRESH_PREFIX}{}", token("refresh")),
        scopes: scopes.to_owned(),
        holds: ScopeSet::held(scopes, role),
    }
}

/// The refresh grant (OAuth 2.1 §4.3).
pub(super) async fn rotate(app: &App, client: &Client, form: &Parameters) -> Result<Pair, OauthError> {
    let presented = form.need("refresh_token")?;
    let hash = fingerprint(presented);
    let found = tokens::find(&app.db, &hash, "refresh").await?;
    let found = found
        .filter(|it| it.client_id == client.id)
        .ok_or(OauthError::InvalidGrant("the refresh token is unknown or over"))?;
    if form.find("resource").is_some_and(|it| it != found.resource) {
        return Err(OauthError::InvalidTarget);
    }
    still_allowed(app, &found)?;
    let scopes = narrowed(form.find("scope"), &found)?;
    grant_at_microsoft_lives(app, &found).await?;
    let pair = following(app, presented, &scopes, Role::from_stored(&found.person_role));
    let mut tx = app.db.begin().await?;
    // The row is locked until the commit, so of many uses of one token each sees what the one before it did.
    let used = tokens::lock(&mut tx, &hash)
        .await?
        .ok_or(OauthError::InvalidGrant("the refresh token is unknown or over"))?;
    if used {
        let (successors, successor_used) = tokens::successors(&mut tx, &hash).await?;
        if successor_used {
            drop(tx);
            revoke::revoke_grant(app, &found, "refresh_reuse").await?;
            return Err(OauthError::InvalidGrant("the refresh token was already used"));
        }
        if successors.iter().any(|it| it[..] == fingerprint(&pair.refresh)) {
            return Ok(pair);
        }
        // Asked for other scopes, or the vault's key has changed: the unused successors give way.
        for successor in &successors {
            tokens::delete(&mut tx, successor).await?;
        }
    }
    tokens::mark_used(&mut tx, &hash, app.clock.now()).await?;
    let pair = store_pair(app, &mut tx, &found, &hash, pair).await?;
    tx.commit().await?;
    grants::touch(&app.db, &found.grant_id, found.grant_used_at, app.clock.now()).await?;
    Ok(pair)
}

/// A refresh may ask for less than was granted, never for more (OAuth 2.1 §4.3.1).
fn narrowed(asked: Option<&str>, found: &Found) -> Result<String, OauthError> {
    let Some(asked) = asked else {
        return Ok(found.scopes.clone());
    };
    let wanted = ScopeSet::parse(asked).map_err(|_| OauthError::InvalidScope)?;
    if wanted.is_empty() || !ScopeSet::from_stored(&found.grant_scopes).covers(&wanted) {
        return Err(OauthError::InvalidScope);
    }
    Ok(wanted.to_string())
}

/// When Microsoft's grant is dead the client must run the sign-in again, which passes Microsoft; so its refresh fails too.
async fn grant_at_microsoft_lives(app: &App, found: &Found) -> Result<(), OauthError> {
    let Some(grant) = grants::find(&app.db, &found.grant_id).await? else {
        return Err(OauthError::InvalidGrant("the consent was withdrawn"));
    };
    let connection = connections::find_of(&app.db, &found.person_id, &grant.grant.integration_id).await?;
    match connection.map(|it| it.state()) {
        Some(State::Connected | State::Degraded) => Ok(()),
        _ => Err(OauthError::InvalidGrant(
            "the connection to Microsoft has ended; sign in again",
        )),
    }
}

/// Stores a pair as following `parent`.
pub(super) async fn store_pair(
    app: &App,
    tx: &mut Tx,
    found: &Found,
    parent: &[u8],
    pair: Pair,
) -> store::Result<Pair> {
    let now = app.clock.now();
    let lifetimes_s = [
        ("access", &pair.access, app.settings.access_token_minutes * 60),
        ("refresh", &pair.refresh, app.settings.refresh_token_days * 24 * 3600),
    ];
    for (kind, token, lifetime_s) in lifetimes_s {
        let token = Token {
            hash: fingerprint(token),
            kind,
            grant_id: found.grant_id.clone(),
            scopes: pair.scopes.clone(),
            redirect_uri: None,
            code_challenge: None,
            parent_hash: Some(parent.to_vec()),
            created_at: now,
            expires_at: now.plus_seconds(lifetime_s),
        };
        tokens::create(tx, &token).await?;
    }
    Ok(pair)
}
