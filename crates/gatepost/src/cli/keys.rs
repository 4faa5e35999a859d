//! `gatepost keys`: a key is known to every process first, then used, and at last the older one is done with.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use gatepost::app::{self, App};
use gatepost::clock::Clock;
use gatepost::config::Settings;
use gatepost::store::sealed::{self, Column};
use gatepost::store::{Db, settings};
use gatepost::vault::{KeyId, Keyring, Place as Sealed, Vault};

use super::reading::Reading;
use super::{Place, say};

/// What to do with the vault's keys.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// Adds a fresh key that is known and not used yet: the first stage where replicas share no key file.
    #[command(
        after_help = "Example:\n  gatepost keys add\n\nGive the key file to every other replica, which takes it within a minute; then run `gatepost keys use ID`."
    )]
    Add(Place),
    /// Seals with a key that every process knows, and wraps every sealed value with it, while gateways run.
    #[command(
        after_help = "Example:\n  gatepost keys use k20261130-1a2b3c4d\n\nRun `gatepost keys rewrap` a minute later."
    )]
    Use(Use),
    /// Both stages at once, where every process reads this very key file.
    #[command(
        after_help = "Examples:\n  gatepost keys rotate\n  gatepost keys rotate --data /var/lib/gatepost\n\nRunning gateways take the new key from the file by themselves. Old keys stay in it until you remove them."
    )]
    Rotate(Rotate),
    /// Wraps what running gateways sealed with older keys meanwhile, and forgets keys that nothing here uses.
    #[command(
        after_help = "Example:\n  gatepost keys rewrap\n\nRun it a minute after `keys use` or `keys rotate`; then older keys may leave the key files."
    )]
    Rewrap(Place),
}

/// Options of `gatepost keys use`.
#[derive(Args)]
pub(super) struct Use {
    /// The key's id, as `keys add` said it
    id: String,
    #[command(flatten)]
    place: Place,
}

/// Options of `gatepost keys rotate`.
#[derive(Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    place: Place,
    /// Every replica reads this very key file (on SQLite there is one process, so nothing needs to be said)
    #[arg(long)]
    shared_file: bool,
}

pub(super) async fn run(keys: Keys) -> anyhow::Result<ExitCode> {
    match keys {
        Keys::Add(place) => add(&place).await.map(|()| ExitCode::SUCCESS),
        Keys::Use(options) => begin_to_use(&options).await,
        Keys::Rotate(options) => rotate(&options).await,
        Keys::Rewrap(place) => finish(&place).await,
    }
}

/// The keys of a file, and what they belong to.
async fn opened(place: &Place) -> anyhow::Result<(Settings, Clock, App, Keyring)> {
    let (settings, clock) = (Reading::settings(place).await?, Clock::real());
    let app = App::start(settings.clone(), clock.clone(), false).await?;
    let ring = app::keyring(&settings, &app.db, &clock).await?;
    Ok((settings, clock, app, ring))
}

fn write(settings: &Settings, ring: &Keyring) -> anyhow::Result<()> {
    let written = ring.write(&settings.keys_path(), true);
    written.context("the key file cannot be written; nothing was changed")
}

async fn add(place: &Place) -> anyhow::Result<()> {
    let (settings, clock, app, mut ring) = opened(place).await?;
    if settings.vault_keys.is_some() {
        bail!(
            "the keys are set by vault_keys; add `+ID:BASE64 OF 32 BYTES` there on every replica, the plus meaning known and not used yet, then run `gatepost keys use ID`"
        );
    }
    let id = ring.add(&clock);
    write(&settings, &ring)?;
    say(&format!(
        "Key {id} is known here and seals nothing yet.\nGive {} to every other replica; within a minute they know it too. Then run:\n\n  gatepost keys use {id}",
        settings.keys_path().display()
    ));
    app.close().await;
    Ok(())
}

async fn begin_to_use(options: &Use) -> anyhow::Result<ExitCode> {
    let (settings, clock, app, ring) = opened(&options.place).await?;
    let id = KeyId(options.id.clone());
    let code = seal_with(&settings, &clock, &app, ring, &id).await?;
    app.close().await;
    Ok(code)
}

async fn rotate(options: &Rotate) -> anyhow::Result<ExitCode> {
    let (settings, clock, app, mut ring) = opened(&options.place).await?;
    if settings.vault_keys.is_some() {
        bail!(
            "the keys are set by vault_keys; add `+ID:BASE64 OF 32 BYTES` there on every replica, then run `gatepost keys use ID`"
        );
    }
    if matches!(app.db, Db::Postgres(_)) && !options.shared_file {
        bail!(
            "several replicas may share this database, and one that does not know the new key could read nothing: run `gatepost keys add`, give the key file to every replica, then `gatepost keys use ID`; or say --shared-file if they all read this very file"
        );
    }
    let id = ring.add(&clock);
    let code = seal_with(&settings, &clock, &app, ring, &id).await?;
    app.close().await;
    Ok(code)
}

