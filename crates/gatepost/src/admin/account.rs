//! One's own account: password and sessions.

use serde_json::json;

use super::proof::{failed, held};
use super::throttle::{Secret, attempt};
use super::{Password, Problems, Refused, verify_password};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::store::{people, sessions};

/// Changes the caller's own password after checking the present one; every other browser is signed out.
pub async fn change_password(
    app: &App,
    caller: &Caller,
    present: &str,
    new: &str,
    again: &str,
    this: &[u8],
) -> Result<(), Refused> {
    let person = people::find(&app.db, &caller.person).await?.ok_or(Refused::NotFound)?;
    if person.password_hash.is_none() {
        return Err(Refused::Conflict(
            "this account has no password here; it signs in with Microsoft".into(),
        ));
    }
    let mut problems = Problems::new();
    let password = Password::check(new, Some(again), &mut problems);
    super::sound(problems)?;
    let of_password = Secret::Password(person.email.as_deref().unwrap_or_default());
    let counted = attempt(app, of_password, caller.address)
        .await
        .map_err(|it| held(it, "present"))?;
    if !verify_password(&counted, present, person.password_hash.as_deref()).await {
        return Err(failed(app, caller, "present", "this is not your present password").await?);
    }
    counted.right(app).await?;
    people::save_password(&app.db, &person.id, &password.hash(&app.clock).await).await?;
    let ended = end_others(app, caller, this).await?;
    app.audit
        .append(Entry::of("person.password_changed", caller, json!({ "ended": ended })))
        .await?;
    Ok(())
}

/// Ends one of the caller's own sessions, named by its hash.
pub async fn end_session(app: &App, caller: &Caller, hash: &[u8]) -> Result<(), Refused> {
    let found = sessions::find(&app.db, hash).await?;
    if found.is_none_or(|it| it.session.person_id != caller.person) {
        return Err(Refused::NotFound);
    }
    sessions::delete(&app.db, hash).await?;
    app.audit
        .append(Entry::of("session.ended", caller, json!({ "ended": 1 })))
        .await?;
    Ok(())
}

/// Signs the caller out everywhere but in the browser of `this` session.
pub async fn end_other_sessions(app: &App, caller: &Caller, this: &[u8]) -> Result<usize, Refused> {
    let ended = end_others(app, caller, this).await?;
    app.audit
        .append(Entry::of("session.ended", caller, json!({ "ended": ended })))
        .await?;
    Ok(ended)
}

async fn end_others(app: &App, caller: &Caller, this: &[u8]) -> Result<usize, Refused> {
    let ended = sessions::delete_others(&app.db, &caller.person, this).await?;
    Ok(usize::try_from(ended).unwrap_or(usize::MAX))
}

/// Takes the Microsoft account away from the ways by which the caller signs in; another way must be left. Whoever came in by
/// it is out: every session ends but that of `this` browser.
pub async fn remove_microsoft_sign_in(app: &App, caller: &Caller, this: &[u8]) -> Result<(), Refused> {
    let person = people::find(&app.db, &caller.person).await?.ok_or(Refused::NotFound)?;
    if person.object_id.is_none() {
        return Err(Refused::NotFound);
    }
    if !people::remove_account(&app.db, &person.id).await? {
        return Err(Refused::Conflict(
            "this Microsoft account is your only way in, so it stays".into(),
        ));
    }
    let ended = end_others(app, caller, this).await?;
    let details = json!({ "method": "microsoft", "tid": person.tenant_id, "oid": person.object_id, "ended": ended });
    app.audit.append(Entry::of("sign_in.unlinked", caller, details)).await?;
    Ok(())
}
