//! `cargo xtask soak`: checks that take longer than a minute, each in a file of its own; what they found stands in bench/soak.md.

mod build;
mod fuzz;
mod kills;
mod memory;
mod report;
mod restarts;
mod run;
mod scale;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use anyhow::bail;
use clap::Args;

use crate::soak::run::Length;
use crate::soak::run::Outcome;
use crate::soak::run::Run;
use crate::steps::Steps;

/// Every soak, in the order of their rows.
const SOAKS: &[Soak] = &[
    build::SOAK,
    fuzz::SOAK,
    kills::SOAK,
    memory::SOAK,
    restarts::SOAK,
    scale::SOAK,
];

/// One long check.
#[derive(Clone, Copy)]
struct Soak {
    /// Its name on the command line.
    name: &'static str,
    /// One line that says what it holds.
    about: &'static str,
    /// Measures, and says what held.
    run: fn(&Run) -> Result<Outcome>,
    /// Whether `cargo xtask test` runs a short form of it.
    is_in_suite: bool,
}

/// What to run, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Names of soaks, as `--list` prints them.
    #[arg(required_unless_present = "list")]
    names: Vec<String>,
    /// Print every soak and what it holds.
    #[arg(long)]
    list: bool,
    /// How long each part takes, in place of the soak's own time; such a run is not written down.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// How many rounds a soak that counts them makes; such a run is not written down.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: Option<u64>,
    /// How many entries of the audit log a soak begins with; such a run is not written down.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    entries: Option<u64>,
    /// A program that is already built, in place of the release build.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// Runs the named soaks one after the other and writes down what the whole ones found.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.list {
        for soak in SOAKS {
            println!("{:<10} {}", soak.name, soak.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let soaks = named(&options.names)?;
    let length = match (options.seconds, options.rounds, options.entries) {
        (None, None, None) => Length::Whole,
        (seconds, rounds, entries) => Length::Wished {
            seconds,
            rounds,
            entries,
        },
    };
    let mut steps = Steps::new();
    for soak in soaks {
        let run = Run::new(length, options.program.clone());
        steps.step(&format!("soak {}", soak.name), |tally| {
            let began = Instant::now();
            let outcome = soak.take(&run)?;
            if length == Length::Whole {
                report::write(&crate::root(), soak.name, began.elapsed(), &outcome)?;
            } else {
                println!("shortened, so not written to {}", report::PAGE);
            }
            tally.passed += outcome.held;
            outcome.result()
        });
    }
    Ok(steps.close())
}

/// The short form of the soaks that have one, with the program that the tests built.
pub(crate) fn test(steps: &mut Steps, gatepost: &std::path::Path) {
    for soak in SOAKS.iter().filter(|soak| soak.is_in_suite) {
        steps.step(&format!("soak {}, a short one", soak.name), |tally| {
            let outcome = soak.take(&Run::new(Length::InSuite, Some(gatepost.to_owned())))?;
            tally.passed += outcome.held;
            outcome.result()
        });
    }
}

impl Soak {
    fn take(&self, run: &Run) -> Result<Outcome> {
        println!("{}", self.about);
        let outcome = (self.run)(run)?;
        print!("{outcome}");
        Ok(outcome)
    }
}

fn named(names: &[String]) -> Result<Vec<Soak>> {
    let mut found = Vec::new();
    for name in names {
        let Some(soak) = SOAKS.iter().find(|soak| soak.name == name) else {
            let known: Vec<_> = SOAKS.iter().map(|soak| soak.name).collect();
            bail!("no soak {name}; there are {}", known.join(", "));
        };
        found.push(*soak);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_soak_is_refused_with_the_names_there_are() {
        let error = named(&["fizz".to_owned()]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.starts_with("no soak fizz; there are ") && text.contains("fuzz")));
    }

    #[test]
    fn every_soak_has_a_name_of_its_own_and_one_line() {
        for (at, soak) in SOAKS.iter().enumerate() {
            assert!(SOAKS[..at].iter().all(|other| other.name != soak.name), "{}", soak.name);
            assert!(!soak.about.is_empty() && !soak.about.contains('\n'), "{}", soak.name);
        }
    }
}
