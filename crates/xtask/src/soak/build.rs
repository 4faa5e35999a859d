//! The release, built twice from nothing without a network, is the same file. SUP-04: only what the lock file names and this machine holds goes in.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::process;
use crate::soak::Soak;
use crate::soak::run::Outcome;
use crate::soak::run::Run;

pub(super) const SOAK: Soak = Soak {
    name: "build",
    about: "Two release builds from nothing, frozen and without a network, give the same file.",
    run,
    is_in_suite: false,
};

const FOLDER: &str = "target/reproduce";

fn run(_: &Run) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    // Whatever the build may need is fetched before the network goes away.
    process::run_quietly(&mut process::cargo(&["fetch", "--locked"]))?;
    let is_cut_off = Command::new("unshare")
        .args(["--net", "true"])
        .status()
        .is_ok_and(|status| status.success());
    outcome.figure(
        "network",
        if is_cut_off {
            "none, in a namespace of its own"
        } else {
            "there, but not used: --frozen"
        },
    );
    let first = build(is_cut_off)?;
    let began = Instant::now();
    let second = build(is_cut_off)?;
    outcome.figure("one build", format!("{} s", began.elapsed().as_secs()));
    outcome.figure("SHA-256", &first[..16]);
    outcome.must(
        first == second,
        format!("both builds are the same file: {first} and {second}"),
    );
    outcome.must(
        is_cut_off,
        "the builds ran without a network (`unshare --net` is allowed)",
    );
    Ok(outcome)
}

/// Builds into an empty folder of the same name each time; the hash of the program.
fn build(is_cut_off: bool) -> Result<String> {
    let folder = crate::root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let cargo = process::cargo(&[
        "build",
        "--release",
        "--frozen",
        "--package",
        "gatepost",
        "--target-dir",
        FOLDER,
    ]);
    let mut command = if is_cut_off {
        process::within(&["unshare", "--net"], &cargo)
    } else {
        cargo
    };
    process::run_quietly(&mut command)?;
    let program = folder.join("release/gatepost");
    let sum = process::output_of("sha256sum", &[&program.to_string_lossy()]).context("cannot run `sha256sum`")?;
    let hash = sum.split(' ').next().unwrap_or_default().to_owned();
    ensure!(hash.len() == 64, "`sha256sum` printed no hash: {sum}");
    fs::remove_dir_all(&folder)?;
    Ok(hash)
}
