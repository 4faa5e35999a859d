//! Our Rust files, each with its text and the code in it without comments and inline tests.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

/// One Rust file.
pub(crate) struct Source {
    /// The path from the workspace's folder, with `/` between its parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
    /// The text without comment lines and without items marked `#[cfg(test)]`.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: product_code(text),
        }
    }

    /// The path below `crates/NAME/src/`, when the file is there and is no test.
    pub(crate) fn product_path(&self, name: &str) -> Option<&str> {
        let path = self
            .path
            .strip_prefix("crates/")?
            .strip_prefix(name)?
            .strip_prefix("/src/")?;
        let is_test = path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"));
        (!is_test).then_some(path)
    }
}

/// Where our own Rust is: the workspace, and the two that stand apart.
const FOLDERS: [&str; 3] = ["bench", "crates", "fuzz"];

/// Reads every `.rs` file of ours.
pub(crate) fn read_all(root: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(root, &root.join(folder), &mut found)?;
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            found.push(Source::new(&name, &text));
        }
    }
    Ok(())
}

/// Leaves out comment lines and each item that follows `#[cfg(test)]`. rustfmt's layout makes this reliable: an item's
/// closing brace stands alone at the indentation of its first line.
fn product_code(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            skip_item(&mut lines);
        } else if !line.trim_start().starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>) {
    for line in lines.by_ref() {
        if line.ends_with(';') || line.ends_with('}') {
            return;
        }
        if line.ends_with('{') {
            let indentation = &line[..line.len() - line.trim_start().len()];
            let closing = format!("{indentation}}}");
            lines.take_while(|line| *line != closing).for_each(drop);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_inline_tests_are_no_product_code() {
        let text = "//! For `sqlx::`.\nuse a;\n#[cfg(test)]\nmod tests;\nfn b() {}\n#[cfg(test)]\nmod more {\n    \
                    use crate::store;\n    fn x() {\n    }\n}\nfn c() {}\n";
        assert_eq!(
            Source::new("crates/x/src/lib.rs", text).code,
            "use a;\nfn b() {}\nfn c() {}\n"
        );
    }

    #[test]
    fn tests_are_not_part_of_the_product() {
        let path = |path: &str| Source::new(path, "").product_path("gatepost").map(str::to_owned);
        assert_eq!(path("crates/gatepost/src/call/mod.rs").as_deref(), Some("call/mod.rs"));
        assert_eq!(path("crates/gatepost/src/call/tests.rs"), None);
        assert_eq!(path("crates/gatepost/tests/it/main.rs"), None);
        assert_eq!(path("crates/sandbox/src/lib.rs"), None);
    }
}
