//! Named steps with their time: what is running, what failed, and the closing count of tests.

use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;

/// How many tests passed and failed, and how many could not run on this machine, as their own runners counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// Reads one closing line of a runner: cargo's `test result: …`, or `name: N passed, N failed`, with `, N skipped` at most.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let counts = match line.strip_prefix("test result: ") {
            Some(rest) => rest.split_once(". ")?.1,
            None => line.split_once(": ").map_or(line, |(_, counts)| counts),
        };
        let mut words = counts.split([' ', ',', ';']).filter(|word| !word.is_empty());
        let passed = words.next()?.parse().ok()?;
        let "passed" = words.next()? else { return None };
        let failed = words.next()?.parse().ok()?;
        let "failed" = words.next()? else { return None };
        // Cargo's further words are about other things.
        let skipped = match (words.next(), words.next()) {
            (Some(count), Some("skipped")) => count.parse().ok()?,
            _ => 0,
        };
        Some(Self {
            passed,
            failed,
            skipped,
        })
    }

    /// Adds another count to this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The run so far.
pub(crate) struct Steps {
    began: Instant,
    done: Vec<(String, Duration)>,
    failed: Vec<String>,
    skipped: Vec<String>,
    tally: Tally,
}

impl Steps {
    /// An empty run that begins now.
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            done: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Runs one step and returns what it made; a failure is told and remembered, and the run goes on.
    pub(crate) fn step<T>(&mut self, name: &str, action: impl FnOnce(&mut Tally) -> Result<T>) -> Option<T> {
        let since_start = clock_text(self.began.elapsed());
        println!("\n=== [{since_start}] {name}");
        let began = Instant::now();
        let skipped_before = self.tally.skipped;
        let result = action(&mut self.tally);
        let took = began.elapsed();
        self.done.push((name.to_owned(), took));
        match result {
            Ok(made) => {
                let skipped = self.tally.skipped - skipped_before;
                if skipped == 0 {
                    println!("=== {name}: ok in {}", clock_text(took));
                } else {
                    println!("=== {name}: {skipped} SKIPPED, for the reason above");
                    self.skipped.push(name.to_owned());
                }
                Some(made)
            }
            Err(error) => {
                println!("=== {name}: FAILED after {}: {error:#}", clock_text(took));
                self.failed.push(name.to_owned());
                None
            }
        }
    }

    /// Prints the times and the closing count; the exit code says whether every step succeeded.
    pub(crate) fn close(self) -> ExitCode {
        println!("\n=== [{}] done", clock_text(self.began.elapsed()));
        for (name, took) in &self.done {
            println!("{:>7}  {:<7}  {name}", clock_text(*took), self.mark(name));
        }
        if !self.skipped.is_empty() {
            println!("skipped steps: {}", self.skipped.join(", "));
        }
        if !self.failed.is_empty() {
            println!("failed steps: {}", self.failed.join(", "));
        }
        // A step that failed without a failing test (format, a missing package) still counts as one failure.
        let failed = self.tally.failed.max(self.failed.len() as u64);
        let skipped = match self.tally.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        println!("{} passed, {failed} failed{skipped}", self.tally.passed);
        if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn mark(&self, name: &str) -> &'static str {
        let is_among = |names: &[String]| names.iter().any(|it| it == name);
        if is_among(&self.failed) {
            "FAILED"
        } else if is_among(&self.skipped) {
            "SKIPPED"
        } else {
            "ok"
        }
    }
}

fn clock_text(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_the_runners_are_counted() {
        let cargo =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        for (line, passed, failed, skipped) in [
            (cargo, 12, 3, 0),
            ("msal-node: 9 passed, 0 failed", 9, 0, 0),
            ("4 passed, 1 failed", 4, 1, 0),
            ("codex: 0 passed, 0 failed, 23 skipped", 0, 0, 23),
        ] {
            let tally = Tally {
                passed,
                failed,
                skipped,
            };
            assert_eq!(Tally::of_line(line), Some(tally), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in [
            "",
            "running 12 tests",
            "test tidy::a ... ok",
            "passed: all, failed: none",
            "12 passed",
        ] {
            assert_eq!(Tally::of_line(line), None, "{line}");
        }
    }

    #[test]
    fn a_failed_step_does_not_stop_the_run_but_fails_it() {
        let mut steps = Steps::new();
        assert_eq!(steps.step("first", |_| anyhow::bail!("no luck")), None::<()>);
        assert_eq!(steps.step("second", |_| Ok(7)), Some(7));
        assert_eq!(format!("{:?}", steps.close()), format!("{:?}", ExitCode::FAILURE));
    }
    #[test]
    fn a_step_that_skipped_is_marked_and_fails_nothing() {
        let mut steps = Steps::new();
        steps.step("elsewhere", |tally| {
            tally.skipped += 2;
            Ok(())
        });
        steps.step("here", |tally| {
            tally.passed += 1;
            Ok(())
        });
        assert_eq!(steps.mark("elsewhere"), "SKIPPED");
        assert_eq!(steps.mark("here"), "ok");
        assert_eq!(format!("{:?}", steps.close()), format!("{:?}", ExitCode::SUCCESS));
    }
}
