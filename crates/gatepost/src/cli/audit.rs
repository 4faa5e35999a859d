//! `gatepost audit verify` and `gatepost audit export`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use gatepost::app::App;
use gatepost::audit::{self, CSV_HEADER};
use gatepost::clock::Clock;
use gatepost::store::audit as rows;

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
        Audit::Verify { place, checkpoints } => verify(&place, checkpoints).await,
        Audit::Export { place, format, after } => export(&place, format, after).await,
    }
}

async fn verify(place: &Place, checkpoints: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let app = App::start(place.settings(&[])?, Clock::real(), false).await?;
    let path = checkpoints.clone().unwrap_or_else(|| app.anchor_path());
    let anchor = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) if checkpoints.is_none() => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let report = audit::verify(&app.db, &app.signer.public_key(), anchor.as_deref()).await?;
    say(&format!(
        "{} entries, {} checkpoints.",
        report.entries, report.checkpoints
    ));
    if anchor.is_none() {
        say("There is no checkpoint file outside the database, so a cut tail may go unnoticed.");
    }
    for fault in report.faults.iter().take(20) {
        say(&format!("entry {}: {}", fault.seq, fault.what));
    }
    app.db.close().await;
    if report.faults.is_empty() {
        say("The log is whole.");
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "The log was tampered with: {} findings, the first at entry {}.",
        report.faults.len(),
        report.faults[0].seq
    ));
    Ok(ExitCode::FAILURE)
}

async fn export(place: &Place, format: Format, mut after: i64) -> anyhow::Result<ExitCode> {
    let app = App::start(place.settings(&[])?, Clock::real(), false).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if matches!(format, Format::Csv) {
        out.write_all(CSV_HEADER.as_bytes())?;
    }
    loop {
        let page = rows::after(&app.db, after, 1_000).await?;
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
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}
