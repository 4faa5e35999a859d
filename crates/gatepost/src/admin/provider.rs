//! Entering the house's OpenID Connect provider, by which people of an environment sign in.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Problems, Refused, check_name, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::openid::{OpenIdProblem, Registration};
use crate::store::openid::{self, Provider};
use crate::vault::{OpenError, Place};

const LONGEST: usize = 1000;

/// What the form of a provider holds.
#[derive(Clone, Debug, Default)]
pub struct ProviderInput {
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// Empty keeps the secret that is stored.
    pub secret: SecretString,
}

/// Enters the environment's provider, or changes it; its addresses are read from its description now and kept.
pub async fn save(app: &App, caller: &Caller, input: &ProviderInput) -> Result<(), Refused> {
    manages(caller)?;
    let stored = openid::find_of(&app.db, &caller.environment).await?;
    check(input, stored.as_ref())?;
    let addresses = app.openid.discover(&input.issuer).await.map_err(problem)?;
    let now = app.clock.now();
    let id = stored.as_ref().map_or_else(|| app.clock.new_id(), |it| it.id.clone());
    let typed = input.secret.expose_secret().trim();
    let secret_sealed = match stored.as_ref().filter(|_| typed.is_empty()) {
        Some(it) => it.secret_sealed.clone(),
        None => app.vault.seal_text(secret_place(&id, &caller.environment.0), typed),
    };
    let row = Provider {
        id,
        environment_id: caller.environment.clone(),
        name: input.name.clone(),
        issuer: input.issuer.clone(),
        client_id: input.client_id.clone(),
        secret_sealed,
        addresses: serde_json::to_string(&addresses).expect("addresses are plain data"),
        created_at: stored.map_or(now, |it| it.created_at),
        updated_at: now,
    };
    openid::save(&app.db, &row).await?;
    let details = json!({
        "provider": row.id, "name": row.name, "issuer": row.issuer, "client_id": row.client_id, "addresses": addresses,
        "new_secret": !typed.is_empty(),
    });
    app.audit
        .append(Entry::of("sign_in_provider.saved", caller, details))
        .await?;
    Ok(())
}

fn problem(problem: OpenIdProblem) -> Refused {
    Refused::Invalid(Problems::from([("issuer", problem.to_string())]))
}

fn check(input: &ProviderInput, stored: Option<&Provider>) -> Result<(), Refused> {
    let mut problems = Problems::new();
    check_name(&mut problems, "provider_name", &input.name);
    let is_plain = |it: &str| !it.is_empty() && it.len() <= LONGEST && !it.chars().any(|c| c.is_control() || c == ' ');
    if !is_plain(&input.client_id) {
        problems.insert(
            "provider_client_id",
            "expected the client id that the provider gave this gateway".to_owned(),
        );
    }
    let typed = input.secret.expose_secret().trim();
    // Invariant: a stored secret is sent only to the provider it was entered for.
    let is_elsewhere = stored.is_some_and(|it| it.issuer != input.issuer);
    if typed.is_empty() && (stored.is_none() || is_elsewhere) {
        problems.insert("provider_secret", "expected the client secret".to_owned());
    } else if LONGEST < typed.len() {
        problems.insert("provider_secret", format!("expected at most {LONGEST} bytes"));
    }
    sound(problems)
}

/// Removes the provider; people who signed in by it stay, and cannot sign in by it any more.
pub async fn delete(app: &App, caller: &Caller) -> Result<(), Refused> {
    manages(caller)?;
    if !openid::delete(&app.db, &caller.environment).await? {
        return Err(Refused::NotFound);
    }
    app.audit
        .append(Entry::of("sign_in_provider.deleted", caller, json!({})))
        .await?;
    Ok(())
}

/// Where the seal of a provider's secret says it lives.
fn secret_place<'a>(row: &'a str, environment: &'a str) -> Place<'a> {
    Place {
        table: "openid_providers",
        column: "secret_sealed",
        row,
        environment,
    }
}

/// A stored provider with its secret opened.
pub(super) fn registration_of(app: &App, row: &Provider) -> Result<Registration, OpenError> {
    let secret = app
        .vault
        .open_text(secret_place(&row.id, &row.environment_id.0), &row.secret_sealed)?;
    Ok(Registration {
        issuer: row.issuer.clone(),
        client_id: row.client_id.clone(),
        secret,
        addresses: serde_json::from_str(&row.addresses).map_err(|_| OpenError::Refused)?,
    })
}
