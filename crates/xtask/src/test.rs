//! `cargo xtask test`: everything that must pass before a change lands.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use anyhow::ensure;
use clap::Args;
use clap::ValueEnum;

use crate::check;
use crate::fuzz;
use crate::peers;
use crate::postgres::Postgres;
use crate::process;
use crate::soak;
use crate::steps::Steps;
use crate::tools;

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
}

/// A part of the whole.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Nothing but the installation of what is missing, which every other part begins with too.
    Tools,
    /// Format, tidy, generated pages, lints.
    Static,
    /// The suite on SQLite.
    Sqlite,
    /// The suite again on PostgreSQL.
    Postgres,
    /// Each fuzz target for twenty seconds.
    Fuzz,
    /// The short form of the soaks that have one.
    Soak,
    /// Published clients against the demo and the sandbox.
    Peers,
    /// Chromium through the portal.
    Browser,
}

/// Runs the parts one after the other; a failure in one does not stop the next.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let mut steps = Steps::new();
    let tools = steps.step("tools", |_| tools::install());
    if wanted(Part::Static) {
        check::static_checks(&mut steps);
    }
    if wanted(Part::Sqlite) {
        steps.step("tests on SQLite", |tally| {
            process::run_counting(&mut check::tests_on_sqlite(), tally)
        });
        check::settings_page(&mut steps);
    }
    if wanted(Part::Postgres) {
        steps.step("tests on PostgreSQL", |tally| {
            let server = Postgres::start()?;
            process::run_counting(&mut check::tests_on_postgres(&server.url), tally)
        });
    }
    if wanted(Part::Fuzz) {
        fuzz::test(&mut steps);
    }
    if wanted(Part::Peers) || wanted(Part::Browser) || wanted(Part::Soak) {
        let gatepost = steps.step("build", |_| build_gatepost());
        if let Some(gatepost) = gatepost.as_deref().filter(|_| wanted(Part::Soak)) {
            soak::test(&mut steps, gatepost);
        }
        if let (Some(tools), Some(gatepost)) = (tools, gatepost) {
            if wanted(Part::Peers) {
                peers::run_clients(&mut steps, &tools, &gatepost);
            }
            if wanted(Part::Browser) {
                steps.step("browser", |tally| peers::run_browser(&tools, &gatepost, tally));
            }
        }
    }
    Ok(steps.close())
}

/// The product as the tests built it: the same features, so nothing is compiled again.
fn build_gatepost() -> Result<PathBuf> {
    process::run_quietly(&mut process::cargo(&[
        "test",
        "--workspace",
        "--locked",
        "--no-run",
        "--quiet",
    ]))?;
    let gatepost = crate::root().join(check::GATEPOST);
    ensure!(gatepost.is_file(), "`cargo test` built no {}", gatepost.display());
    Ok(gatepost)
}
