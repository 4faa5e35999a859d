//! Secrets inside a text: who signs in at an address, signatures and keys in its query, passwords of connection strings.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::secret::HIDDEN;
use crate::segment;
use crate::sounds;

/// Addresses inside an address inside an address.
const DEPTH: usize = 3;
/// The longest name that something is assigned to.
const NAME_BYTES: usize = 64;

/// The value with the secrets inside each of its texts hidden. What is hidden already stays as it is.
pub fn hide_inside(value: &Value) -> Value {
    match value {
        Value::String(text) => hide_in_text(text).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(hide_inside).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, it)| (hide_in_text(name).unwrap_or_else(|| name.clone()), hide_inside(it)))
            .collect(),
        plain => plain.clone(),
    }
}

/// The text with the secrets inside it hidden; none if it holds none.
pub fn hide_in_text(text: &str) -> Option<String> {
    hide(text, DEPTH)
}

fn hide(text: &str, depth: usize) -> Option<String> {
    if depth == 0 || !text.contains(['@', '=', '"', '\'', '%']) {
        return None;
    }
    if text.trim_start().starts_with(['{', '[', '"'])
        && let Ok(json) = serde_json::from_str::<Value>(text)
    {
        let hidden = hide_named(&json, depth - 1);
        return (hidden != json).then(|| hidden.to_string());
    }
    let hidden = replace(text, signing_in(text));
    let hidden = or(text, hidden, |it| replace(it, assigned(it)));
    let hidden = or(text, hidden, |it| replace(it, named(it)));
    or(text, hidden, |it| escaped(it, depth - 1))
}

/// The next step upon what the one before gave.
fn or(text: &str, before: Option<String>, step: impl Fn(&str) -> Option<String>) -> Option<String> {
    step(before.as_deref().unwrap_or(text)).or(before)
}

/// JSON inside a text has no schema, so its secrets are known by their names.
fn hide_named(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => hide(text, depth).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(|it| hide_named(it, depth)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, it)| {
                let hidden = match it {
                    Value::Null => Value::Null,
                    _ if sounds::plainly(name) => Value::from(HIDDEN),
                    it => hide_named(it, depth),
                };
                (name.clone(), hidden)
            })
            .collect(),
        plain => plain.clone(),
    }
}

fn replace(text: &str, secrets: Vec<Range<usize>>) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for secret in secrets
        .into_iter()
        .filter(|it| !it.is_empty() && text[it.clone()] != *HIDDEN)
    {
        out.push_str(&text[done..secret.start]);
        out.push_str(HIDDEN);
        done = secret.end;
    }
    (done != 0).then(|| out + &text[done..])
}

/// What stands before the `@` of an address.
fn signing_in(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let Some(last) = text.rfind('@') else {
        return found;
    };
    for (slashes, _) in text.match_indices("//") {
        let start = slashes + 2;
        if last < start || found.last().is_some_and(|it| start < it.end) {
            continue;
        }
        let rest = &text[start..];
        let host = first(rest, |c| c.is_whitespace() || "/?#\\\"'<>".contains(c));
        let end = match host.rfind('@') {
            Some(at) => Some(at),
            // A password that was not encoded: what looks like a port is none.
            None if is_no_port(host) => first(rest, |c| c == '\n' || c == '"').find('@'),
            None => None,
        };
        if let Some(end) = end.filter(|end| !is_container(&text[..slashes], &rest[..*end])) {
            found.push(start..start + end);
        }
    }
    found
}

