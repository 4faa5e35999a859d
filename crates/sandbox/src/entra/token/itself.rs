//! Client credentials: an application that acts on its own.

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::scopes::Ask;
use crate::entra::scopes::Wanted;
use crate::entra::tenant::TenantPath;
use crate::entra::token::Granted;
use crate::entra::token::Holder;

/// Grants an application a token of its own; roles are not needed to get one.
pub(super) fn grant(
    sandbox: &Sandbox,
    directory: &mut Directory,
    tenant: &TenantPath,
    application: &Application,
    exchange: &Exchange,
) -> Result<Granted, Failure> {
    let tid = match tenant {
        TenantPath::One(tid) => tid.clone(),
        TenantPath::Organizations => return Err(Failure::new(50059)),
        TenantPath::Common | TenantPath::Consumers => return Err(Failure::new(9001023)),
    };
    if application.secrets.is_empty() && application.certificates.is_empty() {
        return Err(Failure::new(7000218));
    }
    let scope = exchange
        .asked
        .form("scope")
        .ok_or_else(|| Failure::about(900144, "scope"))?;
    let wanted = Wanted::read(scope)?;
    let [(resource, Ask::Default)] = wanted.resources[..] else {
        return Err(Failure::new(1002012));
    };
    Ok(Granted {
        holder: Holder::Application {
            oid: directory.principal_oid(sandbox, application, &tid),
        },
        client_id: application.client_id.clone(),
        tid,
        resource,
        scopes: application.roles.clone(),
        wanted: Wanted::default(),
        is_default: true,
        nonce: None,
        refresh_token: None,
    })
}
