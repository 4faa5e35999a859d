//! Layers: a module of the product uses only modules below its own line.

use crate::tidy::source::Source;

/// Modules of `crates/gatepost/src` from the bottom up.
pub(crate) const LAYERS: &[&[&str]] = &[
    &["clock", "json", "network", "unseen"],
    &["caller"],
    &["vault", "policy", "memory"],
    &["store"],
    &["audit", "client_metadata", "entra", "powerbi", "session"],
    &["openid"],
    &["config"],
    &["app"],
    &["call", "connections", "approvals", "page"],
    &["tools", "admin"],
    &["oauth", "sign_in", "connect", "mcp", "rest", "api", "portal"],
    &["http", "jobs"],
    WIRING,
];

/// The binary's own modules. They start everything, and may use each other.
const WIRING: &[&str] = &["main", "cli", "demo"];

/// Uses of a module that is not below, and modules that have no place yet.
pub(crate) fn complaints(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let Some(path) = source.product_path("gatepost") else {
            continue;
        };
        let module = path.split('/').next().unwrap_or(path).trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let Some(mine) = layer(module) else {
            found.push(format!(
                "{}: `{module}` has no layer; give it one in {}",
                source.path,
                file!()
            ));
            continue;
        };
        for used in words_after(&source.code, "crate::").filter(|used| *used != module) {
            let is_wiring = WIRING.contains(&module);
            if layer(used).is_some_and(|theirs| mine <= theirs) && !is_wiring {
                found.push(format!("{}: `{module}` may not use `{used}`", source.path));
            }
        }
        if source.code.contains(&"super::".repeat(depth(path))) {
            found.push(format!(
                "{}: reaches the crate's root through `super::`; write `crate::`",
                source.path
            ));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// How many `super::` lead from this file's module to the crate's root.
fn depth(path: &str) -> usize {
    path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
}

/// The words that follow each occurrence of `prefix` as a word of its own.
pub(crate) fn words_after<'a>(code: &'a str, prefix: &'static str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix)
        .filter(|(at, _)| !code[..*at].ends_with(is_word))
        .map(|(at, _)| {
            code[at + prefix.len()..]
                .split(|letter| !is_word(letter))
                .next()
                .unwrap_or_default()
        })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(path: &str, code: &str) -> Vec<String> {
        complaints(&[Source::new(&format!("crates/gatepost/src/{path}"), code)])
    }

    #[test]
    fn a_module_may_use_what_lies_below() {
        assert_eq!(
            on("call/send.rs", "use crate::entra::Token;\nuse crate::call::Permit;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn policy_may_not_use_store() {
        let found = on("policy/mod.rs", "use crate::store::Db;\n");
        assert_eq!(
            found,
            ["crates/gatepost/src/policy/mod.rs: `policy` may not use `store`"]
        );
    }

    #[test]
    fn faces_do_not_see_each_other() {
        assert_eq!(on("mcp/mod.rs", "use crate::oauth;\n").len(), 1);
        assert_eq!(on("portal.rs", "fn f() { crate::api::g() }\n").len(), 1);
    }

    #[test]
    fn a_new_module_needs_a_place() {
        assert!(on("surprise/mod.rs", "")[0].contains("`surprise` has no layer"));
    }

    #[test]
    fn the_root_is_not_reached_from_below() {
        assert!(on("policy/mod.rs", "use super::store;\n")[0].contains("super::"));
        assert!(on("policy/rules.rs", "use super::super::store;\n")[0].contains("super::"));
        assert_eq!(on("policy/rules.rs", "use super::Rule;\n"), Vec::<String>::new());
    }

    #[test]
    fn the_binary_may_use_everything() {
        assert_eq!(
            on("demo.rs", "use crate::cli;\nuse crate::http;\n"),
            Vec::<String>::new()
        );
    }
}
