//! Redeeming an authorization code.

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::digest::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::applications::Platform;
use crate::entra::consent::scopes_for_token;
use crate::entra::directory::Code;
use crate::entra::directory::RefreshMode;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::scopes::Ask;
use crate::entra::scopes::Wanted;
use crate::entra::tenant::TenantPath;
use crate::entra::token::Granted;
use crate::entra::token::Holder;
use crate::entra::token::holder;
use crate::entra::token::refresh;
use crate::entra::token::wanted;

const LIFE_MS: i64 = 10 * 60 * 1000;

/// Redeems the code of a request.
pub(super) fn redeem(
    sandbox: &Sandbox,
    directory: &mut Directory,
    tenant: &TenantPath,
    application: &Application,
    exchange: &Exchange,
) -> Result<Granted, Failure> {
    let text = exchange
        .asked
        .form("code")
        .ok_or_else(|| Failure::about(900144, "code"))?;
    let code = check(sandbox, directory, tenant, application, exchange, text)?;
    let sign_in = code.sign_in;
    let (person, oid) = holder(directory, &sign_in, &sign_in.tid)?;
    let wanted = wanted(exchange, &sign_in.wanted)?;
    let (resource, ask) = wanted.first();
    let granted = directory.consents.granted(&application.client_id, &sign_in.tid, &oid);
    let scopes = scopes_for_token(&granted, resource, &ask)?;
    let family = sandbox.new_id();
    if let Some(kept) = directory.codes.get_mut(text) {
        kept.redeemed = Some(family.clone());
    }
    // What the person agreed to is what was asked for while signing in.
    let offline = sign_in.wanted.offline && (exchange.asked.form("scope").is_none() || wanted.offline);
    let refresh_token = offline.then(|| refresh::issue(sandbox, directory, &sign_in, &family));
    Ok(Granted {
        client_id: application.client_id.clone(),
        tid: sign_in.tid.clone(),
        resource,
        scopes,
        is_default: ask == Ask::Default,
        // The id token belongs to the sign-in, whatever the token is for.
        wanted: Wanted {
            openid: sign_in.wanted.openid,
            profile: sign_in.wanted.profile,
            email: sign_in.wanted.email,
            ..wanted
        },
        nonce: code.nonce,
        refresh_token,
        holder: Holder::Person(person),
    })
}

fn check(
    sandbox: &Sandbox,
    directory: &mut Directory,
    tenant: &TenantPath,
    application: &Application,
    exchange: &Exchange,
    text: &str,
) -> Result<Code, Failure> {
    let unknown = || Failure::new(if text.starts_with("1.sbxc.") { 70000 } else { 9002313 });
    let code = directory.codes.get(text).cloned().ok_or_else(unknown)?;
    if code.sign_in.client_id != application.client_id {
        return Err(Failure::new(70000));
    }
    if let Some(family) = &code.redeemed {
        if directory.refresh_mode == RefreshMode::Strict {
            // RFC 6749 §4.1.2: a code used twice ends what it gave.
            directory.end_family(family);
        }
        return Err(Failure::new(54005));
    }
    if code.made_ms + LIFE_MS <= sandbox.clock().now_ms() {
        return Err(Failure::new(70008));
    }
    if code.tenant_path != *tenant {
        return Err(Failure::new(700005));
    }
    let redirect_uri = exchange
        .asked
        .form("redirect_uri")
        .ok_or_else(|| Failure::about(900144, "redirect_uri"))?;
    if redirect_uri != code.redirect_uri {
        return Err(Failure::new(500112));
    }
    check_verifier(&code, exchange.asked.form("code_verifier"))?;
    Ok(code)
}

fn check_verifier(code: &Code, verifier: Option<&str>) -> Result<(), Failure> {
    let Some(challenge) = &code.challenge else {
        let needs_one = code.sign_in.platform == Platform::Spa;
        return if needs_one { Err(Failure::new(9002325)) } else { Ok(()) };
    };
    let verifier = verifier
        .filter(|text| (43..=128).contains(&text.len()))
        .ok_or_else(|| Failure::new(501481))?;
    let shown = match challenge.is_s256 {
        true => URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
        false => verifier.to_owned(),
    };
    if shown == challenge.value {
        Ok(())
    } else {
        Err(Failure::new(501481))
    }
}
