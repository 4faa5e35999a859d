//! What may be linked into Gatepost, checked without a network: the bans, licences and sources of deny.toml, and versions known to be bad.
//!
//! `cargo deny` checks the same and asks for advisories besides; building it takes a fresh machine longer than the tests.

mod known_bad;
mod licence;
mod rules;
mod tree;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::deny::rules::Rules;
use crate::process;

/// Every workspace of ours with a lock file.
const FOLDERS: [&str; 3] = ["", "bench/rmcp-server/", "fuzz/"];

/// Every breach, one line each.
pub(crate) fn complaints() -> Result<Vec<String>> {
    let root = crate::root();
    let rules = Rules::read(&root.join("deny.toml"))?;
    let bad = known_bad::read(&root.join("known-bad.toml"))?;
    let mut found = Vec::new();
    for folder in FOLDERS {
        let path = format!("{folder}Cargo.lock");
        let text = std::fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        let locked = known_bad::locked(&text).with_context(|| format!("cannot understand {path}"))?;
        let told = known_bad::complaints(&bad, &locked).into_iter();
        found.extend(
            told.chain(rules.of_sources(&locked))
                .map(|text| format!("{path}: {text}")),
        );
    }
    let tree = tree::read(&tree_of_the_workspace()?)?;
    found.extend(rules.of_tree(&tree));
    Ok(found)
}

/// Prints the breaches and what was not looked at; an error when there is a breach.
pub(crate) fn run() -> Result<()> {
    let found = complaints()?;
    for complaint in &found {
        println!("{complaint}");
    }
    println!(
        "not looked at: the advisory database, which needs a network (`cargo deny check advisories`), and what is linked on \
         other systems than this one"
    );
    if !found.is_empty() {
        bail!("{} breaches of deny.toml or known-bad.toml", found.len());
    }
    Ok(())
}

/// What is linked on this system, as cargo resolves its features.
fn tree_of_the_workspace() -> Result<String> {
    let mut command = process::cargo(&[
        "tree",
        "--workspace",
        "--offline",
        "--locked",
        "--edges",
        "normal,build,dev",
    ]);
    command.args(["--prefix", "depth", "--format", " {p}|{l}|"]);
    let output = command.output().context("cannot run `cargo tree`")?;
    if !output.status.success() {
        bail!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SUP-01, SUP-02 (half), SUP-03: the locked versions, the licences, the banned crates and the sources, as they are now.
    #[test]
    fn nothing_that_is_banned_or_known_to_be_bad_is_linked() {
        assert_eq!(complaints().unwrap(), Vec::<String>::new());
    }
}
