//! Rules on files: length, the opening sentence, one import line per module, a `mod.rs` in each folder.

use std::collections::BTreeSet;

use crate::tidy::source::Source;

const MOST_LINES: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "manager", "service", "misc",
];

/// The breaches of these rules.
pub(crate) fn complaints(sources: &[Source]) -> Vec<String> {
    let mut found: Vec<String> = sources.iter().flat_map(complaints_on).collect();
    found.extend(folders_without_mod(sources));
    found
}

fn complaints_on(source: &Source) -> Vec<String> {
    let Source { path, text, code } = source;
    let mut found = Vec::new();
    let lines = text.lines().count();
    if MOST_LINES < lines {
        found.push(format!(
            "{path}: {lines} lines, more than {MOST_LINES}; split it by purpose"
        ));
    }
    if !text.starts_with("//! ") {
        found.push(format!("{path}: say in a first line `//! …` what this file is for"));
    }
    if code
        .lines()
        .any(|line| line.trim_start().trim_start_matches("pub ").starts_with("use crate::{"))
    {
        found.push(format!(
            "{path}: one `use crate::module` line per module, no `crate::{{`"
        ));
    }
    let marker = ["TO", "DO"].concat();
    if text.contains(&marker) {
        found.push(format!(
            "{path}: a `{marker}` is left; do it, or write it down where it is planned"
        ));
    }
    if let Some(name) = module_names(path).find(|name| EMPTY_NAMES.contains(name)) {
        found.push(format!(
            "{path}: `{name}` says nothing; name the module after its purpose"
        ));
    }
    found
}

fn module_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(2).map(|part| part.trim_end_matches(".rs"))
}

/// A folder of modules has a `mod.rs`, so that the folder is the module.
fn folders_without_mod(sources: &[Source]) -> Vec<String> {
    let paths: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let folders: BTreeSet<&str> = paths.iter().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let mut found = Vec::new();
    for folder in folders.into_iter().filter(|folder| is_module_folder(folder)) {
        if !paths.contains(format!("{folder}/mod.rs").as_str()) {
            found.push(format!("{folder}/: no `mod.rs`; a folder is a module"));
        }
        if paths.contains(format!("{folder}.rs").as_str()) {
            found.push(format!(
                "{folder}.rs: stands beside a folder of its name; move it to {folder}/mod.rs"
            ));
        }
    }
    found
}

/// Whether the folder lies inside a `src` or inside an integration test's own folder.
fn is_module_folder(folder: &str) -> bool {
    let mut parts = folder.split('/').skip(2);
    match parts.next() {
        Some("src") => parts.next().is_some_and(|first| first != "bin"),
        Some("tests") => parts.nth(1).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(path: &str, text: &str) -> Vec<String> {
        complaints(&[Source::new(path, text)])
    }

    #[test]
    fn a_short_file_with_a_first_line_passes() {
        assert_eq!(
            on("crates/x/src/lib.rs", "//! What it is for.\nuse crate::a;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_long_file_is_refused() {
        let text = format!("//! Long.\n{}", "fn f() {}\n".repeat(500));
        assert_eq!(
            on("crates/x/src/a.rs", &text),
            ["crates/x/src/a.rs: 501 lines, more than 500; split it by purpose"]
        );
    }

    #[test]
    fn each_other_breach_is_named() {
        assert!(on("crates/x/src/a.rs", "use a;\n")[0].contains("first line"));
        assert!(on("crates/x/src/a.rs", "//! A.\nuse crate::{b, c};\n")[0].contains("one `use crate::module` line"));
        assert!(on("crates/x/src/utils.rs", "//! A.\n")[0].contains("`utils` says nothing"));
        assert!(on("crates/x/src/a/b.rs", "//! A.\n")[0].contains("no `mod.rs`"));
        assert!(on("crates/x/tests/it/a/b.rs", "//! A.\n")[0].contains("no `mod.rs`"));
    }

    #[test]
    fn the_root_of_an_integration_test_needs_no_mod() {
        assert_eq!(on("crates/x/tests/it/main.rs", "//! A.\n"), Vec::<String>::new());
    }
}
