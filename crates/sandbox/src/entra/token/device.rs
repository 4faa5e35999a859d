//! Redeeming a device code, once its person has signed in.

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::consent::scopes_for_token;
use crate::entra::device::Outcome;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::scopes::Ask;
use crate::entra::tenant::TenantPath;
use crate::entra::token::Granted;
use crate::entra::token::Holder;
use crate::entra::token::holder;
use crate::entra::token::refresh;

/// Redeems the device code of a request, or says what it waits for.
pub(super) fn redeem(
    sandbox: &Sandbox,
    directory: &mut Directory,
    tenant: &TenantPath,
    application: &Application,
    exchange: &Exchange,
) -> Result<Granted, Failure> {
    let text = exchange
        .asked
        .form("device_code")
        .ok_or_else(|| Failure::about(900144, "device_code"))?;
    let code = directory
        .device_codes
        .get(text)
        .cloned()
        .ok_or_else(|| Failure::new(70018))?;
    if code.client_id != application.client_id {
        return Err(Failure::new(70000));
    }
    if code.tenant != *tenant {
        return Err(Failure::new(700005));
    }
    if code.ends_ms <= sandbox.clock().now_ms() {
        return Err(Failure::new(70020));
    }
    let sign_in = match code.outcome {
        Outcome::Pending => return Err(Failure::new(70016)),
        Outcome::Declined => return Err(Failure::new(70021)),
        Outcome::SignedIn(sign_in) => *sign_in,
    };
    let (person, oid) = holder(directory, &sign_in, &sign_in.tid)?;
    let (resource, ask) = code.wanted.first();
    let granted = directory.consents.granted(&application.client_id, &sign_in.tid, &oid);
    let scopes = scopes_for_token(&granted, resource, &ask)?;
    directory.device_codes.remove(text);
    let family = sandbox.new_id();
    let refresh_token = code
        .wanted
        .offline
        .then(|| refresh::issue(sandbox, directory, &sign_in, &family));
    Ok(Granted {
        client_id: application.client_id.clone(),
        tid: sign_in.tid.clone(),
        resource,
        scopes,
        is_default: ask == Ask::Default,
        wanted: code.wanted,
        nonce: None,
        refresh_token,
        holder: Holder::Person(person),
    })
}
