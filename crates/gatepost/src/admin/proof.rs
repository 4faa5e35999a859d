//! Proving once more who one is, before something that must not be done with a forgotten browser.

use std::net::IpAddr;

use serde_json::json;

use super::throttle::{Held, Secret, attempt};
use super::{Problems, Refused, second_factor, verify_password};
use crate::app::App;
use crate::audit::{Entry, Unavailable};
use crate::caller::Caller;
use crate::store::people;

/// Checks the caller's own password and second factor, as slowly as the sign-in does.
pub async fn prove_by_password(
    app: &App,
    caller: &Caller,
    typed: &str,
    code: &str,
    address: Option<IpAddr>,
) -> Result<(), Refused> {
    let person = people::find(&app.db, &caller.person).await?.ok_or(Refused::NotFound)?;
    let of_password = Secret::Password(person.email.as_deref().unwrap_or_default());
    let counted = attempt(app, of_password, address)
        .await
        .map_err(|it| held(it, "password"))?;
    if !verify_password(&counted, typed, person.password_hash.as_deref()).await {
        return Err(failed(app, caller, "password", "this is not your password").await?);
    }
    counted.right(app).await?;
    if second_factor::is_needed(app, &person.id).await? {
        let counted = attempt(app, Secret::Code(&person.id), address)
            .await
            .map_err(|it| held(it, "code"))?;
        if !second_factor::takes(app, &counted, &person.id, code).await? {
            let text = "this is not the present code, or it was used before";
            return Err(failed(app, caller, "code", text).await?);
        }
        counted.right(app).await?;
    }
    app.audit
        .append(Entry::of("proof", caller, json!({ "method": "password" })))
        .await?;
    Ok(())
}

/// Too many attempts, told at the field they were made in.
pub(super) fn held(it: Held, field: &'static str) -> Refused {
    match it {
        Held::Store(error) => error.into(),
        wait => Refused::Invalid(Problems::from([(field, wait.to_string())])),
    }
}

/// Puts a wrong secret on record, and says what was wrong.
pub(super) async fn failed(
    app: &App,
    caller: &Caller,
    field: &'static str,
    text: &str,
) -> Result<Refused, Unavailable> {
    app.audit
        .append(Entry::of("proof.failed", caller, json!({ "method": field })))
        .await?;
    Ok(Refused::Invalid(Problems::from([(field, text.to_owned())])))
}
