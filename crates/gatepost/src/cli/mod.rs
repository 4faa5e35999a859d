//! The command line: what it takes, and which command answers.

mod audit;
mod backup;
mod check;
mod guard;
mod keys;
mod output;
mod panics;
mod people;
mod reading;
mod sandbox;
mod serve;

pub(crate) use output::{problem, say};
pub(crate) use serve::{bind, start_logging, stop_signal};

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use gatepost::config::Settings;

use crate::demo;

/// A self-hosted gateway through which AI agents and applications use Power BI as the person who asked.
#[derive(Parser)]
#[command(name = "gatepost", version, about, propagate_version = true)]
#[command(
    after_help = "Examples:\n  gatepost demo                 try everything against a pretend Microsoft, nothing to set up\n  gatepost serve                start on SQLite in ./gatepost-data and print the set-up link\n  gatepost check                say what is wrong with the set-up and how to mend it"
)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Gateway and sandbox on this machine, with people, data, a connection and an API key ready to use.
    #[command(
        after_help = "Examples:\n  gatepost demo\n  gatepost demo --json --listen 127.0.0.1:0 --sandbox-listen 127.0.0.1:0"
    )]
    Demo(demo::Options),
    /// The gateway.
    #[command(
        after_help = "Examples:\n  gatepost serve\n  gatepost serve --config /etc/gatepost.toml --migrate\n  GATEPOST_PUBLIC_URL=https://gatepost.example.com gatepost serve --listen 0.0.0.0:8420"
    )]
    Serve(serve::Options),
    /// A pretend Microsoft Entra ID and Power BI alone, for anyone who tests Power BI code.
    #[command(
        after_help = "Examples:\n  gatepost sandbox\n  gatepost sandbox --listen 127.0.0.1:9443 --tls-dir /tmp/tls   (https, for MSAL; trust tls/ca.pem)"
    )]
    Sandbox(sandbox::Options),
    /// Reads the configuration, database, keys and outside connections; says what is wrong and how to mend it.
    #[command(after_help = "Example:\n  gatepost check --config /etc/gatepost.toml")]
    Check(Place),
    /// Creates the database's tables or brings them up to date. Back the database up first.
    #[command(after_help = "Example:\n  gatepost migrate --data /var/lib/gatepost")]
    Migrate(Place),
    /// The vault's keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Writes a copy of the database while gateways run. The vault's keys are never in it.
    #[command(after_help = "Example:\n  gatepost backup /mnt/backups/gatepost-2026-11-26.db")]
    Backup(backup::Backup),
    /// Puts a copy back and ends what it would revive: tokens, sessions, approvals and API keys.
    #[command(
        after_help = "Examples:\n  gatepost restore --replace /mnt/backups/gatepost-2026-11-26.db\n  pg_restore … && gatepost restore"
    )]
    Restore(backup::Restore),
    /// People with a local password.
    #[command(subcommand)]
    User(people::User),
    /// API keys.
    #[command(subcommand)]
    ApiKey(people::Key),
    /// Prints every setting with its default, as a gatepost.toml or as the reference page.
    #[command(
        after_help = "Examples:\n  gatepost settings > gatepost.toml\n  gatepost settings --markdown > docs/reference/settings.md"
    )]
    Settings {
        /// As the reference page.
        #[arg(long)]
        markdown: bool,
    },
}

/// Where the installation is.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// Configuration file [default: gatepost.toml here, if there is one]
    #[arg(long, env = "GATEPOST_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the database file, the key file and the audit checkpoints
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

impl Place {
    /// The settings of this place, with `more` on top.
    pub(crate) fn settings(&self, more: &[(&str, String)]) -> anyhow::Result<Settings> {
        let mut overrides = more.to_vec();
        overrides.extend(self.data.as_ref().map(|it| ("data", it.display().to_string())));
        Ok(Settings::read(self.config.as_deref(), &overrides)?)
    }
}

/// Runs the command; 0 when it worked, 1 when it did not, 2 when it was not understood.
pub(crate) fn run() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // A closed pipe is the reader's business.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    guard::leave_no_memory();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return problem(&anyhow::anyhow!("the runtime cannot be started: {error}")),
    };
    match runtime.block_on(answer(command.what)) {
        Ok(code) => code,
        Err(error) => problem(&error),
    }
}

async fn answer(what: What) -> anyhow::Result<ExitCode> {
    match what {
        What::Demo(options) => demo::run(options).await.map(|()| ExitCode::SUCCESS),
        What::Serve(options) => serve::run(options).await.map(|()| ExitCode::SUCCESS),
        What::Sandbox(options) => sandbox::run(options).await.map(|()| ExitCode::SUCCESS),
        What::Check(place) => check::run(&place).await,
        What::Migrate(place) => serve::migrate(&place).await.map(|()| ExitCode::SUCCESS),
        What::Keys(keys) => keys::run(keys).await,
        What::Audit(audit) => audit::run(audit).await,
        What::Backup(options) => backup::back_up(&options).await.map(|()| ExitCode::SUCCESS),
        What::Restore(options) => backup::restore(&options).await.map(|()| ExitCode::SUCCESS),
        What::User(user) => people::add_user(user).await.map(|()| ExitCode::SUCCESS),
        What::ApiKey(key) => people::add_key(key).await.map(|()| ExitCode::SUCCESS),
        What::Settings { markdown } => {
            say(&if markdown {
                output::settings_page()
            } else {
                gatepost::config::example_file()
            });
            Ok(ExitCode::SUCCESS)
        }
    }
}
