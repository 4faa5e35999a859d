//! Rules of the house that need no compiler: layers, walls between modules, file length, first lines, invariants, attacks.

mod dependencies;
mod ends;
mod files;
mod invariants;
mod layers;
mod lists;
mod manifests;
mod matrix;
mod source;
mod tests_in;
mod walls;

use std::path::Path;

use anyhow::Result;
use anyhow::bail;

/// Every breach of every rule, one line each.
pub(crate) fn complaints(root: &Path) -> Result<Vec<String>> {
    let sources = source::read_all(root)?;
    let mut found = files::complaints(&sources);
    found.extend(layers::complaints(&sources));
    found.extend(walls::complaints(&sources));
    found.extend(ends::complaints(&sources));
    found.extend(lists::complaints(&sources));
    found.extend(dependencies::complaints(root, &sources)?);
    found.extend(invariants::complaints(root, &sources)?);
    found.extend(matrix::complaints(root, &sources)?);
    found.extend(manifests::complaints(root)?);
    found.sort();
    found.dedup();
    Ok(found)
}

/// Prints the breaches; an error when there is one.
pub(crate) fn run() -> Result<()> {
    let found = complaints(&crate::root())?;
    for gap in matrix::gaps(&crate::root())? {
        println!("{gap}");
    }
    for complaint in &found {
        println!("{complaint}");
    }
    if !found.is_empty() {
        bail!("{} breaches of the rules of the house (CONTRIBUTING.md)", found.len());
    }
    Ok(())
}

/// The rules on the tree itself. ARCHITECTURE.md names these tests beside the invariants they hold.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source::Source;

    fn the_tree() -> Vec<Source> {
        source::read_all(&crate::root()).unwrap()
    }

    #[test]
    fn a_module_uses_only_the_layers_below_it() {
        assert_eq!(layers::complaints(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn only_the_store_speaks_sql() {
        assert_eq!(walls::sql_outside_the_store(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn policy_and_catalogue_do_no_io() {
        assert_eq!(walls::io_in_pure_code(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn the_library_never_sees_the_sandbox() {
        assert_eq!(walls::sandbox_in_the_product(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn whatever_judges_a_secret_counts_the_attempt() {
        assert_eq!(walls::secrets_judged_elsewhere(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn every_stream_looks_whether_its_access_stands() {
        assert_eq!(ends::complaints(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn every_list_of_the_store_has_an_end() {
        assert_eq!(lists::complaints(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn the_sandbox_never_sees_the_product() {
        assert_eq!(walls::product_in_the_sandbox(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn files_are_short_and_say_what_they_are_for() {
        assert_eq!(files::complaints(&the_tree()), Vec::<String>::new());
    }

    #[test]
    fn every_dependency_is_used() {
        assert_eq!(
            dependencies::complaints(&crate::root(), &the_tree()).unwrap(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_invariant_names_a_test_that_exists() {
        assert_eq!(
            invariants::complaints(&crate::root(), &the_tree()).unwrap(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_attack_is_named_at_a_test_or_listed_as_missing() {
        assert_eq!(
            matrix::complaints(&crate::root(), &the_tree()).unwrap(),
            Vec::<String>::new()
        );
    }

    /// CFG-07: no failpoint, no unverified TLS, no code for debug builds alone, no variable read past the settings.
    #[test]
    fn no_switch_for_tests_is_in_the_product() {
        assert_eq!(walls::switches_in_the_product(&the_tree()), Vec::<String>::new());
    }

    /// SUP-09 (half): no crate of ours may hold unsafe code; nor has one features that a test could switch on.
    #[test]
    fn our_crates_have_no_unsafe_code_and_one_form() {
        assert_eq!(manifests::complaints(&crate::root()).unwrap(), Vec::<String>::new());
    }
}