fn is_no_port(host: &str) -> bool {
    let port = host.rsplit_once(':').map(|(_, port)| port);
    !host.starts_with('[') && port.is_some_and(|it| !it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// In addresses of Azure's file systems, the name of a container stands there.
fn is_container(before: &str, name: &str) -> bool {
    let schemes = ["abfs:", "abfss:", "wasb:", "wasbs:"];
    !name.contains(':') && schemes.iter().any(|it| before.to_ascii_lowercase().ends_with(it))
}

/// The values of `NAME=VALUE` whose name is one of a secret.
fn assigned(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (first_space, first_quote) = (text.find(char::is_whitespace), text.find('"'));
    let (mut quotes, mut counted) = (0, 0);
    for (at, _) in text.match_indices('=') {
        if found.last().is_some_and(|it| at < it.end) {
            continue;
        }
        quotes += text[counted..at].matches('"').count();
        counted = at;
        let rest = &text[at + 1..];
        let quote = |c| c == '"' && first_quote.is_some_and(|it| it < at);
        let length = match setter(text, at) {
            Some(Setter::Query) => {
                let is_prose = first_space.is_some_and(|it| it < at);
                first(rest, |c| {
                    "&<>\n".contains(c) || quote(c) || is_prose && c.is_whitespace()
                })
                .len()
            }
            Some(Setter::Settings | Setter::List) if quotes % 2 == 1 && rest.starts_with('"') => 0,
            Some(Setter::Settings) => setting(rest, |c| c == ';' || c == '\n' || quote(c)),
            Some(Setter::List) => setting(rest, |c| ",;)]}\n".contains(c) || quote(c)),
            Some(Setter::Words) => first(rest, |c| c.is_whitespace() || c == ';' || quote(c)).len(),
            None => continue,
        };
        found.push(at + 1..at + 1 + length);
    }
    found
}

/// In what kind of text something is set.
enum Setter {
    /// `?NAME=VALUE&…`
    Query,
    /// `NAME=VALUE;…`, where names may hold spaces and values may be quoted.
    Settings,
    /// `[NAME=VALUE, …]`
    List,
    /// `NAME=VALUE NAME=VALUE`
    Words,
}

/// Whether the name before this `=` is one of a secret.
fn setter(text: &str, at: usize) -> Option<Setter> {
    let before = &text[text.floor_char_boundary(at.saturating_sub(NAME_BYTES))..at];
    let word = &before[before.rfind(|c| !is_of_word(c)).map_or(0, |it| after(before, it))..];
    let opener = before[..before.len() - word.len()].chars().next_back();
    if matches!(opener, Some('?' | '&' | '#')) {
        return sounds::possibly(word).then_some(Setter::Query);
    }
    // A comparison sets nothing.
    if text[at + 1..].starts_with(['=', '>', '~']) || before.ends_with(['=', '!', '<', '>']) {
        return None;
    }
    let begins = before.rfind(|c: char| !is_of_word(c) && c != ' ');
    let name = before[begins.map_or(0, |it| after(before, it))..].trim();
    let opener = before[..begins.map_or(0, |it| after(before, it))].chars().next_back();
    let is_list = !matches!(opener, None | Some(';' | '"' | '\'' | '&' | '?'));
    let is_secret = match (name.contains(' '), is_list) {
        (true, _) => sounds::in_words(name),
        (false, false) => sounds::possibly(name),
        (false, true) => sounds::plainly(name),
    };
    if is_secret {
        return Some(if is_list { Setter::List } else { Setter::Settings });
    }
    (!word.is_empty() && sounds::plainly(word)).then_some(Setter::Words)
}

/// How long the value of a setting is: quoted, in braces, or up to what ends it.
fn setting(rest: &str, ends: impl Fn(char) -> bool) -> usize {
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    let value = &rest[spaces..];
    let closer = match value.chars().next() {
        Some(it @ ('"' | '\'')) => it,
        Some('{') => '}',
        _ => return spaces + first(value, ends).len(),
    };
    let mut at = 1;
    // A closer that stands twice is one of the value.
    while let Some(found) = value[at..].find(closer) {
        at += found + 1;
        if !value[at..].starts_with(closer) {
            return spaces + at;
        }
        at += 1;
    }
    rest.len()
}

/// The values of `"NAME": VALUE` in what is nearly JSON.
fn named(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (colon, _) in text.match_indices(':') {
        if found.last().is_some_and(|it| colon < it.end) {
            continue;
        }
        let before = text[text.floor_char_boundary(colon.saturating_sub(NAME_BYTES))..colon].trim_end();
        let Some(quote) = before.chars().next_back().filter(|it| "\"'".contains(*it)) else {
            continue;
        };
        let name = &before[..before.len() - 1];
        let name = name.rfind(quote).map(|it| &name[it + 1..]);
        if !name.is_some_and(sounds::plainly) {
            continue;
        }
        let rest = &text[colon + 1..];
        let start = colon + 1 + rest.len() - rest.trim_start_matches([' ', '\\', '"', '\'']).len();
        let is_quoted = text[colon + 1..start].contains(quote);
        let value = match is_quoted {
            true => first(&text[start..], |c| c == quote || c == '\n').trim_end_matches('\\'),
            false => first(&text[start..], |c| c.is_whitespace() || ",}]".contains(c)),
        };
        found.push(start..start + value.len());
    }
    found
}

/// Percent-encoded parts, looked into as what they mean.
fn escaped(text: &str, depth: usize) -> Option<String> {
    let mut out = String::new();
    let mut is_changed = false;
    for part in text.split_inclusive(|c: char| c.is_whitespace() || "&=?#;\"'<>".contains(c)) {
        let value = part.trim_end_matches(|c: char| c.is_whitespace() || "&=?#;\"'<>".contains(c));
        let decoded = value
            .contains('%')
            .then(|| percent_decode_str(value).decode_utf8_lossy());
        let hidden = decoded.filter(|it| it != value).and_then(|it| hide(&it, depth));
        match hidden {
            Some(hidden) => {
                is_changed = true;
                out.push_str(&segment::encode(&hidden).replace("%2A%2A%2A", HIDDEN));
                out.push_str(&part[value.len()..]);
            }
            None => out.push_str(part),
        }
    }
    is_changed.then_some(out)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "_-.$%".contains(c)
}

/// The place behind the character at `at`.
fn after(text: &str, at: usize) -> usize {
    text.ceil_char_boundary(at + 1)
}

/// The text before the first character that ends it.
fn first(text: &str, ends: impl Fn(char) -> bool) -> &str {
    &text[..text.find(ends).unwrap_or(text.len())]
}
