//! What `cargo tree` prints: the packages that are linked, with who brings them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context;
use anyhow::Result;

/// A package, whatever its versions.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Package {
    /// The licences of its versions, as written.
    pub(crate) licences: BTreeSet<String>,
    /// Packages that depend on it directly.
    pub(crate) parents: BTreeSet<String>,
}

/// Reads lines of a depth, name, version and licence: `2 serde_core v1.0.229|MIT|`.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, Package>> {
    let mut found: BTreeMap<String, Package> = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (name, depth, licence) = parts(line).with_context(|| format!("expected a line of `cargo tree`: {line}"))?;
        path.truncate(depth);
        let package = found.entry(name.to_owned()).or_default();
        package.licences.insert(licence.to_owned());
        package.parents.extend(path.last().map(|parent| (*parent).to_owned()));
        path.push(name);
    }
    Ok(found)
}

fn parts(line: &str) -> Option<(&str, usize, &str)> {
    let (depth, rest) = line.split_once(' ')?;
    let (package, rest) = rest.split_once('|')?;
    let name = package.split(' ').next()?;
    Some((name, depth.parse().ok()?, rest.split('|').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_those_one_step_up() {
        let text =
            "0 a v1.0.0 (/somewhere)|MIT|\n1 b v1.0.0|MIT|\n2 c v1.0.0|ISC|\n1 c v2.0.0|MIT| (*)\n\n0 d v1.0.0|MIT|\n";
        let tree = read(text).unwrap();
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(names(&tree["c"].parents), "a b");
        assert_eq!(names(&tree["c"].licences), "ISC MIT");
        assert_eq!(names(&tree["d"].parents), "");
        assert!(read("no line").is_err());
    }
}
