//! `gatepost keys rotate`.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use gatepost::app::{self, App};
use gatepost::clock::Clock;
use gatepost::store::sealed::{self, Column};
use gatepost::store::settings;
use gatepost::vault::{Place as Sealed, Vault};

use super::reading::Reading;
use super::{Place, say};

/// What to do with the vault's keys.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// Adds a fresh key and wraps every sealed value with it, while gateways run. Old keys stay in the file until you remove them.
    #[command(
        after_help = "Examples:\n  gatepost keys rotate\n  gatepost keys rotate --data /var/lib/gatepost\n\nRunning gateways that read the same key file take the new key by themselves; copy the file to the others first."
    )]
    Rotate(Place),
    /// Wraps what running gateways sealed with older keys meanwhile, and forgets keys that nothing here uses.
    #[command(
        after_help = "Example:\n  gatepost keys rewrap\n\nRun it a minute after `keys rotate`; then older keys may leave the key file."
    )]
    Rewrap(Place),
}

pub(super) async fn run(keys: Keys) -> anyhow::Result<()> {
    match keys {
        Keys::Rotate(place) => rotate(&place).await,
        Keys::Rewrap(place) => finish(&place).await,
    }
}

async fn finish(place: &Place) -> anyhow::Result<()> {
    let app = App::start(Reading::settings(place).await?, Clock::real(), false).await?;
    let wrapped = rewrap(&app, &app.vault).await?;
    let active = app.vault.keyring().active().clone();
    for (old, _) in settings::vault_keys(&app.db)
        .await?
        .iter()
        .filter(|(it, _)| *it != active.0)
    {
        settings::remove_vault_key(&app.db, old).await?;
    }
    say(&format!(
        "{wrapped} more values were wrapped with {active}. This database needs no other key now; keep older ones for its backups."
    ));
    app.close().await;
    Ok(())
}

async fn rotate(place: &Place) -> anyhow::Result<()> {
    let settings = Reading::settings(place).await?;
    if settings.vault_keys.is_some() {
        bail!(
            "the keys are set by vault_keys; add a line there as the last one, then start the gateway and run this again to wrap the old values"
        );
    }
    let clock = Clock::real();
    let app = App::start(settings.clone(), clock.clone(), false).await?;
    let mut ring = app::keyring(&settings, &app.db, &clock).await?;
    let id = ring.add(&clock);
    // The key is safe in its file before anything is sealed with it.
    ring.write(&settings.keys_path(), true)
        .context("the key file cannot be written; nothing was changed")?;
    let check = ring.check_value(&id).context("the new key is in the ring")?;
    settings::add_vault_key(&app.db, &id.0, &check, clock.now()).await?;
    let vault = Vault::new(ring, clock.random().clone());
    let wrapped = rewrap(&app, &vault).await?;
    say(&format!(
        "Key {id} seals from now on; {wrapped} values were wrapped with it.\nRunning gateways take it within a minute; then run `gatepost keys rewrap`."
    ));
    app.close().await;
    Ok(())
}

async fn rewrap(app: &App, vault: &Vault) -> anyhow::Result<usize> {
    let mut wrapped = 0;
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
                let new = vault
                    .rewrap(place, &cell.sealed)
                    .with_context(|| format!("{table}.{name} of {} does not open", cell.id))?;
                // A value changed meanwhile was sealed by a running gateway, with a key that is still in the file.
                if let Some(new) = new
                    && sealed::replace(&app.db, column, &cell.id, &cell.sealed, &new).await?
                {
                    wrapped += 1;
                }
            }
        }
    }
    Ok(wrapped + rewrap_signer(app, vault).await?)
}

async fn rewrap_signer(app: &App, vault: &Vault) -> anyhow::Result<usize> {
    let Some(stored) = settings::find(&app.db, app::SIGNER).await? else {
        return Ok(0);
    };
    let Some(new) = vault.rewrap(app::SIGNER_PLACE, &STANDARD.decode(stored)?)? else {
        return Ok(0);
    };
    settings::save(&app.db, app::SIGNER, &STANDARD.encode(new)).await?;
    Ok(1)
}
