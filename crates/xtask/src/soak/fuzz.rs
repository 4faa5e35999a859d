//! Ten minutes of libFuzzer for each target.

use anyhow::Result;

use crate::fuzz;
use crate::soak::Soak;
use crate::soak::run::Outcome;
use crate::soak::run::Run;

/// The suite has a step of its own for the targets, so no short form is needed.
pub(super) const SOAK: Soak = Soak {
    name: "fuzz",
    about: "Ten minutes of libFuzzer for each target of fuzz/: no input breaks what the target demands.",
    run,
    is_in_suite: false,
};

const SECONDS: u64 = 600;

fn run(run: &Run) -> Result<Outcome> {
    let seconds = u32::try_from(run.seconds(SECONDS, 1))?;
    let folder = fuzz::build()?;
    let mut outcome = Outcome::default();
    for name in fuzz::targets()? {
        println!("{name}, {seconds} s");
        match fuzz::search(&folder, &name, seconds) {
            Ok(inputs) => {
                outcome.figure(&name, format!("{inputs} inputs"));
                outcome.must(true, name);
            }
            Err(error) => outcome.must(false, format!("{name}: {error:#}")),
        }
    }
    Ok(outcome)
}
