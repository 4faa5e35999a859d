//! Lists of the store have an end: whatever reads many rows says how many at most, or stands here with the reason.

use crate::tidy::source::Source;

/// What reads many rows.
const MANY: [&str; 3] = [".fetch_all(", ".rows(db)", ".fetch("];
/// What bounds them.
const BOUND: &str = "LIMIT";
/// Functions that read every row, or whose bound stands elsewhere, and why that does no harm.
const UNBOUNDED: &[(&str, &str, &str)] = &[
    (
        "policies",
        "list",
        "a call is judged by all of them; whoever makes one is refused beyond `policies::MOST`",
    ),
    (
        "groups",
        "of_person",
        "a call is judged by all of them; whoever adds a person is refused beyond `groups::MOST_OF_ONE`",
    ),
    (
        "environments",
        "list",
        "one is made at set-up, and nothing makes another",
    ),
    (
        "settings",
        "vault_keys",
        "an operator adds each by hand, and a rotation forgets the old ones",
    ),
    ("migrate", "standing", "as many as there are migrations in the program"),
    (
        "tokens",
        "successors",
        "one branch lives: a token has one successor, whatever was raced",
    ),
    ("sealed", "cells", "`Column::select` of each column has a bound"),
    ("ending", "approvals_of", "ends every one, and names each on record"),
    ("ending", "requests_of", "ends every one, and names each on record"),
    ("ending", "invitations_of", "ends every one, and names each on record"),
    ("activity", "search", "`statement` bounds each search and the whole"),
    ("list", "rows", "whoever makes a statement bounds it"),
    ("list", "page", "`found` bounds it to one page"),
];

/// Functions of the store that read rows without end, and exemptions for none.
pub(crate) fn complaints(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let mut used = Vec::new();
    for source in sources {
        let Some(path) = source.product_path("gatepost").and_then(|it| it.strip_prefix("store/")) else {
            continue;
        };
        let file = path.split(['/', '.']).next().unwrap_or(path);
        for (name, body) in functions(&source.code) {
            if !MANY.iter().any(|it| body.contains(it)) || body.contains(BOUND) {
                continue;
            }
            match UNBOUNDED.iter().position(|(of, is, _)| *of == file && *is == name) {
                Some(at) => used.push(at),
                None => found.push(format!(
                    "{}: `{name}` reads rows without end; give its SQL a LIMIT, or say in {} why it needs none",
                    source.path,
                    file!()
                )),
            }
        }
    }
    let unused = UNBOUNDED.iter().enumerate().filter(|(at, _)| !used.contains(at));
    found.extend(
        unused.map(|(_, (file, name, _))| format!("store/{file}: `{name}` is exempt in {} and reads no list", file!())),
    );
    found
}

/// The functions of a file with their bodies. rustfmt closes each at the indentation at which it began.
fn functions(code: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let indentation = &line[..line.len() - line.trim_start().len()];
        let Some((_, rest)) = line.split_once("fn ").filter(|(before, _)| is_head(before)) else {
            continue;
        };
        let name = rest.split(['(', '<']).next().unwrap_or_default();
        let mut body = line.to_owned();
        if !line.ends_with('}') && !line.ends_with(';') {
            let closing = format!("{indentation}}}");
            for line in lines.by_ref() {
                body.push('\n');
                body.push_str(line);
                if line == closing {
                    break;
                }
            }
        }
        found.push((name, body));
    }
    found
}

/// Whether only words that stand before `fn` are there.
fn is_head(before: &str) -> bool {
    let is_word =
        |it: &str| it.starts_with("pub") || matches!(it, "async" | "const" | "in" | "unsafe") || it.ends_with(')');
    before.split_whitespace().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(code: &str) -> Vec<String> {
        let mut found = complaints(&[Source::new("crates/gatepost/src/store/things.rs", code)]);
        found.retain(|it| it.starts_with("crates/"));
        found
    }

    #[test]
    fn a_list_without_a_bound_is_found() {
        let list = |rest: &str| {
            format!(
                "/// LIMIT.\npub async fn all(db: &Db) -> Result<Vec<Thing>> {{\n    query(\"SELECT a FROM things{rest}\").fetch_all(pool)\n}}\n\n\
                 pub fn other() {{\n    let it = \"LIMIT\";\n}}\n"
            )
        };
        assert!(
            on(&list(""))[0].contains("`all` reads rows without end"),
            "the remark and the neighbour bound nothing"
        );
        assert_eq!(on(&list(" LIMIT 100")), Vec::<String>::new());
    }

    #[test]
    fn an_exemption_that_nothing_needs_is_found() {
        let found = complaints(&[]);
        assert_eq!(found.len(), UNBOUNDED.len());
        assert!(found[0].contains("is exempt in"), "{found:?}");
    }
}
