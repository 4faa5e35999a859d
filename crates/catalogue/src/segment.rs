//! What may stand between two slashes of a path, and how it is written there.

use std::borrow::Cow;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

/// Everything but RFC 3986 §2.3 unreserved characters is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters that a lenient reader could fold into `.`, `/` or `\`.
const LOOKALIKES: [char; 7] = [
    '\u{2024}', '\u{2025}', '\u{fe52}', '\u{fe68}', '\u{ff0e}', '\u{ff0f}', '\u{ff3c}',
];

/// The text, percent-encoded so that it is one part of one segment or one query value.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// One raw segment of a path, decoded once, or why it is refused.
pub(crate) fn decode(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    if raw.is_empty() {
        return Err("the path holds an empty segment");
    }
    if !raw.bytes().all(is_path_byte) {
        return Err("the path holds a character that must be percent-encoded");
    }
    if !escapes_are_whole(raw.as_bytes()) {
        return Err("the path holds a broken percent escape");
    }
    percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| "the path is not UTF-8")
}

/// A name or value of a query, decoded once; `+` is a space, as the service reads it.
pub(crate) fn decode_query(raw: &str) -> Result<String, &'static str> {
    if !escapes_are_whole(raw.as_bytes()) {
        return Err("expected whole percent escapes");
    }
    let spaced = raw.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err("expected UTF-8"),
    }
}

/// Whether a decoded value may stand in a path.
///
/// Invariant: a value that passes cannot end its segment, climb out of it or hide another escape,
/// however often a later reader decodes it. Base64 tokens may hold a slash: they hold no dots.
pub(crate) fn check_value(text: &str, is_token: bool) -> Result<(), String> {
    if text.is_empty() {
        return Err("expected a value".to_owned());
    }
    if text == "." || text == ".." {
        return Err("expected a value other than dots".to_owned());
    }
    if text
        .chars()
        .any(|c| c.is_control() || is_separator(c) && !(is_token && c == '/'))
    {
        return Err("expected no slash, backslash, semicolon or control character".to_owned());
    }
    if text.contains(LOOKALIKES) {
        return Err("expected no look-alike of a dot or slash".to_owned());
    }
    if holds_escape(text) {
        return Err("expected a value that is not percent-encoded twice".to_owned());
    }
    Ok(())
}

/// The text with one level of percent-encoding taken off, if it has one.
pub(crate) fn without_escapes(text: String) -> String {
    match percent_decode_str(&text).decode_utf8() {
        Ok(decoded) if holds_escape(&text) => decoded.into_owned(),
        _ => text,
    }
}

/// Whether the text is a GUID in its canonical form of 36 characters.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether the text is base64, in the common or the URL alphabet.
pub(crate) fn is_token(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte))
}

fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\' | ';')
}

/// RFC 3986 §3.3 `pchar` without `;`, whose meaning differs between servers.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@%".contains(&byte)
}

fn escapes_are_whole(raw: &[u8]) -> bool {
    raw.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'%')
        .all(|(at, _)| is_escape(raw, at))
}

fn holds_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| bytes[at] == b'%' && is_escape(bytes, at))
}

fn is_escape(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at + 1..at + 3)
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}
