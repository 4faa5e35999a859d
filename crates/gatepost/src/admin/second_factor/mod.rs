//! The second factor of a local account: beginning, confirming, asking, recovering, removing.

mod code;
pub mod half;

use serde_json::json;

use super::proof::held;
use super::throttle::{Attempt, Secret, attempt};
use super::{Problems, Refused, manages};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, EnvironmentId, PersonId};
use crate::session;
use crate::store::second_factors::{self, SecondFactor};
use crate::store::{self, people};
use crate::vault::Place;

const RECOVERY_CODES: usize = 10;

/// What an authenticator needs, shown until the first code was right.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// In base32, to be typed.
    pub secret: String,
    /// The same as an address that authenticators open.
    pub address: String,
}

/// Whether a person has to give a code besides the password.
pub async fn is_needed(app: &App, person: &PersonId) -> store::Result<bool> {
    let found = second_factors::find(&app.db, person).await?;
    Ok(found.is_some_and(|it| it.confirmed_at.is_some()))
}

/// Begins with a fresh secret; nothing asks for a code before [`confirm`].
pub async fn begin(app: &App, caller: &Caller) -> Result<Beginning, Refused> {
    let person = people::find(&app.db, &caller.person).await?.ok_or(Refused::NotFound)?;
    if person.password_hash.is_none() {
        return Err(Refused::Conflict(
            "this account has no password here, so its provider asks for a second factor".into(),
        ));
    }
    let secret = app.clock.random().bytes::<20>();
    let row = SecondFactor {
        secret_sealed: app.vault.seal(place(&person.id, &person.environment_id), &secret),
        id: person.id,
        environment_id: person.environment_id,
        confirmed_at: None,
        last_step: 0,
        created_at: app.clock.now(),
    };
    if !second_factors::begin(&app.db, &row).await? {
        return Err(Refused::Conflict("you have a second factor; remove it first".into()));
    }
    Ok(beginning(app, &secret, person.email.as_deref().unwrap_or(&person.name)))
}

/// The secret that was begun with, to be shown again beside a code that was not right.
pub async fn begun(app: &App, caller: &Caller) -> Result<Beginning, Refused> {
    let row = second_factors::find(&app.db, &caller.person).await?;
    let row = row.filter(|it| it.confirmed_at.is_none()).ok_or(Refused::NotFound)?;
    let secret = opened(app, &row)?;
    let person = people::find(&app.db, &caller.person).await?.ok_or(Refused::NotFound)?;
    Ok(beginning(app, &secret, person.email.as_deref().unwrap_or(&person.name)))
}

fn beginning(app: &App, secret: &[u8], account: &str) -> Beginning {
    let secret = code::base32(secret);
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let host = url::Url::parse(&app.settings.public_url).ok();
    let host = host.as_ref().and_then(|it| it.host_str()).unwrap_or("gatepost");
    let issuer = encode(&format!("Gatepost {host}"));
    let address = format!(
        "otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        encode(account)
    );
    Beginning { secret, address }
}

fn place<'a>(person: &'a PersonId, environment: &'a EnvironmentId) -> Place<'a> {
    Place {
        table: "second_factors",
        column: "secret_sealed",
        row: &person.0,
        environment: &environment.0,
    }
}

fn opened(app: &App, row: &SecondFactor) -> Result<zeroize::Zeroizing<Vec<u8>>, Refused> {
    let opened = app.vault.open(place(&row.id, &row.environment_id), &row.secret_sealed);
    opened.map_err(|_| Refused::Conflict("the second factor does not open with this gateway's keys".into()))
}

/// Switches the second factor on with its first code, and gives the recovery codes, which exist here and in the answer only.
pub async fn confirm(app: &App, caller: &Caller, typed: &str) -> Result<Vec<String>, Refused> {
    let row = second_factors::find(&app.db, &caller.person)
        .await?
        .ok_or(Refused::NotFound)?;
    let problem = |text: String| Refused::Invalid(Problems::from([("code", text)]));
    let counted = attempt(app, Secret::Code(&caller.person), caller.address).await;
    let counted = counted.map_err(|it| held(it, "code"))?;
    if row.confirmed_at.is_some() || !takes_code(app, &counted, &row, typed).await? {
        return Err(problem("this is not the present code; check the device's clock".into()));
    }
    counted.right(app).await?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code(app)).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|it| session::hash(&plain(it))).collect();
    let mut tx = app.db.begin().await?;
    if !second_factors::confirm(&mut tx, &caller.person, &hashes, app.clock.now()).await? {
        return Err(Refused::Conflict("you have a second factor already".into()));
    }
    tx.commit().await?;
    app.audit
        .append(Entry::of("second_factor.added", caller, json!({})))
        .await?;
    Ok(codes)
}

/// Twenty hexadecimal digits in groups, 80 random bits.
fn recovery_code(app: &App) -> String {
    let digits: String = app
        .clock
        .random()
        .bytes::<10>()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    let groups: Vec<&str> = (0..4).map(|at| &digits[at * 5..at * 5 + 5]).collect();
    groups.join("-")
}

fn plain(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Whether `typed` is the present code or an unused recovery code of a person; either counts once.
pub async fn takes(app: &App, counted: &Attempt, person: &PersonId, typed: &str) -> Result<bool, Refused> {
    let Some(row) = second_factors::find(&app.db, person).await? else {
        return Ok(false);
    };
    if takes_code(app, counted, &row, typed).await? {
        return Ok(true);
    }
    let plain = plain(typed);
    if plain.len() != 20 {
        return Ok(false);
    }
    Ok(second_factors::take_recovery(&app.db, person, &session::hash(&plain), app.clock.now()).await?)
}

async fn takes_code(app: &App, _counted: &Attempt, row: &SecondFactor, typed: &str) -> Result<bool, Refused> {
    let secret = opened(app, row)?;
    match code::step_of(&secret, typed, app.clock.now().unix_seconds()) {
        // RFC 6238 §5.2: a code that was taken once is not taken again.
        Some(step) => Ok(second_factors::take_step(&app.db, &row.id, step).await?),
        None => Ok(false),
    }
}

/// Removes one's own second factor.
pub async fn remove(app: &App, caller: &Caller) -> Result<(), Refused> {
    delete(app, &caller.person).await?;
    app.audit
        .append(Entry::of("second_factor.removed", caller, json!({})))
        .await?;
    Ok(())
}

/// Removes the second factor of somebody who lost the device.
pub async fn reset(app: &App, caller: &Caller, id: &PersonId) -> Result<(), Refused> {
    manages(caller)?;
    let person = super::person(app, caller, id).await?;
    if person.id == caller.person || caller.role < person.role() {
        return Err(Refused::NotAllowed);
    }
    delete(app, &person.id).await?;
    let details = json!({ "subject": person.id, "subject_name": person.name });
    app.audit
        .append(Entry::of("second_factor.reset", caller, details))
        .await?;
    Ok(())
}

async fn delete(app: &App, person: &PersonId) -> Result<(), Refused> {
    let mut tx = app.db.begin().await?;
    if !second_factors::delete(&mut tx, person).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
