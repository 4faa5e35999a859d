//! SPDX expressions: whether a choice of the licences a crate offers is allowed.

/// Whether the expression can be fulfilled with allowed licences; `None` when it cannot be read.
pub(crate) fn is_allowed(text: &str, allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    // Before SPDX expressions a slash stood for "or".
    let text = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let mut rest = words.as_slice();
    let value = any(&mut rest, allows)?;
    rest.is_empty().then_some(value)
}

/// `a OR b`: one of them is enough.
fn any(words: &mut &[&str], allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = all(words, allows)?;
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        value |= all(words, allows)?;
    }
    Some(value)
}

/// `a AND b`: all are needed; binds closer than `OR`.
fn all(words: &mut &[&str], allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = one(words, allows)?;
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        value &= one(words, allows)?;
    }
    Some(value)
}

/// A name, a name with an exception, or an expression in brackets.
fn one(words: &mut &[&str], allows: &dyn Fn(&str) -> bool) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let value = any(words, allows)?;
            let [")", rest @ ..] = *words else { return None };
            *words = rest;
            Some(value)
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            Some(allows(&format!("{name} WITH {exception}")))
        }
        [name, rest @ ..] if !["AND", "OR", "WITH", ")"].contains(name) => {
            *words = rest;
            Some(allows(name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_choice_must_be_allowed_and_all_that_belong_together() {
        let allows = |name: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name);
        for (text, expected) in [
            ("MIT", Some(true)),
            ("GPL-3.0", Some(false)),
            ("GPL-3.0 OR MIT", Some(true)),
            ("GPL-3.0/MIT", Some(true)),
            ("GPL-3.0 AND MIT", Some(false)),
            ("MIT AND (GPL-3.0 OR ISC)", Some(true)),
            ("GPL-3.0 OR MIT AND GPL-3.0", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("Apache-2.0", Some(false)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT)", None),
            ("MIT ISC", None),
        ] {
            assert_eq!(is_allowed(text, &allows), expected, "{text}");
        }
    }
}
