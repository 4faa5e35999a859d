//! Proving once more who one is, before something that must not be done with a forgotten browser.

use std::net::IpAddr;

use serde_json::json;

use super::throttle::Subjects;
use super::{Problems, Refused, second_factor, verify_password};
use crate::app::App;
use crate::audit::Entry;
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
    let problem = |text: String| Refused::Invalid(Problems::from([("password", text)]));
    let subjects = Subjects::of(person.email.as_deref().unwrap_or_default(), address);
    if let Some(seconds) = subjects.wait_s(app).await? {
        return Err(problem(format!(
            "too many attempts; wait {seconds} seconds, then try again"
        )));
    }
    if !verify_password(typed, person.password_hash.as_deref()).await {
        subjects.failed(app).await?;
        app.audit
            .append(Entry::of("proof.failed", caller, json!({ "method": "password" })))
            .await?;
        return Err(problem("this is not your password".into()));
    }
    if second_factor::is_needed(app, &person.id).await? && !second_factor::takes(app, &person.id, code).await? {
        subjects.failed(app).await?;
        app.audit
            .append(Entry::of("proof.failed", caller, json!({ "method": "code" })))
            .await?;
        let text = "this is not the present code, or it was used before".to_owned();
        return Err(Refused::Invalid(Problems::from([("code", text)])));
    }
    subjects.succeeded(app).await?;
    app.audit
        .append(Entry::of("proof", caller, json!({ "method": "password" })))
        .await?;
    Ok(())
}
