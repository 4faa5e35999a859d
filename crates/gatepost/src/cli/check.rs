//! `gatepost check`: one line per thing looked at, and how to mend what is wrong.

use std::process::ExitCode;

use catalogue::Catalogue;
use gatepost::app;
use gatepost::audit::{self, Outside};
use gatepost::clock::Clock;
use gatepost::config::Settings;
use gatepost::entra;
use gatepost::store::migrate::{self, Standing};
use gatepost::store::{Db, audit as entries, environments, integrations, settings as stored};
use gatepost::vault::Vault;

use super::{Place, say};

#[derive(Default)]
struct Findings {
    faults: usize,
}

impl Findings {
    fn good(&self, text: &str) {
        say(&format!("  ok     {text}"));
    }

    /// Worth knowing, and nothing that can be mended here.
    fn note(&self, text: &str) {
        say(&format!("  note   {text}"));
    }

    fn bad(&mut self, text: &str) {
        self.faults += 1;
        say(&format!("  WRONG  {text}"));
    }
}

/// Looks at everything and changes nothing.
pub(super) async fn run(place: &Place) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    let settings = match place.settings(&[]) {
        Ok(settings) => settings,
        Err(error) => {
            findings.bad(&format!("settings: {error:#}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    findings.good(&format!(
        "settings; register {} in Entra under Authentication, Web",
        settings.redirect_uri()
    ));
    let listens = settings.listen.parse::<std::net::SocketAddr>();
    if let Some(doubt) = listens.ok().and_then(|it| settings.doubts(it.port())) {
        findings.note(&format!("settings: {doubt}"));
    }
    for warning in app::readable_by_others(&settings) {
        findings.bad(&format!("files: {warning}"));
    }
    if let Some(db) = database(&settings, &mut findings).await {
        keys_and_integrations(&settings, &db, &mut findings).await?;
        record(&settings, &db, &mut findings).await?;
        db.close().await;
    }
    say(&match findings.faults {
        0 => "Everything looked at is in order.".to_owned(),
        1 => "1 thing is wrong.".to_owned(),
        many => format!("{many} things are wrong."),
    });
    Ok(if findings.faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn database(settings: &Settings, findings: &mut Findings) -> Option<Db> {
    let before = findings.faults;
    let opened = if settings.database_url.is_empty() {
        if !settings.sqlite_path().exists() {
            findings.bad(&format!(
                "database: there is none at {}; `gatepost serve` creates it",
                settings.sqlite_path().display()
            ));
            return None;
        }
        Db::sqlite_to_read(&settings.sqlite_path()).await
    } else {
        Db::postgres_to_read(
            &settings.database_url,
            Some(settings.database_schema.as_str()).filter(|it| !it.is_empty()),
        )
        .await
    };
    let db = match opened {
        Ok(db) => db,
        Err(error) => {
            findings.bad(&format!("database: {error}"));
            return None;
        }
    };
    match migrate::standing(&db).await {
        Ok(Standing::Current) => findings.good(&format!("database: {}", db.version().await.unwrap_or_default())),
        Ok(Standing::Empty) => findings.bad("database: it has no tables yet; run `gatepost migrate`"),
        Ok(Standing::Behind(missing)) => findings.bad(&format!(
            "database: migrations {missing:?} are missing; back it up and run `gatepost migrate`"
        )),
        Ok(Standing::Foreign(why)) => findings.bad(&format!("database: {why}")),
        Err(error) => findings.bad(&format!("database: {error}")),
    }
    (findings.faults == before).then_some(db)
}

/// Whether the log's end is the one that was signed last, and what older gateways put into it in clear.
async fn record(settings: &Settings, db: &Db, findings: &mut Findings) -> anyhow::Result<()> {
    let key = stored::find(db, app::PUBLIC_KEY).await?.and_then(|it| it.parse().ok());
    // A gateway that signs the log's end keeps it in a file of its own.
    let is_signed = entries::head(db).await?.is_some_and(|it| it.signature.is_some());
    match (key, Outside::at(settings.anchor_path()).read()) {
        (_, Err(error)) => findings.bad(&format!("audit log: its checkpoint file cannot be read: {error}")),
        (Some(_), Ok(Some(outside))) if outside.lacks_head && is_signed => findings.bad(
            "audit log: the file of its newest head is missing beside its checkpoints; `gatepost audit verify` tells whether entries may be cut off",
        ),
        (Some(key), Ok(Some(outside))) => match audit::lost_tail(db, &key, &outside).await? {
            Some(gap) => findings.bad(&format!(
                "audit log: entries after {}, up to {}, were signed once and are not there; `gatepost audit verify` tells more",
                gap.after, gap.until
            )),
            None => findings.good("audit log: its end is the one that was signed last; `gatepost audit verify` reads all of it"),
        },
        _ => findings.note("audit log: no checkpoint of it is kept outside the database yet"),
    }
    let secrets = audit::old_secrets(db, Catalogue::builtin()).await?;
    if let Some(first) = secrets.first {
        findings.note(&format!(
            "audit log: {} entries of an older gateway, the first {first}, hold a secret in clear ({}); they stay, because the chain covers them: change these secrets where they are used",
            secrets.entries,
            secrets.operations.join(", ")
        ));
    }
    Ok(())
}

async fn keys_and_integrations(settings: &Settings, db: &Db, findings: &mut Findings) -> anyhow::Result<()> {
    let clock = Clock::real();
    if settings.vault_keys.is_none() && !settings.keys_path().exists() {
        findings.bad(&format!(
            "vault keys: there is no key file {}",
            settings.keys_path().display()
        ));
        return Ok(());
    }
    let ring = match app::keyring_to_read(settings, db).await {
        Ok(ring) => ring,
        Err(error) => {
            findings.bad(&format!("vault keys: {error}"));
            return Ok(());
        }
    };
    findings.good(&format!("vault keys: {} seals", ring.active()));
    for line in app::differences(db, settings).await? {
        findings.bad(&format!("settings: {line}"));
    }
    let vault = Vault::new(ring, clock.random().clone());
    let clouds = settings.clouds()?;
    let client = entra::Entra::new(clock, entra::http_client(None)?);
    for environment in environments::list(db).await? {
        for row in integrations::list(db, &environment.id).await? {
            let name = format!("integration {} / {}", environment.name, row.name);
            let registration = match entra::registration_of(&vault, &clouds, &row) {
                Ok(registration) => registration,
                Err(error) => {
                    findings.bad(&format!("{name}: {error}"));
                    continue;
                }
            };
            match client.test_registration(&registration).await {
                Ok(it) if it.credential_proven => {
                    findings.good(&format!("{name}: Microsoft accepts directory, Client ID and secret"))
                }
                Ok(_) => findings.good(&format!(
                    "{name}: Microsoft's sign-in service answers; the secret can only be tried for one directory"
                )),
                Err(error) => {
                    let explanation = error.explanation();
                    findings.bad(&format!("{name}: {} {} ({error})", explanation.cause, explanation.tell));
                }
            }
        }
    }
    Ok(())
}
