//! The table of attacks and faults: each row of docs/security-matrix.toml that must hold is named by a test, or listed as missing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::tidy::source::Source;
use crate::tidy::tests_in::tests_in;

const PAGE: &str = "docs/security-matrix.toml";

/// The rows, by id such as `AS-01`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    /// What each row is about.
    rows: BTreeMap<String, String>,
    /// Why some do not apply.
    out: BTreeMap<String, String>,
    /// What is missing of some.
    missing: BTreeMap<String, String>,
    /// What the test of some does not show.
    half: BTreeMap<String, String>,
    lower: Lower,
}

/// Rows that a test may name and none must.
#[derive(Deserialize)]
struct Lower {
    /// Ids, several in a text.
    ids: Vec<String>,
}

/// Where each row is named: ids with the places.
type Labels = BTreeMap<String, Vec<Place>>;

/// A test that names a row, written `AS-01`, or `AS-01 (half)` where it shows less than the row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    of: String,
    is_half: bool,
}

/// Rows that nobody holds and that are not listed as missing, and labels that stand for no row.
pub(crate) fn complaints(root: &Path, sources: &[Source]) -> Result<Vec<String>> {
    Ok(check(&read(root)?, &labels(root, sources)?))
}

/// What is missing and what is half held, in words.
pub(crate) fn gaps(root: &Path) -> Result<Vec<String>> {
    let matrix = read(root)?;
    let line = |kind: &str, id: &str, why: &str| {
        let title = matrix.rows.get(id).map_or("", String::as_str);
        format!("{kind}: {id} ({title}): {why}")
    };
    let missing = matrix.missing.iter().map(|(id, why)| line("missing", id, why));
    let half = matrix.half.iter().map(|(id, why)| line("half held", id, why));
    Ok(missing.chain(half).collect())
}

fn read(root: &Path) -> Result<Matrix> {
    let text = fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    toml::from_str(&text).with_context(|| format!("cannot understand {PAGE}"))
}

fn check(matrix: &Matrix, labels: &Labels) -> Vec<String> {
    let lower: BTreeSet<&str> = matrix.lower.ids.iter().flat_map(|ids| ids.split(' ')).collect();
    let mut found = lists(matrix, labels);
    for (id, title) in &matrix.rows {
        let excused = matrix.out.contains_key(id) || matrix.missing.contains_key(id);
        match labels.get(id) {
            None if !excused => found.push(format!(
                "{PAGE}: no test names {id} ({title}); write it at a test that fails without the defence, or say under \
                 [missing] what is missing"
            )),
            Some(places) if matrix.out.contains_key(id) => {
                found.push(format!(
                    "{PAGE}: {id} is said not to apply, but {} names it",
                    places[0].of
                ));
            }
            _ => {}
        }
    }
    for (id, places) in labels {
        if !matrix.rows.contains_key(id) && !lower.contains(id.as_str()) {
            found.push(format!("{}: {id} is no row of {PAGE}", places[0].of));
        }
        let half = places.iter().find(|it| it.is_half);
        if let Some(half) = half.filter(|_| !matrix.half.contains_key(id)) {
            found.push(format!(
                "{}: {id} is half held here, but [half] of {PAGE} does not say what is not shown",
                half.of
            ));
        }
    }
    found
}

/// Rows that are listed as not applying, missing or half held, and are no rows, are listed twice, or are held by now.
fn lists(matrix: &Matrix, labels: &Labels) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (section, ids) in [
        ("out", &matrix.out),
        ("missing", &matrix.missing),
        ("half", &matrix.half),
    ] {
        for id in ids.keys() {
            if !matrix.rows.contains_key(id) {
                found.push(format!("{PAGE}: [{section}] lists {id}, which is no row"));
            } else if !seen.insert(id) {
                found.push(format!("{PAGE}: [{section}] lists {id}, which another list has too"));
            }
        }
    }
    for id in matrix.missing.keys() {
        if let Some(place) = labels.get(id).and_then(|it| it.first()) {
            found.push(format!("{PAGE}: [missing] lists {id}, but {} names it", place.of));
        }
    }
    for id in matrix.half.keys() {
        let whole = labels.get(id).and_then(|it| it.iter().find(|place| !place.is_half));
        if let Some(place) = whole {
            found.push(format!(
                "{PAGE}: [half] lists {id}, but {} names it as wholly held; write `{id} (half)` there, or take it off the list",
                place.of
            ));
        }
    }
    found
}

/// The labels at tests: in Rust the doc comments of test functions and of soaks, and the first lines of fuzz targets; in peers
/// the programs.
fn labels(root: &Path, sources: &[Source]) -> Result<Labels> {
    let mut found = Labels::new();
    let mut add = |text: &str, place: &str| {
        for (id, is_half) in ids_in(text) {
            let of = place.to_owned();
            found.entry(id.to_owned()).or_default().push(Place { of, is_half });
        }
    };
    for source in sources {
        for test in tests_in(&source.text) {
            add(&test.about, &format!("{} `{}`", source.path, test.name));
        }
        if source.path.starts_with("fuzz/src/bin/") || source.path.starts_with("crates/xtask/src/soak/") {
            let heads = source.text.lines().filter(|line| line.starts_with("//! "));
            add(&heads.collect::<String>(), &source.path);
        }
    }
    for entry in fs::read_dir(root.join("peers"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if [".py", ".mjs", ".ts", ".sh"].iter().any(|end| name.ends_with(end)) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            add(&text, &format!("peers/{name}"));
        }
    }
    Ok(found)
}

