//! Invariants: each one that ARCHITECTURE.md lists names a test, and this test exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::tidy::source::Source;
use crate::tidy::tests_in::tests_in;

/// Invariants without a test, and names of tests that nobody wrote. Nothing to say before ARCHITECTURE.md exists.
pub(crate) fn complaints(root: &Path, sources: &[Source]) -> Result<Vec<String>> {
    let path = root.join("ARCHITECTURE.md");
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(check(&fs::read_to_string(path)?, sources))
}

fn check(page: &str, sources: &[Source]) -> Vec<String> {
    let items = items_of_section(page);
    if items.is_empty() {
        return vec!["ARCHITECTURE.md: no list under a heading with the word `Invariants`".to_owned()];
    }
    let tests: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| tests_in(&source.text))
        .map(|test| test.name)
        .collect();
    let mut found = Vec::new();
    for item in items {
        let named: Vec<&str> = backticked(&item).filter(|word| is_test_name(word)).collect();
        let start: String = item.chars().take(60).collect();
        if named.is_empty() {
            found.push(format!(
                "ARCHITECTURE.md: no test is named in backticks by the invariant `{start}…`"
            ));
        }
        for name in named.into_iter().filter(|name| !tests.contains(last_part(name))) {
            found.push(format!(
                "ARCHITECTURE.md: there is no test `{name}`, named by the invariant `{start}…`"
            ));
        }
    }
    found
}

/// The items of the list, or the rows of the table, under the heading about invariants. An item may span lines.
fn items_of_section(page: &str) -> Vec<String> {
    let is_heading = |line: &&str| line.starts_with('#');
    let after = page
        .lines()
        .skip_while(|line| !(is_heading(line) && line.to_lowercase().contains("invariants")));
    let mut items: Vec<String> = Vec::new();
    for line in after.skip(1).take_while(|line| !is_heading(line)) {
        let is_row = line.starts_with('|') && line.contains('`');
        let is_item = line.starts_with("- ") || line.split_once(". ").is_some_and(|(number, _)| is_number(number));
        if is_row || is_item {
            items.push(line.to_owned());
        } else if line.starts_with("  ")
            && let Some(item) = items.last_mut()
        {
            item.push_str(line);
        }
    }
    items
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit())
}

fn backticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Tests are sentences: at least three words. `call::call` and `policy` are no tests.
fn is_test_name(word: &str) -> bool {
    let name = last_part(word);
    name.matches('_').count() >= 2
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn last_part(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n## Invariants\n\n1. Calls pass `call::call`: `a_call_is_decided`.\n2. Tokens\n   \
                        are hashed: `it::vault::tokens_are_hashed`.\n\n## Next\n- `not_read_at_all`\n";

    fn tree() -> Vec<Source> {
        let text =
            "#[test]\nfn a_call_is_decided() {}\n#[tokio::test(flavor = \"x\")]\nasync fn tokens_are_hashed() {}\n";
        vec![Source::new("crates/x/tests/it/a.rs", text)]
    }

    #[test]
    fn named_tests_that_exist_pass() {
        assert_eq!(check(PAGE, &tree()), Vec::<String>::new());
    }

    #[test]
    fn a_missing_test_is_told() {
        let page = PAGE.replace("a_call_is_decided", "a_call_is_denied");
        assert!(check(&page, &tree())[0].contains("there is no test `a_call_is_denied`"));
    }

    #[test]
    fn an_invariant_without_a_test_is_told() {
        let page = PAGE.replace(": `a_call_is_decided`", "");
        assert!(check(&page, &tree())[0].contains("no test is named"));
    }

    #[test]
    fn a_page_without_invariants_is_told() {
        assert!(check("# A\n", &tree())[0].contains("no list"));
    }
}