async fn seal_with(
    settings: &Settings,
    clock: &Clock,
    app: &App,
    mut ring: Keyring,
    id: &KeyId,
) -> anyhow::Result<ExitCode> {
    if !ring.begin_to_use(id) {
        bail!("there is no key {id} here; `gatepost keys add` makes one");
    }
    if ring.active() != id {
        bail!("key {} is newer than {id} and in use already", ring.active());
    }
    // The key is safe in its file before anything is sealed with it.
    if settings.vault_keys.is_none() {
        write(settings, &ring)?;
    }
    let check = ring.check_value(id).context("the new key is in the ring")?;
    settings::add_vault_key(&app.db, &id.0, &check, clock.now()).await?;
    let done = rewrap(app, &Vault::new(ring, clock.random().clone())).await?;
    say(&format!(
        "Key {id} seals from now on; {} values were wrapped with it.\nRunning gateways that know it use it within a minute; then run `gatepost keys rewrap`.",
        done.wrapped
    ));
    Ok(done.told())
}

async fn finish(place: &Place) -> anyhow::Result<ExitCode> {
    let app = App::start(Reading::settings(place).await?, Clock::real(), false).await?;
    let done = rewrap(&app, &app.vault).await?;
    let active = app.vault.keyring().active().clone();
    let mut needed = BTreeSet::new();
    for (old, _) in settings::vault_keys(&app.db)
        .await?
        .iter()
        .filter(|(it, _)| *it != active.0)
    {
        if sealed::is_named(&app.db, old).await? {
            needed.insert(old.clone());
        } else {
            settings::remove_vault_key(&app.db, old).await?;
        }
    }
    let others = if needed.is_empty() {
        "This database needs no other key now; keep older ones for its backups.".to_owned()
    } else {
        let names: Vec<_> = needed.into_iter().collect();
        format!("Values are still sealed with {}, so keep that too.", names.join(", "))
    };
    say(&format!(
        "{} more values were wrapped with {active}. {others}",
        done.wrapped
    ));
    app.close().await;
    Ok(done.told())
}

/// What came of wrapping every value anew.
#[derive(Default)]
struct Rewrapped {
    wrapped: usize,
    /// Values that do not open, and why: they stay as they are and hold up nothing else.
    left: Vec<String>,
}

impl Rewrapped {
    /// Says what was left, and gives the exit code that tells.
    fn told(&self) -> ExitCode {
        if self.left.is_empty() {
            return ExitCode::SUCCESS;
        }
        say(&format!(
            "{} did not open and stay as they are:\n  {}",
            match self.left.len() {
                1 => "1 value".to_owned(),
                many => format!("{many} values"),
            },
            self.left.join("\n  ")
        ));
        ExitCode::FAILURE
    }
}

async fn rewrap(app: &App, vault: &Vault) -> anyhow::Result<Rewrapped> {
    let mut done = Rewrapped::default();
    for column in Column::ALL {
        let (table, name) = column.place();
        let mut after = String::new();
        loop {
            let cells = sealed::cells(&app.db, column, &after).await?;
            let Some(last) = cells.last() else { break };
            after.clone_from(&last.id);
            for cell in &cells {
                let place = Sealed {
                    table,
                    column: name,
                    row: &cell.id,
                    environment: &cell.environment_id,
                };
                match vault.rewrap(place, &cell.sealed) {
                    Ok(None) => {}
                    // A value changed meanwhile was sealed by a running gateway, with a key that is still in the file.
                    Ok(Some(new)) => {
                        let is_replaced = sealed::replace(&app.db, column, &cell.id, &cell.sealed, &new).await?;
                        done.wrapped += usize::from(is_replaced);
                    }
                    Err(error) => done.left.push(format!("{table}.{name} of {}: {error}", cell.id)),
                }
            }
        }
    }
    rewrap_signer(app, vault, &mut done).await?;
    Ok(done)
}

async fn rewrap_signer(app: &App, vault: &Vault, done: &mut Rewrapped) -> anyhow::Result<()> {
    let Some(stored) = settings::find(&app.db, app::SIGNER).await? else {
        return Ok(());
    };
    match vault.rewrap(app::SIGNER_PLACE, &STANDARD.decode(stored)?) {
        Ok(None) => {}
        Ok(Some(new)) => {
            settings::save(&app.db, app::SIGNER, &STANDARD.encode(new)).await?;
            done.wrapped += 1;
        }
        Err(error) => done.left.push(format!("the audit signing key: {error}")),
    }
    Ok(())
}
