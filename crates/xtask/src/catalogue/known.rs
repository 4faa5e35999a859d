//! The differences that are meant: read from their list, and held against what a comparison finds.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::catalogue::compare::Difference;

/// Differences that have one reason: each of `what` on each of `on`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    reason: String,
    /// Method and path, where `*` stands for any text.
    on: Vec<String>,
    /// The differences, word for word.
    what: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    difference: Vec<Known>,
}

/// The list in a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Known>> {
    let file = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {file}"))?;
    let file: File = toml::from_str(&text).with_context(|| format!("cannot understand {file}"))?;
    Ok(file.difference)
}

/// Differences that are not listed, and listed ones that do not occur.
pub(crate) fn complaints(known: &[Known], differences: &[Difference]) -> Vec<String> {
    let is_known = |difference: &&Difference| known.iter().any(|known| known.covers(difference));
    let unknown = differences.iter().filter(|difference| !is_known(difference));
    let mut found: Vec<_> = unknown.map(ToString::to_string).collect();
    for entry in known {
        if entry.reason.trim().is_empty() {
            found.push(format!("{}: listed without a reason", entry.on.join(", ")));
        }
        for (on, what) in entry.pairs() {
            if !differences.iter().any(|difference| is_meant(on, what, difference)) {
                found.push(format!("{on}: {what}: listed, but there is no such difference"));
            }
        }
    }
    found
}

impl Known {
    fn covers(&self, difference: &Difference) -> bool {
        self.pairs().any(|(on, what)| is_meant(on, what, difference))
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let on = self.on.iter();
        on.flat_map(|on| self.what.iter().map(move |what| (on.as_str(), what.as_str())))
    }
}

fn is_meant(on: &str, what: &str, difference: &Difference) -> bool {
    difference.what == what && matches(on, &difference.on)
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(on: &str, what: &str) -> Difference {
        Difference {
            on: on.to_owned(),
            what: what.to_owned(),
        }
    }

    fn known(on: &[&str], what: &[&str]) -> Known {
        Known {
            reason: "because".to_owned(),
            on: on.iter().map(|it| (*it).to_owned()).collect(),
            what: what.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn a_difference_without_a_reason_is_told() {
        let list = [known(&["GET /a"], &["x"])];
        let found = [
            difference("GET /a", "x"),
            difference("GET /a", "y"),
            difference("GET /b", "x"),
        ];
        assert_eq!(complaints(&list, &found), ["GET /a: y", "GET /b: x"]);
    }

    #[test]
    fn a_reason_without_a_difference_is_told() {
        let list = [known(&["GET /a", "GET /b"], &["x"])];
        assert_eq!(
            complaints(&list, &[difference("GET /a", "x")]),
            ["GET /b: x: listed, but there is no such difference"]
        );
    }

    #[test]
    fn a_reason_must_be_given() {
        let mut list = [known(&["GET /a"], &["x"])];
        list[0].reason.clear();
        assert_eq!(
            complaints(&list, &[difference("GET /a", "x")]),
            ["GET /a: listed without a reason"]
        );
    }

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches("GET /a", "GET /a"));
        assert!(!matches("GET /a", "GET /a/b"));
        assert!(matches("* /a*", "GET /a/b"));
        assert!(matches("*/datasets/{}*", "GET /groups/{}/datasets/{}"));
        assert!(!matches("*/datasets/{}/*", "GET /groups/{}/datasets/{}"));
        assert!(!matches("GET *a", "POST /a"));
    }
}
