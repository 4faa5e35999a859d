//! What a soak is given: how long it runs and the program; and what it gives back: figures, and what held.

use std::cell::OnceCell;
use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use anyhow::bail;

use crate::build;

/// How long a soak runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// All of it: what bench/soak.md tells.
    Whole,
    /// What somebody asked for at the command line.
    Wished {
        seconds: Option<u64>,
        rounds: Option<u64>,
        entries: Option<u64>,
    },
    /// At most a minute, in `cargo xtask test`.
    InSuite,
}

/// One run of a soak.
pub(crate) struct Run {
    pub(crate) length: Length,
    given: Option<PathBuf>,
    built: OnceCell<PathBuf>,
}

impl Run {
    /// A run with a program that is built already, or with the release build.
    pub(crate) fn new(length: Length, program: Option<PathBuf>) -> Self {
        Self {
            length,
            given: program,
            built: OnceCell::new(),
        }
    }

    /// The program to try: the release build unless another was named. Built once.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        if let Some(given) = &self.given {
            return Ok(given.canonicalize()?);
        }
        if let Some(built) = self.built.get() {
            return Ok(built.clone());
        }
        let built = build::release()?;
        Ok(self.built.get_or_init(|| built).clone())
    }

    /// Seconds for each part: `whole` for the whole soak, `in_suite` in the suite, unless others were wished for.
    pub(crate) fn seconds(&self, whole: u64, in_suite: u64) -> u64 {
        match self.length {
            Length::Whole => whole,
            Length::Wished { seconds, .. } => seconds.unwrap_or(whole),
            Length::InSuite => in_suite,
        }
    }

    /// Entries of the audit log, unless others were wished for.
    pub(crate) fn entries(&self, whole: u64) -> u64 {
        match self.length {
            Length::Wished { entries, .. } => entries.unwrap_or(whole),
            Length::Whole | Length::InSuite => whole,
        }
    }

    /// Rounds, likewise.
    pub(crate) fn rounds(&self, whole: u64, in_suite: u64) -> u64 {
        match self.length {
            Length::Whole => whole,
            Length::Wished { rounds, .. } => rounds.unwrap_or(whole),
            Length::InSuite => in_suite,
        }
    }
}

/// What a soak found.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What was measured, by name, in the order of measuring.
    pub(crate) figures: Vec<(String, String)>,
    /// How many demands held.
    pub(crate) held: u64,
    /// The demands that did not hold, in words.
    pub(crate) broken: Vec<String>,
}

impl Outcome {
    /// Writes a figure down, unit included.
    pub(crate) fn figure(&mut self, name: &str, value: impl fmt::Display) {
        self.figures.push((name.to_owned(), value.to_string()));
    }

    /// Demands something; `what` is a sentence that is true when it holds.
    pub(crate) fn must(&mut self, holds: bool, what: impl Into<String>) {
        if holds {
            self.held += 1;
        } else {
            self.broken.push(what.into());
        }
    }

    /// An error that names what did not hold. A soak that demanded nothing fails too.
    pub(crate) fn result(&self) -> Result<()> {
        if !self.broken.is_empty() {
            bail!("did not hold: {}", self.broken.join("; "));
        }
        if self.held == 0 {
            bail!("nothing was demanded");
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.figures {
            writeln!(formatter, "{name}: {value}")?;
        }
        for what in &self.broken {
            writeln!(formatter, "DID NOT HOLD: {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soak_that_demands_nothing_or_breaks_something_fails() {
        let mut outcome = Outcome::default();
        assert!(outcome.result().is_err());
        outcome.must(true, "the sky is blue");
        outcome.result().unwrap();
        outcome.must(false, "the sky is green");
        assert_eq!(
            outcome.result().unwrap_err().to_string(),
            "did not hold: the sky is green"
        );
    }

    #[test]
    fn a_wish_counts_only_for_what_it_names() {
        let wished = Length::Wished {
            seconds: Some(5),
            rounds: None,
            entries: None,
        };
        let run = Run::new(wished, None);
        assert_eq!((run.seconds(600, 20), run.rounds(300, 30), run.entries(9)), (5, 300, 9));
        let run = Run::new(Length::InSuite, None);
        assert_eq!((run.seconds(600, 20), run.rounds(300, 30)), (20, 30));
    }
}