/// Words such as `AS-01`: two to three capitals and two digits; and whether `(half)` follows.
fn ids_in(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.split(move |letter| !is_part(letter))
        .filter(|word| is_id(word))
        .map(|word| {
            let end = word.as_ptr().addr() - text.as_ptr().addr() + word.len();
            (word, text[end..].starts_with(" (half)"))
        })
}

fn is_id(word: &str) -> bool {
    let Some((area, number)) = word.split_once('-') else {
        return false;
    };
    AREAS.contains(&area) && number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit())
}

const AREAS: [&str; 20] = [
    "AS", "CB", "WEB", "VLT", "ISO", "PRX", "MCP", "POL", "AUD", "DOS", "LOG", "CFG", "SUP", "CRH", "UPS", "DB", "RAC",
    "CLK", "UPG", "BAK",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(missing: &str) -> Matrix {
        matrix_with(missing, "")
    }

    fn matrix_with(missing: &str, half: &str) -> Matrix {
        let text = format!(
            "[rows]\nAS-01 = \"one\"\nAS-02 = \"two\"\n[out]\n[missing]\n{missing}\n[half]\n{half}\n[lower]\nids = [\"AS-09 AS-10\"]\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn labels_of(text: &str) -> Labels {
        let root = crate::root();
        let mut found = labels(&root, &[Source::new("crates/x/tests/it/a.rs", text)]).unwrap();
        found.retain(|_, places| places[0].of.starts_with("crates/x"));
        found
    }

    #[test]
    fn a_label_counts_only_in_the_doc_comment_of_a_test() {
        let at_test = "/// AS-01, AS-02\n#[tokio::test]\nasync fn a_thing_holds() {}\n";
        assert_eq!(check(&matrix(""), &labels_of(at_test)), Vec::<String>::new());
        for elsewhere in [
            "//! AS-01, AS-02\nfn x() {}\n",
            "/// AS-01, AS-02\nfn x() {}\n",
            "#[test]\nfn x() {\n    // AS-01, AS-02\n}\n",
        ] {
            assert_eq!(check(&matrix(""), &labels_of(elsewhere)).len(), 2, "{elsewhere}");
        }
    }

    #[test]
    fn a_row_is_named_or_listed_as_missing() {
        let one = "/// AS-01\n#[test]\nfn a_thing_holds() {}\n";
        assert!(check(&matrix(""), &labels_of(one))[0].contains("no test names AS-02 (two)"));
        assert_eq!(check(&matrix("AS-02 = \"all\""), &labels_of(one)), Vec::<String>::new());
        assert!(check(&matrix("AS-03 = \"x\""), &labels_of(one))[0].contains("[missing] lists AS-03, which is no row"));
    }

    #[test]
    fn what_is_held_stands_on_no_list_of_what_is_not() {
        let both = "/// AS-01, AS-02\n#[test]\nfn a_thing_holds() {}\n";
        let one_half = "/// AS-01, AS-02 (half)\n#[test]\nfn a_thing_holds() {}\n";
        let half = "AS-02 = \"the rest\"";
        assert_eq!(
            check(&matrix_with("", half), &labels_of(one_half)),
            Vec::<String>::new()
        );
        for (missing, half, text, said) in [
            (
                half,
                "",
                both,
                "[missing] lists AS-02, but crates/x/tests/it/a.rs `a_thing_holds` names it",
            ),
            (
                "",
                half,
                both,
                "[half] lists AS-02, but crates/x/tests/it/a.rs `a_thing_holds` names it as wholly held",
            ),
            ("", "", one_half, "AS-02 is half held here, but [half]"),
            ("", "AS-77 = \"x\"", both, "[half] lists AS-77, which is no row"),
            (
                "AS-02 = \"x\"",
                half,
                "/// AS-01\n#[test]\nfn a_thing_holds() {}\n",
                "[half] lists AS-02, which another list has too",
            ),
        ] {
            let found = check(&matrix_with(missing, half), &labels_of(text));
            assert!(found.len() == 1 && found[0].contains(said), "{said}: {found:?}");
        }
    }

    #[test]
    fn a_label_for_no_row_is_refused() {
        let text = "/// AS-01, AS-02, AS-09, AS-77, UTF-16, TLS-13\n#[test]\nfn a_thing_holds() {}\n";
        assert_eq!(
            check(&matrix(""), &labels_of(text)),
            ["crates/x/tests/it/a.rs `a_thing_holds`: AS-77 is no row of docs/security-matrix.toml"]
        );
    }
}
