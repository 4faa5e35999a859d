//! `cargo xtask catalogue`: our catalogue beside a Swagger file, with every difference printed.

mod compare;
mod fields;
mod known;
mod ours;
mod shape;
mod swagger;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use clap::Args;

/// Where a Swagger file lies that a developer keeps beside the repository; it cannot be part of it.
const BESIDE: &str = "../shared/reference/powerbi-swagger.json";

/// The differences that are meant, with their reasons.
const KNOWN: &str = "crates/catalogue/differences.toml";

/// What to compare with.
#[derive(Args)]
pub(crate) struct Options {
    /// A Swagger 2 file of the Power BI REST API. It stays where it is: neither it nor its texts enter this repository.
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
    /// Print also the differences that are meant.
    #[arg(long)]
    all: bool,
}

/// Prints the differences nobody has given a reason for; succeeds only when there are none.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let compared = Compared::with(&options.against)?;
    if options.all {
        for difference in &compared.differences {
            println!("{difference}");
        }
    }
    for complaint in &compared.complaints {
        println!("{complaint}");
    }
    println!("{}", compared.summary());
    Ok(if compared.complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether somebody keeps a Swagger file beside the repository.
pub(crate) fn is_beside() -> bool {
    crate::root().join(BESIDE).is_file()
}

/// Compares with the file beside the repository.
pub(crate) fn check_beside() -> Result<()> {
    let compared = Compared::with(&crate::root().join(BESIDE))?;
    if !compared.complaints.is_empty() {
        bail!("{}\n{}", compared.complaints.join("\n"), compared.summary());
    }
    println!("{}", compared.summary());
    Ok(())
}

/// The outcome of one comparison.
struct Compared {
    /// How many operations are here, and how many there.
    counts: (usize, usize),
    differences: Vec<compare::Difference>,
    /// Differences without a reason, and reasons without a difference.
    complaints: Vec<String>,
}

impl Compared {
    fn with(path: &Path) -> Result<Self> {
        let file = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {file}"))?;
        let document = serde_json::from_str(&text).with_context(|| format!("{file} is no JSON"))?;
        let theirs = swagger::operations(&document).with_context(|| format!("{file} is no Swagger 2 document"))?;
        let ours = ours::operations(catalogue::Catalogue::builtin());
        let differences = compare::differences(&ours, &theirs);
        let known = known::read(&crate::root().join(KNOWN))?;
        Ok(Self {
            counts: (ours.len(), theirs.len()),
            complaints: known::complaints(&known, &differences),
            differences,
        })
    }

    fn summary(&self) -> String {
        let (ours, theirs) = self.counts;
        format!(
            "{ours} operations in the catalogue, {theirs} in the Swagger file; {} differences, {} to explain in {KNOWN}",
            self.differences.len(),
            self.complaints.len()
        )
    }
}
