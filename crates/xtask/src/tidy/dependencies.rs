//! Dependencies: each one that a crate lists is named in its code, and each one of the workspace is listed by a crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use toml::Table;

use crate::tidy::source::Source;

/// Dependencies that no line of code names, and why they are listed all the same.
const UNNAMED: &[(&str, &str)] = &[];

/// Unused dependencies, and download addresses in the lock file of the Node packages.
pub(crate) fn complaints(root: &Path, sources: &[Source]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut listed = BTreeSet::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let manifest = read_manifest(&root.join("crates").join(&name).join("Cargo.toml"))?;
        found.extend(unused(&name, &manifest, sources));
        listed.extend(sections(&manifest).flat_map(|(_, table)| table.keys().cloned()));
    }
    let workspace = read_manifest(&root.join("Cargo.toml"))?;
    let of_workspace = workspace
        .get("workspace")
        .and_then(|table| table.get("dependencies"))
        .and_then(|it| it.as_table());
    for name in of_workspace
        .into_iter()
        .flat_map(Table::keys)
        .filter(|name| !listed.contains(*name))
    {
        found.push(format!(
            "Cargo.toml: no crate lists the workspace's dependency `{name}`"
        ));
    }
    if fs::read_to_string(root.join("peers/package-lock.json"))?.contains("\"resolved\"") {
        found.push("peers/package-lock.json: holds download addresses; see peers/README.md".to_owned());
    }
    Ok(found)
}

fn read_manifest(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse()
        .with_context(|| format!("cannot understand {}", path.display()))
}

fn sections(manifest: &Table) -> impl Iterator<Item = (&'static str, &Table)> {
    let names = ["dependencies", "dev-dependencies", "build-dependencies"];
    names
        .into_iter()
        .filter_map(|name| Some((name, manifest.get(name)?.as_table()?)))
}

/// The dependencies of one crate that its code does not name; those of tests may be named anywhere in the crate.
fn unused(name: &str, manifest: &Table, sources: &[Source]) -> Vec<String> {
    let folder = format!("crates/{name}/");
    let of_crate: Vec<&Source> = sources
        .iter()
        .filter(|source| source.path.starts_with(&folder))
        .collect();
    let mut found = Vec::new();
    for (section, table) in sections(manifest) {
        for dependency in table.keys() {
            let identifier = dependency.replace('-', "_");
            let is_used = of_crate.iter().any(|source| names(&source.text, &identifier));
            let is_known = UNNAMED.iter().any(|(known, _)| known == dependency);
            if !is_used && !is_known {
                found.push(format!(
                    "{folder}Cargo.toml: nothing uses `{dependency}` of [{section}]"
                ));
            }
        }
    }
    found
}

/// Whether the text holds the identifier as the start of a path, an import or a macro.
fn names(text: &str, identifier: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(identifier).any(|(at, _)| {
        let before = &text[..at];
        let after = &text[at + identifier.len()..];
        let is_import = before.ends_with("use ") || before.ends_with("extern crate ");
        !before.ends_with(is_word) && (after.starts_with("::") || (is_import && !after.starts_with(is_word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_no_code_names_is_found() {
        let manifest: Table = "[dependencies]\nserde-json = \"1\"\nbytes = \"1\"\n".parse().unwrap();
        let sources = [Source::new(
            "crates/x/src/lib.rs",
            "use serde_json::Value;\nfn f(bytes: &[u8]) {}\n",
        )];
        assert_eq!(
            unused("x", &manifest, &sources),
            ["crates/x/Cargo.toml: nothing uses `bytes` of [dependencies]"]
        );
    }

    #[test]
    fn paths_and_imports_count_as_use() {
        assert!(names("use jiff;", "jiff"));
        assert!(names("fn f() { jiff::Timestamp::now() }", "jiff"));
        assert!(names("#[derive(thiserror::Error)]", "thiserror"));
        assert!(!names("let jiff = 1;", "jiff"));
        assert!(!names("my_jiff::now()", "jiff"));
    }
}
