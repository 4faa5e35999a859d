//! The rules of deny.toml: bans, licences and sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::deny::known_bad::Locked;
use crate::deny::licence;
use crate::deny::tree::Package;

/// Where published crates come from; deny.toml lists no further one.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The parts of deny.toml that need no network. What else it says is for `cargo deny`.
#[derive(Debug, Deserialize)]
pub(crate) struct Rules {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// Licences one crate may have besides.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

/// A crate that must not be linked, unless one of these brings it.
#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
}

impl Rules {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
    }

    /// Packages that come from elsewhere than the registry, or whose content is not pinned.
    pub(crate) fn of_sources(&self, locked: &[Locked]) -> Vec<String> {
        let mut found = Vec::new();
        for rule in [&self.sources.unknown_registry, &self.sources.unknown_git] {
            if rule != "deny" {
                found.push(format!("deny.toml lets unknown sources pass: `{rule}`"));
            }
        }
        for package in locked {
            let Some(source) = &package.source else { continue };
            if source != REGISTRY {
                found.push(format!("{} comes from {source}", package.name));
            } else if package.checksum.is_none() {
                found.push(format!("{} {} has no checksum", package.name, package.version));
            }
        }
        found
    }

    /// Banned packages and licences that are not allowed.
    pub(crate) fn of_tree(&self, tree: &BTreeMap<String, Package>) -> Vec<String> {
        let mut found = Vec::new();
        for (name, package) in tree {
            for ban in self.bans.deny.iter().filter(|ban| ban.name == *name) {
                let others = package.parents.iter().filter(|parent| !ban.wrappers.contains(parent));
                let others: Vec<&str> = others.map(String::as_str).collect();
                if ban.wrappers.is_empty() || !others.is_empty() {
                    found.push(format!(
                        "{name} is banned, brought by {}: {}",
                        others.join(", "),
                        ban.reason
                    ));
                }
            }
            for text in &package.licences {
                match licence::is_allowed(text, &|name_of| self.allows(name, name_of)) {
                    Some(true) => {}
                    Some(false) => found.push(format!(
                        "{name} has the licence `{text}`, which deny.toml does not allow"
                    )),
                    None => found.push(format!("{name} names no licence that can be read: `{text}`")),
                }
            }
        }
        found
    }

    fn allows(&self, name: &str, licence: &str) -> bool {
        let of_crate = self.licenses.exceptions.iter().filter(|it| it.name == name);
        let mut lists = of_crate.map(|it| &it.allow).chain([&self.licenses.allow]);
        lists.any(|list| list.iter().any(|allowed| allowed == licence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deny::known_bad::locked;
    use crate::deny::tree;

    fn rules() -> Rules {
        Rules::read(&crate::root().join("deny.toml")).unwrap()
    }

    fn on(tree: &str) -> Vec<String> {
        rules().of_tree(&tree::read(tree).unwrap())
    }

    #[test]
    fn a_banned_crate_is_found_unless_a_named_one_brings_it() {
        assert!(
            on("0 gatepost v0.1.0|MIT|\n1 ring v0.17.0|MIT|\n")[0].starts_with("ring is banned, brought by gatepost:")
        );
        let by_cedar = "0 cedar-policy-core v4.0.0|MIT|\n1 chrono v0.4.0|MIT|\n";
        assert_eq!(on(by_cedar), Vec::<String>::new());
        let also_by_us = format!("{by_cedar}0 gatepost v0.1.0|MIT|\n1 chrono v0.4.0|MIT|\n");
        assert!(on(&also_by_us)[0].starts_with("chrono is banned, brought by gatepost:"));
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found_and_an_exception_is_for_one_crate() {
        assert!(on("0 x v1.0.0|GPL-3.0|\n")[0].contains("does not allow"));
        assert!(on("0 x v1.0.0||\n")[0].contains("names no licence"));
        assert_eq!(on("0 webpki-roots v1.0.0|CDLA-Permissive-2.0|\n"), Vec::<String>::new());
        assert!(on("0 x v1.0.0|CDLA-Permissive-2.0|\n")[0].contains("does not allow"));
    }

    #[test]
    fn a_package_of_another_source_or_without_a_checksum_is_found() {
        let package = |lines: &str| {
            let text = format!("[[package]]\nname = \"x\"\nversion = \"1.0.0\"\n{lines}");
            rules().of_sources(&locked(&text).unwrap())
        };
        assert_eq!(package(""), Vec::<String>::new());
        let good = format!("source = \"{REGISTRY}\"\nchecksum = \"00\"\n");
        assert_eq!(package(&good), Vec::<String>::new());
        assert_eq!(
            package(&format!("source = \"{REGISTRY}\"\n")),
            ["x 1.0.0 has no checksum"]
        );
        assert!(package("source = \"git+https://git.example/x#1\"\n")[0].contains("comes from git+"));
    }
}
