//! Developer commands: `cargo xtask check`, `test`, `catalogue`, `docs`, `fuzz`, `soak` and `bench`.
#![expect(clippy::print_stdout, reason = "these commands talk to a person at a terminal")]
#![expect(
    clippy::disallowed_methods,
    reason = "the product's rules on time and environment do not bind its tools"
)]

mod bench;
mod build;
mod catalogue;
mod check;
mod demo;
mod deny;
mod docs;
mod fuzz;
mod peers;
mod postgres;
mod process;
mod soak;
mod steps;
mod test;
mod tidy;
mod tools;

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Developer commands of Gatepost.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "Example:\n  cargo xtask check && cargo xtask test"
)]
enum Command {
    /// Format, lints, tidy and the tests on SQLite: what to run before a commit.
    #[command(after_help = "Example:\n  cargo xtask check")]
    Check,
    /// Everything that must pass before a change lands: installs what is missing, then lints, tests on both databases,
    /// published clients and a browser.
    #[command(after_help = "Example:\n  cargo xtask test\n  cargo xtask test --only peers,browser")]
    Test(test::Options),
    /// Compares the catalogue of operations with a Swagger 2 file and prints every difference.
    #[command(after_help = "Example:\n  cargo xtask catalogue --against ~/powerbi/swagger.json")]
    Catalogue(catalogue::Options),
    /// Writes the reference pages below docs/reference from the catalogue and the settings.
    #[command(after_help = "Examples:\n  cargo xtask docs\n  cargo xtask docs --check")]
    Docs(docs::Options),
    /// Searches for inputs that break pure code, by coverage, starting from `fuzz/corpus`.
    #[command(after_help = "Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz find --seconds 600")]
    Fuzz(fuzz::Options),
    /// Checks that take longer than a minute, on the release build; what they found goes to bench/soak.md.
    #[command(
        after_help = "Examples:\n  cargo xtask soak --list\n  cargo xtask soak kills memory\n  cargo xtask soak fuzz --seconds 30"
    )]
    Soak(soak::Options),
    /// Measures the release build against its own sandbox and prints the tables of bench/README.md.
    #[command(
        after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench --only load --seconds 5 --connections 1,16,64"
    )]
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Check => check::run(),
        Command::Test(options) => test::run(&options),
        Command::Catalogue(options) => catalogue::run(&options),
        Command::Docs(options) => docs::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Bench(options) => bench::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder that holds the workspace.
fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .ancestors()
        .nth(2)
        .expect("xtask lives two folders below the root")
        .to_path_buf()
}
