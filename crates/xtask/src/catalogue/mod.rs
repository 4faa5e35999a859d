//! `cargo xtask catalogue`: our catalogue beside a Swagger file, with every difference printed.

mod compare;
mod fields;
mod ours;
mod shape;
mod swagger;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use clap::Args;

/// What to compare with.
#[derive(Args)]
pub(crate) struct Options {
    /// A Swagger 2 file of the Power BI REST API. It stays where it is: neither it nor its texts enter this repository.
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
}

/// Prints the differences; like `diff`, it succeeds only when there are none.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let file = options.against.display();
    let text = fs::read_to_string(&options.against).with_context(|| format!("cannot read {file}"))?;
    let document = serde_json::from_str(&text).with_context(|| format!("{file} is no JSON"))?;
    let theirs = swagger::operations(&document).with_context(|| format!("{file} is no Swagger 2 document"))?;
    let ours = ours::operations(catalogue::Catalogue::builtin());
    let differences = compare::differences(&ours, &theirs);
    for difference in &differences {
        println!("{difference}");
    }
    println!(
        "{} operations in the catalogue, {} in {file}, {} differences",
        ours.len(),
        theirs.len(),
        differences.len()
    );
    Ok(if differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
