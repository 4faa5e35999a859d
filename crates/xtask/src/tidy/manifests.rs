//! Rules on Cargo.toml: no unsafe code, profiles as they are measured and shipped, features that would build things twice.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use toml::Table;
use toml::Value;

/// The breaches of these rules.
pub(crate) fn complaints(root: &Path) -> Result<Vec<String>> {
    let workspace = read(&root.join("Cargo.toml"))?;
    let mut found = of_workspace(&workspace);
    for entry in fs::read_dir(root.join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let manifest = read(&root.join("crates").join(&name).join("Cargo.toml"))?;
        found.extend(of_crate(&name, &manifest));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse()
        .with_context(|| format!("cannot understand {}", path.display()))
}

fn of_workspace(manifest: &Table) -> Vec<String> {
    let at = |path: &[&str]| find(manifest, path);
    let text = |path: &[&str]| at(path).and_then(Value::as_str);
    let mut found = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("Cargo.toml: {what}"));
        }
    };
    must(
        text(&["workspace", "lints", "rust", "unsafe_code"]) == Some("forbid"),
        "unsafe code is forbidden in [workspace.lints.rust]",
    );
    must(
        at(&["profile", "release", "lto"]).is_none(),
        "the release profile has no link-time optimisation: it is built to be measured and tried",
    );
    must(
        text(&["profile", "dist", "inherits"]) == Some("release") && text(&["profile", "dist", "lto"]) == Some("thin"),
        "the dist profile is the release profile with link-time optimisation",
    );
    must(
        text(&["profile", "release", "panic"]) == Some("unwind"),
        "a panic unwinds, so that it ends one request and not the gateway",
    );
    let sqlx = at(&["workspace", "dependencies", "sqlx"]);
    let features = sqlx.and_then(|it| it.get("features")?.as_array()).into_iter().flatten();
    let is_lean = !features
        .filter_map(Value::as_str)
        .any(|it| ["derive", "macros"].contains(&it));
    let has_defaults = sqlx.and_then(|it| it.get("default-features")?.as_bool()) != Some(false);
    must(
        is_lean && !has_defaults,
        "sqlx is without its defaults, `derive` and `macros`: they build the drivers a second time, for the compiler",
    );
    must(!manifest.contains_key("patch"), "no crate is patched");
    found
}

fn of_crate(name: &str, manifest: &Table) -> Vec<String> {
    let mut found = Vec::new();
    if find(manifest, &["lints", "workspace"]).and_then(Value::as_bool) != Some(true) {
        found.push(format!(
            "crates/{name}/Cargo.toml: takes over the lints of the workspace"
        ));
    }
    if manifest.contains_key("features") {
        found.push(format!(
            "crates/{name}/Cargo.toml: no features: what is tested is what is shipped"
        ));
    }
    found
}

fn find<'a>(manifest: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(manifest.get(*first)?, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_breach_is_named() {
        let good = fs::read_to_string(crate::root().join("Cargo.toml")).unwrap();
        let on = |text: &str| of_workspace(&text.parse().unwrap());
        assert_eq!(on(&good), Vec::<String>::new());
        for (from, to, word) in [
            ("unsafe_code = \"forbid\"", "unsafe_code = \"warn\"", "unsafe code"),
            ("codegen-units = 16", "lto = \"fat\"", "release profile"),
            ("lto = \"thin\"", "lto = \"off\"", "dist profile"),
            ("panic = \"unwind\"", "panic = \"abort\"", "panic unwinds"),
            ("\"migrate\"", "\"migrate\", \"derive\"", "sqlx"),
            (
                "[workspace.lints.rust]",
                "[patch.crates-io]\n[workspace.lints.rust]",
                "patched",
            ),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from}");
            let told = on(&text);
            assert!(told.len() == 1 && told[0].contains(word), "{from}: {told:?}");
        }
    }

    #[test]
    fn a_crate_without_the_lints_or_with_features_of_its_own_is_named() {
        let on = |text: &str| of_crate("x", &text.parse().unwrap());
        assert_eq!(on("[lints]\nworkspace = true\n"), Vec::<String>::new());
        assert_eq!(on("").len(), 1);
        assert!(on("[features]\nfailpoints = []\n[lints]\nworkspace = true\n")[0].contains("no features"));
    }
}
