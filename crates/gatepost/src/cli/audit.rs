//! `gatepost audit verify`, `acknowledge` and `export`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Subcommand, ValueEnum};
use gatepost::app::{self, App};
use gatepost::audit::{self, CSV_HEADER, Gap, Kept, Outside, PublicKey, Report};
use gatepost::caller::EnvironmentId;
use gatepost::clock::Clock;
use gatepost::store::{audit as rows, environments, settings};

use super::reading::Reading;
use super::{Place, say};

/// What to do with the audit log.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// Checks the whole log; exit code 1 and the first wrong entry when anything was changed, inserted, removed or cut off.
    #[command(
        after_help = "Examples:\n  gatepost audit verify\n  gatepost audit verify --checkpoints /mnt/elsewhere/audit-checkpoints.txt"
    )]
    Verify {
        #[command(flatten)]
        place: Place,
        /// Checkpoint file kept apart from the database [default: the one the settings name]
        #[arg(long, value_name = "FILE")]
        checkpoints: Option<PathBuf>,
        /// Public key of the gateway that wrote the log, in base64 [default: the one the database names]
        #[arg(long, value_name = "KEY")]
        public_key: Option<PublicKey>,
    },
    /// Puts on record that entries are lost because an older copy of the database, or a standby that was behind, took over.
    #[command(
        after_help = "Example:\n  gatepost audit acknowledge --reason 'database restored from the copy of Sunday'"
    )]
    Acknowledge {
        #[command(flatten)]
        place: Place,
        /// Checkpoint file kept apart from the database [default: the one the settings name]
        #[arg(long, value_name = "FILE")]
        checkpoints: Option<PathBuf>,
        /// Why they are lost, for whoever reads the log
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Writes the log to standard output.
    #[command(
        after_help = "Examples:\n  gatepost audit export > audit.jsonl\n  gatepost audit export --format csv --after 1000 > audit.csv"
    )]
    Export {
        #[command(flatten)]
        place: Place,
        /// One JSON object per line, with the hash; or CSV
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
        /// Only entries after this sequence number
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Json,
    Csv,
}

pub(super) async fn run(audit: Audit) -> anyhow::Result<ExitCode> {
    match audit {
        Audit::Verify {
            place,
            checkpoints,
            public_key,
        } => verify(&place, checkpoints, public_key).await,
        Audit::Acknowledge {
            place,
            checkpoints,
            reason,
        } => acknowledge(&place, checkpoints, &reason)
            .await
            .map(|()| ExitCode::SUCCESS),
        Audit::Export { place, format, after } => export(&place, format, after).await,
    }
}

async fn verify(place: &Place, checkpoints: Option<PathBuf>, key: Option<PublicKey>) -> anyhow::Result<ExitCode> {
    let reading = Reading::open(place).await?;
    // Before the database: what is signed outside is never ahead of it then.
    let outside = outside(&reading, checkpoints)?;
    let (key, from) = public_key(&reading, key).await?;
    let report = audit::verify(&reading.db, &key, outside.as_ref()).await?;
    reading.db.close().await;
    say(&format!(
        "{} entries, {} checkpoints, checked with the public key {key} {from}.",
        report.entries, report.checkpoints
    ));
    if outside.is_none() {
        say("There is no checkpoint file outside the database, so a cut tail may go unnoticed.");
    }
    if 0 < report.unknown_ends {
        say(&format!(
            "The end of {} calls is not known: their gateway stopped before (Activity, \"End unknown\").",
            report.unknown_ends
        ));
    }
    for fault in report.faults.iter().take(20) {
        say(&format!("entry {}: {}", fault.seq, fault.what));
    }
    for Gap { after, until } in &report.acknowledged {
        say(&format!(
            "Entries after {after}, up to {until}, are lost; an entry of the log acknowledges it."
        ));
    }
    Ok(verdict(&report))
}

fn verdict(report: &Report) -> ExitCode {
    let Some(first) = report.faults.first() else {
        say(&match report.acknowledged.first() {
            None => "The log is whole.".to_owned(),
            Some(gap) => format!("The log is whole, with an acknowledged gap after entry {}.", gap.after),
        });
        return ExitCode::SUCCESS;
    };
    say(&format!(
        "The log was tampered with: {} findings, the first at entry {}.",
        report.faults.len(),
        first.seq
    ));
    if let Some(Gap { after, until }) = report.lost {
        say(&format!(
            "Entries after {after}, up to {until}, were signed once and are not here. If an older copy of the database was put back, or a standby that was behind took over, say so with `gatepost audit acknowledge`."
        ));
    }
    ExitCode::FAILURE
}

/// What is kept outside the database, from the file named or the one of the settings.
fn outside(reading: &Reading, named: Option<PathBuf>) -> anyhow::Result<Option<Kept>> {
    let is_named = named.is_some();
    let path = named.unwrap_or_else(|| reading.settings.anchor_path());
    let kept = Outside::at(path.clone()).read();
    let kept = kept.with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(kept.is_some() || !is_named, "there is no file {}", path.display());
    Ok(kept)
}

async fn public_key(reading: &Reading, named: Option<PublicKey>) -> anyhow::Result<(PublicKey, &'static str)> {
    if let Some(key) = named {
        return Ok((key, "you named"));
    }
    let stored = settings::find(&reading.db, app::PUBLIC_KEY).await?;
    let stored = stored
        .context("the database holds no public key yet; start the gateway once, or name one with --public-key")?;
    let key = stored.parse().map_err(|why: &str| anyhow::anyhow!(why))?;
    Ok((key, "of the database; compare it with a copy kept elsewhere"))
}

async fn acknowledge(place: &Place, checkpoints: Option<PathBuf>, reason: &str) -> anyhow::Result<()> {
    let reading = Reading::open(place).await?;
    let outside = outside(&reading, checkpoints)?;
    let (key, _) = public_key(&reading, None).await?;
    let report = audit::verify(&reading.db, &key, outside.as_ref()).await?;
    reading.db.close().await;
    let gap = report
        .lost
        .context("no checkpoint outside the database proves an entry lost; there is nothing to acknowledge")?;
    let app = App::start(reading.settings, Clock::real(), false).await?;
    let environments: Vec<EnvironmentId> = environments::list(&app.db).await?.into_iter().map(|it| it.id).collect();
    let done = audit::acknowledge(&app.audit, &environments, &app.clock.new_id(), gap, reason).await;
    app.close().await;
    done?;
    say(&format!(
        "On record in every environment: entries after {}, up to {}, are lost. `gatepost audit verify` tells what else it finds.",
        gap.after, gap.until
    ));
    Ok(())
}

async fn export(place: &Place, format: Format, mut after: i64) -> anyhow::Result<ExitCode> {
    let db = Reading::open(place).await?.db;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if matches!(format, Format::Csv) {
        out.write_all(CSV_HEADER.as_bytes())?;
    }
    loop {
        let page = rows::after(&db, after, 1_000).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in &page {
            let line = match format {
                Format::Json => audit::json_line(row),
                Format::Csv => audit::csv_line(row),
            };
            out.write_all(line.as_bytes())?;
        }
    }
    out.flush()?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
