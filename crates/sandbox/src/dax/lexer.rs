//! Splits a query into words, names, numbers, texts and signs.

use crate::dax::error::DaxError;
use crate::dax::error::Result;

/// One piece of a query and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The byte at which it begins.
    pub(crate) start: usize,
}

/// What a piece of a query is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A bare word: keyword, function, variable or table.
    Word(String),
    /// A table in single quotes.
    Quoted(String),
    /// A column or measure in square brackets.
    Bracketed(String),
    /// A text in double quotes.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with decimals.
    Number(f64),
    /// An operator, bracket or comma.
    Sign(&'static str),
    /// The end of the query.
    End,
}

/// Signs, longest first so that `<=` is not read as `<`.
const SIGNS: [&str; 22] = [
    "==", "<=", ">=", "<>", "&&", "||", "(", ")", "{", "}", ",", ";", "+", "-", "*", "/", "^", "&", "=", "<", ">", "!",
];

/// The pieces of a query, comments left out.
pub(crate) fn tokens(query: &str) -> Result<Vec<Token>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = query[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if let Some(length) = comment(query, at)? {
            at += length;
        } else {
            let (kind, length) = token(query, at, first)?;
            found.push(Token { kind, start: at });
            at += length;
        }
    }
    found.push(Token {
        kind: Kind::End,
        start: query.len(),
    });
    Ok(found)
}

/// The length of the comment that begins here, if one does.
fn comment(query: &str, at: usize) -> Result<Option<usize>> {
    let rest = &query[at..];
    if rest.starts_with("//") || rest.starts_with("--") {
        return Ok(Some(rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        let end = rest
            .find("*/")
            .ok_or_else(|| wrong(query, at, "a comment that begins with /* must end with */"))?;
        return Ok(Some(end + 2));
    }
    Ok(None)
}

fn token(query: &str, at: usize, first: char) -> Result<(Kind, usize)> {
    let rest = &query[at..];
    match first {
        '\'' => enclosed(query, at, '\'').map(|(text, length)| (Kind::Quoted(text), length)),
        '"' => enclosed(query, at, '"').map(|(text, length)| (Kind::Text(text), length)),
        '[' => enclosed(query, at, ']').map(|(text, length)| (Kind::Bracketed(text), length)),
        '0'..='9' => number(query, at),
        '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => number(query, at),
        '@' => Err(DaxError::unsupported(
            "query parameters that begin with @ are not available",
        )),
        _ if first.is_alphabetic() || first == '_' => {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
                .unwrap_or(rest.len());
            Ok((Kind::Word(rest[..end].to_owned()), end))
        }
        _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => Ok((Kind::Sign(sign), sign.len())),
            None => Err(wrong(
                query,
                at,
                &format!("the character '{first}' has no meaning here"),
            )),
        },
    }
}

/// A name or text up to its closing sign; the sign doubled stands for itself.
fn enclosed(query: &str, at: usize, close: char) -> Result<(String, usize)> {
    let mut text = String::new();
    let mut letters = query[at + 1..].char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        if letter != close {
            text.push(letter);
        } else if letters.next_if(|(_, next)| *next == close).is_some() {
            text.push(close);
        } else {
            return Ok((text, place + 2));
        }
    }
    Err(wrong(query, at, &format!("a closing {close} is missing")))
}

fn number(query: &str, at: usize) -> Result<(Kind, usize)> {
    let rest = &query.as_bytes()[at..];
    let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    let mut whole = true;
    if rest.get(end) == Some(&b'.') {
        whole = false;
        end += 1 + digits(end + 1);
    }
    if matches!(rest.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed);
        if exponent > 0 {
            whole = false;
            end += 1 + signed + exponent;
        }
    }
    let text = &query[at..at + end];
    let kind = match text.parse() {
        Ok(int) if whole => Kind::Int(int),
        _ => Kind::Number(
            text.parse()
                .map_err(|_| wrong(query, at, "a number is not written right"))?,
        ),
    };
    Ok((kind, end))
}

/// An error that says where in the query it is.
pub(crate) fn wrong(query: &str, at: usize, what: &str) -> DaxError {
    let before = &query[..at.min(query.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    DaxError::wrong(format!("query ({line}, {column}): {what}"))
}
