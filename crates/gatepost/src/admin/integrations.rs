//! Integrations: entering, editing, testing and deleting an Entra app registration.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Problems, Refused, check_name, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::{Caller, IntegrationId};
use crate::clock::Timestamp;
use crate::entra::{self, Tenant, check_secret};
use crate::store::connections;
use crate::store::integrations::{self, Integration};

/// What the form of an integration holds.
#[derive(Clone, Debug, Default)]
pub struct IntegrationInput {
    pub name: String,
    pub client_id: String,
    /// Empty keeps the secret that is stored.
    pub secret: SecretString,
    pub tenant: String,
    /// The id of one of Microsoft's clouds, or of one of the settings.
    pub cloud: String,
    /// `2027-05-22`, or nothing.
    pub secret_expires: String,
    /// How many connections may end, as the form said it: another registration ends them all.
    pub ends: Option<i64>,
}

/// A stored integration, and what looked odd about it.
#[derive(Clone, Debug)]
pub struct Saved {
    pub id: IntegrationId,
    pub warning: Option<&'static str>,
    /// Connections that ended, because it is another registration now.
    pub ended: u64,
}

/// What a test of a registration showed.
#[derive(Clone, Debug)]
pub enum Test {
    /// Directory, Client ID and secret work.
    Proven { tenant_id: Option<String> },
    /// The cloud answers; without a directory Microsoft offers no way to try the secret.
    Reachable,
    /// Microsoft refuses, in words.
    Refused {
        cause: String,
        tell: String,
        code: String,
        trace_id: Option<String>,
    },
}

/// Finds an integration of the caller's environment.
pub async fn find(app: &App, caller: &Caller, id: &IntegrationId) -> Result<Integration, Refused> {
    let found = integrations::find(&app.db, id).await?;
    found
        .filter(|it| it.environment_id == caller.environment)
        .ok_or(Refused::NotFound)
}

/// Adds an integration.
pub async fn create(app: &App, caller: &Caller, input: &IntegrationInput) -> Result<Saved, Refused> {
    manages(caller)?;
    let checked = check(app, input, None)?;
    let now = app.clock.now();
    let id = app.clock.new_id();
    let row = Integration {
        secret_sealed: app.vault.seal_text(
            entra::secret_place(&id, &caller.environment.0),
            checked.secret.unwrap_or_default(),
        ),
        id: id.into(),
        environment_id: caller.environment.clone(),
        name: input.name.clone(),
        cloud: checked.cloud,
        tenant: input.tenant.clone(),
        client_id: checked.client_id,
        secret_hint: hint(checked.secret.unwrap_or_default()),
        secret_expires_at: checked.expires,
        state: "ok".into(),
        state_code: None,
        state_reason: None,
        retry_at: None,
        created_at: now,
        updated_at: now,
    };
    integrations::create(&app.db, &row).await?;
    app.audit
        .append(Entry::of("integration.created", caller, described(&row, true)))
        .await?;
    Ok(Saved {
        id: row.id,
        warning: checked.warning,
        ended: 0,
    })
}

/// Saves an edited integration and clears its fault. Another cloud, directory or Client ID ends its connections, whose number the
/// caller must have agreed to; a new secret alone ends nothing.
pub async fn save(app: &App, caller: &Caller, id: &IntegrationId, input: &IntegrationInput) -> Result<Saved, Refused> {
    manages(caller)?;
    let mut row = find(app, caller, id).await?;
    let checked = check(app, input, Some(&row))?;
    let before = row.clone();
    if let Some(secret) = checked.secret {
        row.secret_sealed = app
            .vault
            .seal_text(entra::secret_place(&row.id.0, &row.environment_id.0), secret);
        row.secret_hint = hint(secret);
    }
    row.name.clone_from(&input.name);
    row.tenant.clone_from(&input.tenant);
    row.cloud = checked.cloud;
    row.client_id = checked.client_id;
    row.secret_expires_at = checked.expires;
    row.updated_at = app.clock.now();
    let mut details = described(&row, checked.secret.is_some());
    let ended = if is_another_registration(app, &before, &row) {
        agreed_to_end(app, id, input.ends).await?;
        let ended =
            integrations::save_moved(&app.db, &row, "its integration was changed to another registration").await?;
        details["before"] = described(&before, false);
        details["connections_ended"] = json!(ended);
        ended
    } else {
        integrations::save(&app.db, &row).await?;
        0
    };
    app.audit
        .append(Entry::of("integration.changed", caller, details))
        .await?;
    Ok(Saved {
        id: row.id,
        warning: checked.warning,
        ended,
    })
}

/// Whether tokens given for `before` must not be used with `after`.
fn is_another_registration(app: &App, before: &Integration, after: &Integration) -> bool {
    let binding = |it| entra::binding_of(&app.clouds, it).ok();
    before.cloud != after.cloud || binding(before).is_none() || binding(before) != binding(after)
}

async fn agreed_to_end(app: &App, id: &IntegrationId, agreed: Option<i64>) -> Result<(), Refused> {
    let connected = connections::count_of_integration(&app.db, id).await?;
    if connected == 0 || agreed == Some(connected) {
        return Ok(());
    }
    let many = if connected == 1 {
        "1 connection ends".to_owned()
    } else {
        format!("{connected} connections end")
    };
    let text = format!(
        "this is another registration, for which Microsoft gave no tokens: {many}, and those people connect again. Tick this and enter the secret once more to save it; nothing was changed"
    );
    Err(Refused::Invalid(Problems::from([("ends", text)])))
}

