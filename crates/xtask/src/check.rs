//! `cargo xtask check`: format, tidy, generated pages, lints and the tests on SQLite.

use std::process::Command;
use std::process::ExitCode;

use anyhow::Result;

use crate::catalogue;
use crate::deny;
use crate::docs;
use crate::process;
use crate::steps::Steps;
use crate::tidy;

/// The workspace, and the two that stand apart so that their dependencies and flags do not touch the product.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "bench/rmcp-server/Cargo.toml", "fuzz/Cargo.toml"];

/// The fast part, without peers and without anything to install.
pub(crate) fn run() -> Result<ExitCode> {
    let mut steps = Steps::new();
    static_checks(&mut steps);
    steps.step("tests on SQLite", |tally| {
        process::run_counting(&mut tests_on_sqlite(), tally)
    });
    settings_page(&mut steps);
    Ok(steps.close())
}

/// What needs no test to run: format, the rules of the house, generated pages, lints.
pub(crate) fn static_checks(steps: &mut Steps) {
    steps.step("format", |_| {
        MANIFESTS.iter().try_for_each(|manifest| {
            let arguments = ["fmt", "--all", "--check", "--manifest-path", manifest];
            process::run_quietly(&mut process::cargo(&arguments))
        })
    });
    steps.step("tidy", |_| tidy::run());
    steps.step("reference pages", |_| docs::check_operations());
    if catalogue::is_beside() {
        steps.step("catalogue against the Swagger file", |_| catalogue::check_beside());
    }
    steps.step("lints", |_| process::run_quietly(&mut lints()));
    // After the lints, because they fetched every package that is linked.
    steps.step("bans, licences, sources, bad versions", |_| deny::run());
}

/// The page that the product itself prints; after the tests, because they built the program.
pub(crate) fn settings_page(steps: &mut Steps) {
    steps.step("settings page", |_| docs::check_settings(&crate::root().join(GATEPOST)));
}

/// Where the tests leave the program they built.
pub(crate) const GATEPOST: &str = "target/debug/gatepost";

/// The whole suite, with an SQLite file for each test.
pub(crate) fn tests_on_sqlite() -> Command {
    let mut command = process::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.env_remove("TEST_POSTGRES_URL");
    only_compare_snapshots(&mut command);
    command
}

/// The tests of the crate that has a database, again on PostgreSQL. Asking for the whole workspace keeps the features of
/// the first run, so nothing is built twice.
pub(crate) fn tests_on_postgres(url: &str) -> Command {
    let targets = ["--lib", "--test", "it"];
    let mut command = process::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(targets).env("TEST_POSTGRES_URL", url);
    only_compare_snapshots(&mut command);
    command
}

fn lints() -> Command {
    process::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ])
}

/// A run of everything never writes a snapshot.
fn only_compare_snapshots(command: &mut Command) {
    command.env("INSTA_UPDATE", "no");
}
