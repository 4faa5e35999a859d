//! Renewing: a refresh token becomes new tokens, by Microsoft's forgiving rules or by strict ones.

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::applications::Platform;
use crate::entra::consent::scopes_for_token;
use crate::entra::directory::RefreshMode;
use crate::entra::directory::RefreshToken;
use crate::entra::directory::SignIn;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::scopes::Ask;
use crate::entra::tenant::TenantPath;
use crate::entra::token::Granted;
use crate::entra::token::Holder;
use crate::entra::token::holder;
use crate::entra::token::wanted;
use crate::ledger::fingerprint;

const PREFIX: &str = "1.sbxr.";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const IDLE_MS: i64 = 90 * DAY_MS;

/// Renews by the refresh token of a request.
pub(super) fn renew(
    sandbox: &Sandbox,
    directory: &mut Directory,
    tenant: &TenantPath,
    application: &Application,
    exchange: &Exchange,
) -> Result<Granted, Failure> {
    let text = exchange
        .asked
        .form("refresh_token")
        .ok_or_else(|| Failure::about(900144, "refresh_token"))?;
    let mark = fingerprint(text);
    let unknown = || Failure::new(if text.starts_with(PREFIX) { 70000 } else { 9002313 });
    let token = directory.refresh_tokens.get(&mark).cloned().ok_or_else(unknown)?;
    let now_ms = sandbox.clock().now_ms();
    check(directory, application, &token, now_ms)?;
    let tid = tenant.one().unwrap_or(&token.sign_in.tid).to_owned();
    let (person, oid) = holder(directory, &token.sign_in, &tid)?;
    if !application.admits(&person, &tid) {
        return Err(Failure::new(50105).with_error("invalid_grant"));
    }
    let wanted = wanted(exchange, &token.sign_in.wanted)?;
    let (resource, ask) = wanted.first();
    let granted = directory.consents.granted(&application.client_id, &tid, &oid);
    let scopes = scopes_for_token(&granted, resource, &ask)?;
    if let Some(kept) = directory.refresh_tokens.get_mut(&mark) {
        kept.last_used_ms = now_ms;
        kept.is_used = wanted.offline;
    }
    let sign_in = SignIn {
        tid: tid.clone(),
        ..token.sign_in
    };
    let refresh_token = wanted
        .offline
        .then(|| issue(sandbox, directory, &sign_in, &token.family));
    Ok(Granted {
        client_id: application.client_id.clone(),
        tid,
        resource,
        scopes,
        is_default: ask == Ask::Default,
        wanted,
        nonce: None,
        refresh_token,
        holder: Holder::Person(person),
    })
}

/// Makes a refresh token of `family` and keeps it by its fingerprint.
pub(super) fn issue(sandbox: &Sandbox, directory: &mut Directory, sign_in: &SignIn, family: &str) -> String {
    // As long as Microsoft's, so that whoever stores them meets the size here.
    const RANDOM_BYTES: usize = 900;
    let text = sandbox.new_token(PREFIX, RANDOM_BYTES);
    let token = RefreshToken {
        sign_in: sign_in.clone(),
        family: family.to_owned(),
        last_used_ms: sandbox.clock().now_ms(),
        is_used: false,
        is_revoked: false,
    };
    directory.refresh_tokens.insert(fingerprint(&text), token);
    text
}

fn check(
    directory: &mut Directory,
    application: &Application,
    token: &RefreshToken,
    now_ms: i64,
) -> Result<(), Failure> {
    if token.sign_in.client_id != application.client_id {
        return Err(Failure::new(70000));
    }
    if token.is_revoked {
        return Err(Failure::new(50173));
    }
    if token.is_used && directory.refresh_mode == RefreshMode::Strict {
        directory.end_family(&token.family);
        return Err(Failure::new(70000));
    }
    if token.sign_in.platform == Platform::Spa && token.sign_in.signed_in_ms + DAY_MS <= now_ms {
        return Err(Failure::new(700084));
    }
    if token.last_used_ms + IDLE_MS <= now_ms {
        return Err(Failure::new(700082));
    }
    Ok(())
}