/// Deletes an integration with all its connections.
pub async fn delete(app: &App, caller: &Caller, id: &IntegrationId) -> Result<(), Refused> {
    manages(caller)?;
    let row = find(app, caller, id).await?;
    app.audit
        .append(Entry::of("integration.deleted", caller, described(&row, false)))
        .await?;
    match integrations::delete(&app.db, &caller.environment, id).await? {
        true => Ok(()),
        false => Err(Refused::NotFound),
    }
}

/// Asks Microsoft whether directory, Client ID and secret belong together.
pub async fn test(app: &App, caller: &Caller, id: &IntegrationId) -> Result<Test, Refused> {
    manages(caller)?;
    let row = find(app, caller, id).await?;
    let registration =
        entra::registration_of(&app.vault, &app.clouds, &row).map_err(|error| Refused::Conflict(error.to_string()))?;
    let answer = app.entra.test_registration(&registration).await;
    let outcome = match answer {
        Ok(it) if it.credential_proven => Test::Proven {
            tenant_id: it.tenant_id,
        },
        Ok(_) => Test::Reachable,
        Err(error) => {
            let explanation = error.explanation();
            let code = error
                .codes
                .first()
                .map_or_else(|| error.error.to_string(), |it| format!("AADSTS{it}"));
            Test::Refused {
                cause: explanation.cause,
                tell: explanation.tell,
                code,
                trace_id: error.trace_id.map(String::from),
            }
        }
    };
    if matches!(outcome, Test::Proven { .. }) {
        integrations::save_ok(&app.db, &row.id).await?;
    }
    let told = match &outcome {
        Test::Proven { .. } => "proven",
        Test::Reachable => "reachable",
        Test::Refused { code, .. } => code,
    };
    app.audit
        .append(Entry::of(
            "integration.tested",
            caller,
            json!({ "integration": row.id, "name": row.name, "outcome": told }),
        ))
        .await?;
    Ok(outcome)
}

struct Checked<'a> {
    client_id: String,
    cloud: String,
    secret: Option<&'a str>,
    expires: Option<Timestamp>,
    warning: Option<&'static str>,
}

fn check<'a>(app: &App, input: &'a IntegrationInput, stored: Option<&Integration>) -> Result<Checked<'a>, Refused> {
    let mut problems = Problems::new();
    check_name(&mut problems, "name", &input.name);
    let client_id = client_id(&input.client_id, &mut problems);
    if let Err(problem) = Tenant::parse(&input.tenant) {
        problems.insert("tenant", problem.to_string());
    }
    let cloud = input.cloud.clone();
    if app.clouds.find(&cloud).is_none() {
        problems.insert("cloud", "expected one of the clouds".to_owned());
    }
    let typed = input.secret.expose_secret().trim();
    let (secret, warning) = match typed {
        "" if stored.is_some_and(|it| it.cloud != cloud) => {
            // Invariant: a stored secret is sent only to the addresses it was entered for.
            problems.insert("secret", "the cloud has changed, so enter the secret again".to_owned());
            (None, None)
        }
        "" if stored.is_some() => (None, None),
        _ => match check_secret(typed) {
            Ok(warning) => (Some(typed), warning.map(entra::SecretWarning::text)),
            Err(problem) => {
                problems.insert("secret", problem.to_string());
                (None, None)
            }
        },
    };
    let expires = expiry(&input.secret_expires).unwrap_or_else(|problem| {
        problems.insert("secret_expires", problem);
        None
    });
    sound(problems)?;
    Ok(Checked {
        client_id,
        cloud,
        secret,
        expires,
        warning,
    })
}

fn client_id(typed: &str, problems: &mut Problems) -> String {
    let id = typed.trim_matches(['{', '}']).to_ascii_lowercase();
    let groups: Vec<_> = id.split('-').map(str::len).collect();
    let is_guid = groups == [8, 4, 4, 4, 12]
        && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        && id.bytes().any(|b| !b"0-".contains(&b));
    if !is_guid {
        let text = "expected the Application (client) ID from the Overview page of the registration, such as 00000000-aaaa-bbbb-cccc-000000000000";
        problems.insert("client_id", text.to_owned());
    }
    id
}

/// The end of the day typed, in UTC.
fn expiry(typed: &str) -> Result<Option<Timestamp>, String> {
    if typed.is_empty() {
        return Ok(None);
    }
    let day: jiff::civil::Date = typed
        .parse()
        .map_err(|_| "expected a day such as 2027-05-22".to_owned())?;
    let zoned = day
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|_| "expected a day such as 2027-05-22".to_owned())?;
    Ok(Some(
        Timestamp(zoned.timestamp().as_millisecond()).plus_seconds(24 * 3600 - 1),
    ))
}

/// The first three characters, as Entra's own list shows them.
fn hint(secret: &str) -> String {
    secret.chars().take(3).collect()
}

fn described(row: &Integration, with_new_secret: bool) -> serde_json::Value {
    json!({
        "integration": row.id, "name": row.name, "client_id": row.client_id, "tenant": row.tenant, "cloud": row.cloud,
        "secret_expires_at": row.secret_expires_at, "new_secret": with_new_secret,
    })
}
