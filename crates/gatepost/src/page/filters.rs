//! What templates can do with values: times, numbers, plurals; and how every value is written into a page.

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, Output, State, Value, escape_formatter};

use crate::clock::Timestamp;
use crate::unseen::{is_disguise, unseen};

pub(super) fn add(engine: &mut Environment<'static>) {
    engine.set_formatter(write);
    engine.add_filter("time", time);
    engine.add_filter("ago", ago);
    engine.add_filter("day", day);
    engine.add_filter("thousands", thousands);
    engine.add_filter("plural", plural);
    engine.add_filter("get", get);
    engine.add_filter("visible", |text: &str| visible(text));
}

/// A text with what turns or hides other letters written as its number, so that people see what is there.
pub fn visible(text: &str) -> String {
    shown(text, |_| false)
}

/// The same for text of several lines, which stay.
pub fn visible_lines(text: &str) -> String {
    shown(text, |letter| letter == '\n')
}

fn shown(text: &str, stays: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        if unseen(letter).is_some() && !stays(letter) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
        } else {
            out.push(letter);
        }
        out
    })
}

/// Writes a value into a page: escaped for HTML, and with what would be invisible or turn the direction of writing shown as
/// its code, so that no name looks like another. One place, so that no template can forget it.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let is_text = value.kind() == ValueKind::String && !value.is_safe();
    match value.as_str().filter(|it| is_text && it.contains(is_disguise)) {
        Some(text) if *state.auto_escape() != AutoEscape::None => {
            escape_formatter(out, state, &Value::from(shown(text, |it| !is_disguise(it))))
        }
        _ => escape_formatter(out, state, value),
    }
}

/// A moment as `<time>`, in UTC; the script shows it in the reader's own zone.
fn time(ms: i64) -> Value {
    let at = Timestamp(ms).rfc3339();
    Value::from_safe_string(format!(
        "<time datetime=\"{at}\">{} {} UTC</time>",
        day(ms),
        &at[11..16]
    ))
}

/// How long before `now` a moment was, or how long after.
fn ago(ms: i64, now: i64) -> Value {
    let text = if ms <= now {
        format!("{} ago", span(now - ms))
    } else {
        format!("in {}", span(ms - now))
    };
    let text = if text == "0 s ago" || text == "in 0 s" {
        "just now".to_owned()
    } else {
        text
    };
    Value::from_safe_string(format!(
        "<time datetime=\"{}\" data-form=\"ago\">{text}</time>",
        Timestamp(ms).rfc3339()
    ))
}

fn span(ms: i64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min", s / 60),
        3600..172_800 => format!("{} h", s / 3600),
        _ => format!("{} days", s / 86_400),
    }
}

/// The day of a moment: `23 Nov 2026`.
pub(super) fn day(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |it| it.strftime("%-d %b %Y").to_string())
}

/// A whole number with thin spaces between thousands.
fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// `1 call`, `2 calls`.
fn plural(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// The member of an object, or `otherwise` (nothing) when it is absent; for forms whose fields may have no problem.
fn get(object: &Value, name: &str, otherwise: Option<Value>) -> Value {
    match object.get_attr(name) {
        Ok(value) if !value.is_undefined() => value,
        _ => otherwise.unwrap_or_else(|| Value::from("")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_as_its_code() {
        for (given, expected) in [
            ("evil\u{202E}gpj.exe", "evil\\u{202e}gpj.exe"),
            ("Cl\u{200B}aude", "Cl\\u{200b}aude"),
            ("a\u{E0041}b\u{0007}", "a\\u{e0041}b\\u{7}"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            (
                "two\nlines\tand 👩\u{200D}💻 ❤\u{FE0F}",
                "two\nlines\tand 👩\u{200D}💻 ❤\u{FE0F}",
            ),
        ] {
            assert_eq!(shown(given, |it| !is_disguise(it)), expected);
        }
    }
}
