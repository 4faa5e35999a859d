//! Tokens that an older version sealed for their row alone are bound to the registration they were given for, at start.

use std::collections::HashMap;

use catalogue::clouds::Clouds;
use secrecy::ExposeSecret as _;

use super::{binding_of, token_place};
use crate::caller::IntegrationId;
use crate::store::unbound::{self, Tokens};
use crate::store::{self, Db, integrations};
use crate::vault::{Binding, OpenError, Vault};

/// What was found and done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Connections whose tokens are bound now.
    pub bound: usize,
    /// Connections whose tokens stay as they are, and are not used: their integration names no cloud, or they do not open.
    pub left: usize,
}

/// Binds what is not bound yet. Nothing is served before.
///
/// Invariant: whoever changes a registration ends its connections in the same transaction, so tokens that are still here were
/// given for the registration as it is. Tokens of an integration that cannot be used stay unbound, which opens for no call.
pub async fn bind_tokens(db: &Db, vault: &Vault, clouds: &Clouds) -> store::Result<Bound> {
    let mut done = Bound::default();
    let mut bindings: HashMap<IntegrationId, Option<Binding>> = HashMap::new();
    let mut after = String::new();
    loop {
        let rows = unbound::after(db, &Vault::unbound_mark(), &after).await?;
        let Some(last) = rows.last() else { return Ok(done) };
        after.clone_from(&last.id.0);
        let mut sealed = Vec::new();
        for row in rows {
            if !bindings.contains_key(&row.integration_id) {
                let integration = integrations::find(db, &row.integration_id).await?;
                let binding = integration.and_then(|it| binding_of(clouds, &it).ok());
                bindings.insert(row.integration_id.clone(), binding);
            }
            let binding = bindings.get(&row.integration_id).copied().flatten();
            match binding.map(|it| bound(vault, &row, it)) {
                Some(Ok(new)) => sealed.push((row, new)),
                Some(Err(error)) => {
                    tracing::warn!(connection = %row.id, %error, "stored tokens do not open, so they are not bound to their registration");
                    done.left += 1;
                }
                None => done.left += 1,
            }
        }
        done.bound += unbound::replace(db, &sealed).await?;
    }
}

fn bound(vault: &Vault, row: &Tokens, binding: Binding) -> Result<unbound::Sealed, OpenError> {
    let again = |column, sealed: &Option<Vec<u8>>| {
        let Some(old) = sealed.as_deref() else { return Ok(None) };
        let place = token_place(column, &row.id.0, &row.environment_id.0);
        match vault.open_text(place, old) {
            Ok(secret) => Ok(Some(vault.seal_bound(place, binding, secret.expose_secret()))),
            // One of the two may be bound already.
            Err(OpenError::Refused) if vault.open_bound(place, binding, old).is_ok() => Ok(Some(old.to_vec())),
            Err(error) => Err(error),
        }
    };
    Ok(unbound::Sealed {
        access: again("access_sealed", &row.access_sealed)?,
        refresh: again("refresh_sealed", &row.refresh_sealed)?,
    })
}
