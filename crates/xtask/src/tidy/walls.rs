//! Walls: SQL only in the store, no I/O in pure code, the product and the sandbox apart.

use crate::tidy::source::Source;

/// What does I/O or waits for it.
const IO: &[&str] = &[
    "async fn",
    ".await",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "std::thread",
    "std::env",
    "tokio::",
    "reqwest::",
    "hyper::",
    "axum::",
    "sqlx::",
];

/// What would make the product behave differently in tests, or let somebody switch a check off.
const SWITCHES: &[&str] = &[
    "danger_accept",
    ".dangerous()",
    "debug_assertions",
    "cfg(feature",
    "cfg!(feature",
    "failpoint",
    "env::var",
];

/// The files of the product that start the sandbox.
const STARTS_THE_SANDBOX: &[&str] = &["main.rs", "cli", "demo"];

/// What compares or looks up a secret that somebody shows, and where that may be done: each of these places takes the
/// proof that the attempt was counted (`admin/throttle.rs`), or looks up a token nobody can guess on every request.
const JUDGES_OF_SECRETS: &[(&str, &[&str])] = &[
    (".verify_password(", &["admin/password"]),
    (
        "verify_password(&counted,",
        &["admin/account", "admin/proof", "sign_in/local"],
    ),
    (
        ".ct_eq(",
        &[
            "admin/second_factor/code",
            "oauth/client_auth",
            "oauth/token",
            "openid/claims",
            "entra/identity",
            "vault",
        ],
    ),
    ("step_of(", &["admin/second_factor"]),
    ("take_recovery(", &["admin/second_factor", "store/second_factors"]),
    ("find_by_token(", &["sign_in/invitation", "store/invitations"]),
    (".secret_hash.as_deref()", &["oauth/client_auth", "oauth/register"]),
    ("api_keys::find_by_hash(", &["call/authenticate"]),
];

/// The breaches of these rules.
pub(crate) fn complaints(sources: &[Source]) -> Vec<String> {
    [
        sql_outside_the_store,
        io_in_pure_code,
        sandbox_in_the_product,
        product_in_the_sandbox,
        switches_in_the_product,
        secrets_judged_elsewhere,
    ]
    .into_iter()
    .flat_map(|rule| rule(sources))
    .collect()
}

/// `sqlx` anywhere but in `store`.
pub(crate) fn sql_outside_the_store(sources: &[Source]) -> Vec<String> {
    product_files(sources)
        .filter(|(path, source)| !is_in(path, "store") && mentions(source, "sqlx"))
        .map(|(_, source)| format!("{}: only `store` speaks SQL; `sqlx` has no place here", source.path))
        .collect()
}

/// I/O in `policy` or in the catalogue.
pub(crate) fn io_in_pure_code(sources: &[Source]) -> Vec<String> {
    let policy = product_files(sources)
        .filter(|(path, _)| is_in(path, "policy"))
        .map(|(_, source)| source);
    let catalogue = sources
        .iter()
        .filter(|source| source.product_path("catalogue").is_some());
    let mut found = Vec::new();
    for source in policy.chain(catalogue) {
        for io in IO.iter().filter(|io| source.code.contains(**io)) {
            found.push(format!("{}: `{io}` in code that must be pure", source.path));
        }
    }
    found
}

/// The sandbox in the product's library: the product never knows whether Microsoft or the sandbox answers.
pub(crate) fn sandbox_in_the_product(sources: &[Source]) -> Vec<String> {
    product_files(sources)
        .filter(|(path, _)| !STARTS_THE_SANDBOX.iter().any(|start| is_in(path, start)))
        .filter(|(_, source)| mentions(source, "sandbox"))
        .map(|(_, source)| format!("{}: the library never sees the sandbox", source.path))
        .collect()
}

/// A secret judged where nothing counts the attempts.
pub(crate) fn secrets_judged_elsewhere(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, source) in product_files(sources) {
        for (judge, places) in JUDGES_OF_SECRETS {
            let is_known = places.iter().any(|it| is_in(path, it));
            if source.code.contains(judge) && !is_known {
                let what = judge.trim_matches(['.', '(', '&', ',']);
                found.push(format!(
                    "{}: `{what}` judges a secret; count the attempt first (`admin/throttle.rs`) and name the place in {}",
                    source.path,
                    file!()
                ));
            }
        }
    }
    found
}

/// The product in the sandbox.
pub(crate) fn product_in_the_sandbox(sources: &[Source]) -> Vec<String> {
    let in_sandbox = sources
        .iter()
        .filter(|source| source.path.starts_with("crates/sandbox/"));
    let guilty = in_sandbox.filter(|source| mentions(source, "gatepost"));
    guilty
        .map(|source| format!("{}: the sandbox never sees the product", source.path))
        .collect()
}

