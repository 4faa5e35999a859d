//! `cargo xtask fuzz`: libFuzzer over the targets of `fuzz/`, built with the stable compiler and with nothing to install.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use clap::Args;

use crate::process;
use crate::steps::Steps;

/// What makes the compiler tell libFuzzer which code an input reaches; `cargo fuzz` passes the same, less what needs nightly.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// How long `cargo xtask test` gives each target.
const SECONDS_IN_TEST: u32 = 20;

/// What to fuzz.
#[derive(Args)]
pub(crate) struct Options {
    /// Targets by the names of their files in `fuzz/src/bin`; all if none is given.
    targets: Vec<String>,
    /// How long to search with each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets one after the other.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let known = targets()?;
    for name in &options.targets {
        ensure!(known.contains(name), "no target {name}; there are {}", known.join(", "));
    }
    let wanted = if options.targets.is_empty() {
        known
    } else {
        options.targets.clone()
    };
    let mut steps = Steps::new();
    steps_of(&mut steps, &wanted, options.seconds);
    Ok(steps.close())
}

/// Every target for a short while.
pub(crate) fn test(steps: &mut Steps) {
    if let Some(names) = steps.step("fuzz targets", |_| targets()) {
        steps_of(steps, &names, SECONDS_IN_TEST);
    }
}

fn steps_of(steps: &mut Steps, names: &[String], seconds: u32) {
    let Some(folder) = steps.step("build of the fuzz targets", |_| build()) else {
        return;
    };
    for name in names {
        steps.step(&format!("fuzz {name}"), |tally| {
            let inputs = search(&folder, name, seconds)?;
            println!("{inputs} inputs in {seconds} s");
            tally.passed += 1;
            Ok(())
        });
    }
}

/// The names of the files in `fuzz/src/bin`, each of which is a target.
pub(crate) fn targets() -> Result<Vec<String>> {
    let folder = crate::root().join("fuzz/src/bin");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets; the folder they lie in.
pub(crate) fn build() -> Result<PathBuf> {
    let version = process::output_of("rustc", &["--version", "--verbose"]).context("cannot run `rustc`")?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("`rustc` names no host")?;
    let mut command = process::cargo(&["build", "--release", "--locked", "--quiet"]);
    // With a target named, the flags stay away from build scripts and macros.
    command.args([
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target-dir",
        "target/fuzz",
        "--target",
        host,
    ]);
    command.env("RUSTFLAGS", FLAGS);
    process::run_quietly(&mut command)?;
    Ok(crate::root().join("target/fuzz").join(host).join("release"))
}

/// Starts from the target's corpus and what earlier runs found; the number of inputs tried.
pub(crate) fn search(folder: &Path, name: &str, seconds: u32) -> Result<u64> {
    let work = crate::root().join("target/fuzz/found");
    let grown = work.join(name);
    fs::create_dir_all(&grown)?;
    let seeds = crate::root().join("fuzz/corpus").join(name);
    ensure!(seeds.is_dir(), "no seeds: put some inputs into {}", seeds.display());
    let output = Command::new(folder.join(name))
        .args(["-seed=1", "-timeout=10", "-max_len=4096", "-rss_limit_mb=2048"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{name}-", work.display()))
        .args([&grown, &seeds])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        println!("{told}");
        bail!("an input was found, see above; it lies in {}", work.display());
    }
    inputs(&told).with_context(|| format!("`{name}` did not say how many inputs it tried"))
}

/// Reads libFuzzer's closing line.
fn inputs(told: &str) -> Option<u64> {
    let line = told.lines().rev().find_map(|line| line.strip_prefix("Done "))?;
    line.split_once(" runs in ")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_libfuzzer_is_read() {
        assert_eq!(
            inputs("INFO: seed\n#12 pulse\nDone 1795 runs in 26 second(s)\n"),
            Some(1795)
        );
        assert_eq!(inputs("nothing"), None);
    }

    #[test]
    fn every_target_has_seeds() {
        let targets = targets().unwrap();
        assert!(targets.contains(&"find".to_owned()), "{targets:?}");
        for name in targets {
            let seeds = fs::read_dir(crate::root().join("fuzz/corpus").join(&name));
            assert!(seeds.is_ok_and(|mut seeds| seeds.next().is_some()), "{name}");
        }
    }
}
