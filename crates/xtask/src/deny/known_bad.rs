//! Versions known to be bad: known-bad.toml against the lock files.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bad: Vec<Bad>,
}

/// One crate and the first version that may be used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bad {
    #[serde(rename = "crate")]
    name: String,
    below: String,
    why: String,
}

/// A lock file.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

/// One package of a lock file.
#[derive(Debug, Deserialize)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// None for the packages of the workspace itself.
    pub(crate) source: Option<String>,
    /// The hash of what was published.
    pub(crate) checksum: Option<String>,
}

pub(crate) fn read(path: &Path) -> Result<Vec<Bad>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))?;
    for bad in &file.bad {
        numbers(&bad.below).with_context(|| format!("{}: `{}` is no version", bad.name, bad.below))?;
    }
    Ok(file.bad)
}

pub(crate) fn locked(text: &str) -> Result<Vec<Locked>> {
    Ok(toml::from_str::<Lock>(text)?.package)
}

/// Each locked package that is older than it may be.
pub(crate) fn complaints(bad: &[Bad], locked: &[Locked]) -> Vec<String> {
    let mut found = Vec::new();
    for package in locked {
        for rule in bad.iter().filter(|rule| rule.name == package.name) {
            // A version that cannot be read is not known to be good.
            if numbers(&package.version).is_none_or(|version| Some(version) < numbers(&rule.below)) {
                found.push(format!(
                    "{} {} is below {}: {}",
                    package.name, package.version, rule.below, rule.why
                ));
            }
        }
    }
    found
}

/// Major, minor, patch; and whether it is a release, for a version before it comes earlier.
fn numbers(version: &str) -> Option<([u64; 3], bool)> {
    let version = version.split('+').next()?;
    let (plain, is_release) = version
        .split_once('-')
        .map_or((version, true), |(plain, _)| (plain, false));
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some((numbers, is_release))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: &str) -> Vec<String> {
        let bad = [Bad {
            name: "h2".to_owned(),
            below: "0.4.16".to_owned(),
            why: "floods".to_owned(),
        }];
        let text = format!(
            "[[package]]\nname = \"h2\"\nversion = \"{version}\"\n[[package]]\nname = \"x\"\nversion = \"0.1.0\"\n"
        );
        complaints(&bad, &locked(&text).unwrap())
    }

    #[test]
    fn an_older_version_is_refused_with_the_reason_and_a_newer_one_is_not() {
        for good in ["0.4.16", "0.4.16+1", "0.4.100", "0.5.0", "1.0.0"] {
            assert_eq!(of(good), Vec::<String>::new(), "{good}");
        }
        for bad in ["0.4.15", "0.4.16-rc.1", "0.3.99", "0.0.0", "odd"] {
            assert_eq!(of(bad), [format!("h2 {bad} is below 0.4.16: floods")]);
        }
    }
}