/// Switches for tests in the product: what is tested is what is shipped, and TLS is always verified. Settings come through
/// `config` alone.
pub(crate) fn switches_in_the_product(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (_, source) in product_files(sources) {
        for switch in SWITCHES.iter().filter(|switch| source.code.contains(**switch)) {
            found.push(format!(
                "{}: `{switch}` would be a switch for tests in the product",
                source.path
            ));
        }
    }
    found
}

fn product_files(sources: &[Source]) -> impl Iterator<Item = (&str, &Source)> {
    sources
        .iter()
        .filter_map(|source| Some((source.product_path("gatepost")?, source)))
}

/// Whether a path is this file, this folder, or below it.
fn is_in(path: &str, module: &str) -> bool {
    path == module
        || path
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// Whether the code names this crate in a path or an import.
fn mentions(source: &Source, name: &str) -> bool {
    source.code.lines().any(|line| {
        let line = line.trim_start();
        let imported = line.strip_prefix("use ").and_then(|rest| rest.strip_prefix(name));
        let is_import = imported.is_some_and(|rest| rest.starts_with([';', ':', ' ']));
        let mut paths = line
            .match_indices(name)
            .filter(|(at, _)| !line[..*at].ends_with(is_part_of_path));
        is_import || paths.any(|(at, _)| line[at + name.len()..].starts_with("::"))
    })
}

/// `crate::sandbox::x` and `my_sandbox::x` are not the crate `sandbox`.
fn is_part_of_path(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(path: &str, code: &str) -> usize {
        complaints(&[Source::new(path, code)]).len()
    }

    #[test]
    fn sql_is_for_the_store_alone() {
        assert_eq!(on("crates/gatepost/src/store/mod.rs", "use sqlx::Row;\n"), 0);
        assert_eq!(on("crates/gatepost/src/store_room/mod.rs", "use sqlx::Row;\n"), 1);
        assert_eq!(
            on("crates/gatepost/src/audit/mod.rs", "fn f() -> sqlx::Result<()> {}\n"),
            1
        );
    }

    #[test]
    fn pure_code_does_no_io() {
        assert_eq!(on("crates/gatepost/src/policy/mod.rs", "async fn decide() {}\n"), 1);
        assert_eq!(on("crates/catalogue/src/lib.rs", "use std::fs;\n"), 1);
        assert_eq!(on("crates/catalogue/src/lib.rs", "fn decide() {}\n"), 0);
    }

    #[test]
    fn only_the_binary_knows_the_sandbox() {
        assert_eq!(on("crates/gatepost/src/main.rs", "use sandbox::Server;\n"), 0);
        assert_eq!(on("crates/gatepost/src/demo/mod.rs", "sandbox::start();\n"), 0);
        assert_eq!(on("crates/gatepost/src/call/mod.rs", "let x = sandbox::start();\n"), 1);
        assert_eq!(on("crates/gatepost/src/call/mod.rs", "let sandbox = 1;\n"), 0);
    }

    #[test]
    fn a_secret_is_judged_where_attempts_are_counted() {
        let judged = "if given.ct_eq(expected) { enter() }\n";
        assert_eq!(on("crates/gatepost/src/portal/account.rs", judged), 1);
        assert_eq!(on("crates/gatepost/src/oauth/client_auth.rs", judged), 0);
        let password = "if Argon2::default().verify_password(typed, &hash).is_ok() {}\n";
        assert_eq!(on("crates/gatepost/src/sign_in/local.rs", password), 1);
        assert_eq!(on("crates/gatepost/src/admin/password.rs", password), 0);
    }

    #[test]
    fn the_sandbox_knows_no_product() {
        assert_eq!(on("crates/sandbox/src/lib.rs", "use gatepost::clock;\n"), 1);
        assert_eq!(on("crates/sandbox/tests/it/main.rs", "gatepost::run();\n"), 1);
    }

    #[test]
    fn a_switch_for_tests_is_found() {
        let path = "crates/gatepost/src/entra/mod.rs";
        assert_eq!(on(path, "fn f() { builder.danger_accept_invalid_certs(true); }\n"), 1);
        assert_eq!(on(path, "fn f() { if cfg!(debug_assertions) {} }\n"), 1);
        assert_eq!(on(path, "fn f() { std::env::var(\"GATEPOST_X\"); }\n"), 1);
        assert_eq!(on(path, "#[cfg(test)]\nmod tests { fn f() { failpoint!(); } }\n"), 0);
    }
}
