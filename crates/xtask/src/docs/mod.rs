//! `cargo xtask docs`: the reference pages, made from the catalogue and from the product's own settings.

mod answer;
mod example;
mod operations;
mod sample;
mod section;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use clap::Args;

use crate::process;

/// The folder of the generated pages, from the root.
const FOLDER: &str = "docs/reference";
const SETTINGS: &str = "docs/reference/settings.md";

/// Write or compare.
#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing; fail with the names of the pages that would change.
    #[arg(long)]
    check: bool,
}

/// Generated pages by their path from the root.
type Pages = BTreeMap<String, String>;

/// Writes every page, or compares every page.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let operations = operations::pages(catalogue::Catalogue::builtin())?;
    // Before the build of the product, which may take minutes.
    finish(options, &operations, "pages of operations")?;
    process::run_quietly(&mut process::cargo(&["build", "--locked", "--package", "gatepost"]))?;
    let settings = settings(&crate::root().join(crate::check::GATEPOST))?;
    finish(options, &settings, "page of settings")?;
    Ok(ExitCode::SUCCESS)
}

fn finish(options: &Options, pages: &Pages, what: &str) -> Result<()> {
    let count = pages.len();
    if options.check {
        compare(&crate::root(), pages)?;
        println!("up to date: {count} {what}");
    } else {
        let changed = write(&crate::root(), pages)?;
        println!("{count} {what}, {changed} written or removed");
    }
    Ok(())
}

/// Compares the pages of the operations, which need no other program.
pub(crate) fn check_operations() -> Result<()> {
    compare(&crate::root(), &operations::pages(catalogue::Catalogue::builtin())?)
}

/// Compares the page of the settings with what this build of the product says.
pub(crate) fn check_settings(gatepost: &Path) -> Result<()> {
    compare(&crate::root(), &settings(gatepost)?)
}

fn settings(gatepost: &Path) -> Result<Pages> {
    let text = process::output_of(gatepost, &["settings", "--markdown"])
        .with_context(|| format!("`{} settings --markdown` failed", gatepost.display()))?;
    Ok(Pages::from([(SETTINGS.to_owned(), text + "\n")]))
}

fn compare(root: &Path, pages: &Pages) -> Result<()> {
    let mut stale: Vec<_> = pages
        .iter()
        .filter(|(path, text)| fs::read_to_string(root.join(path)).ok().as_ref() != Some(text))
        .map(|(path, _)| path.clone())
        .collect();
    stale.extend(leftovers(root, pages)?);
    if !stale.is_empty() {
        bail!("stale: {}; `cargo xtask docs` writes them", stale.join(", "));
    }
    Ok(())
}

/// Writes what differs and removes what is made no longer; the number of files touched.
fn write(root: &Path, pages: &Pages) -> Result<usize> {
    let mut changed = 0;
    for (path, text) in pages {
        let path = root.join(path);
        if fs::read_to_string(&path).ok().as_ref() == Some(text) {
            continue;
        }
        let folder = path.parent().context("a page lies in a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        changed += 1;
    }
    for path in leftovers(root, pages)? {
        fs::remove_file(root.join(path))?;
        changed += 1;
    }
    Ok(changed)
}

/// Pages of groups that no longer exist, if these are the pages of groups.
fn leftovers(root: &Path, pages: &Pages) -> Result<Vec<String>> {
    let folder = format!("{FOLDER}/operations");
    if !pages.keys().any(|path| path.starts_with(&folder)) || !root.join(&folder).is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(&folder))? {
        let path = format!("{folder}/{}", entry?.file_name().to_string_lossy());
        if !pages.contains_key(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str, text: &str) -> Pages {
        Pages::from([(format!("{FOLDER}/operations/{name}.md"), text.to_owned())])
    }

    #[test]
    fn a_page_that_differs_lacks_or_is_left_over_is_stale() {
        let root = std::env::temp_dir().join(format!("gatepost-docs-{}", std::process::id()));
        assert_eq!(write(&root, &page("a", "one")).unwrap(), 1);
        assert_eq!(write(&root, &page("a", "one")).unwrap(), 0);
        compare(&root, &page("a", "one")).unwrap();
        let stale = |pages| compare(&root, &pages).unwrap_err().to_string();
        assert!(stale(page("a", "two")).starts_with("stale: docs/reference/operations/a.md;"));
        assert!(
            stale(page("b", "one"))
                .starts_with("stale: docs/reference/operations/b.md, docs/reference/operations/a.md;")
        );
        assert_eq!(write(&root, &page("b", "one")).unwrap(), 2);
        compare(&root, &page("b", "one")).unwrap();
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_pages_of_the_operations_are_up_to_date() {
        check_operations().unwrap();
    }
}
