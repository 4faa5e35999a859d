//! Text: parts, search, case and joining.

use crate::dax::Value;
use crate::dax::convert::date_of_text;
use crate::dax::convert::number_of;
use crate::dax::convert::text_of;
use crate::dax::convert::whole_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::node::Function;
use crate::dax::value::fold;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("CONCATENATE", 2, 2, |values| {
        Ok(Value::text(text_of(&values[0]) + &text_of(&values[1])))
    }),
    Function::pure("LEFT", 1, 2, |values| {
        let count = size("LEFT", values.get(1), 1)?;
        Ok(Value::text(text_of(&values[0]).chars().take(count).collect::<String>()))
    }),
    Function::pure("RIGHT", 1, 2, |values| {
        let text = text_of(&values[0]);
        let skipped = text.chars().count().saturating_sub(size("RIGHT", values.get(1), 1)?);
        Ok(Value::text(text.chars().skip(skipped).collect::<String>()))
    }),
    Function::pure("MID", 3, 3, |values| {
        let start = size("MID", values.get(1), 1)?;
        if start == 0 {
            return Err(DaxError::wrong("MID counts characters from 1"));
        }
        let count = size("MID", values.get(2), 0)?;
        Ok(Value::text(
            text_of(&values[0])
                .chars()
                .skip(start - 1)
                .take(count)
                .collect::<String>(),
        ))
    }),
    Function::pure("LEN", 1, 1, |values| Ok(whole(text_of(&values[0]).chars().count()))),
    Function::pure("UPPER", 1, 1, |values| {
        Ok(Value::text(text_of(&values[0]).to_uppercase()))
    }),
    Function::pure("LOWER", 1, 1, |values| {
        Ok(Value::text(text_of(&values[0]).to_lowercase()))
    }),
    Function::pure("TRIM", 1, 1, |values| {
        let text = text_of(&values[0]);
        Ok(Value::text(
            text.split(' ')
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        ))
    }),
    Function::pure("EXACT", 2, 2, |values| {
        Ok(Value::Bool(text_of(&values[0]) == text_of(&values[1])))
    }),
    Function::pure("SUBSTITUTE", 3, 4, substitute),
    Function::pure("REPLACE", 4, 4, |values| {
        let text: Vec<char> = text_of(&values[0]).chars().collect();
        let start = size("REPLACE", values.get(1), 1)?.max(1) - 1;
        let end = (start + size("REPLACE", values.get(2), 0)?).min(text.len());
        let start = start.min(text.len());
        let new = text_of(&values[3]);
        Ok(Value::text(
            text[..start]
                .iter()
                .copied()
                .chain(new.chars())
                .chain(text[end..].iter().copied())
                .collect::<String>(),
        ))
    }),
    Function::pure("REPT", 2, 2, |values| {
        let count = size("REPT", values.get(1), 0)?;
        let text = text_of(&values[0]);
        if text.len().saturating_mul(count) > 1_000_000 {
            return Err(DaxError::wrong("REPT would give a text that is too long"));
        }
        Ok(Value::text(text.repeat(count)))
    }),
    Function::pure("SEARCH", 2, 4, |values| {
        position("SEARCH", values, |text| fold(text).into())
    }),
    Function::pure("FIND", 2, 4, |values| position("FIND", values, str::to_owned)),
    Function::pure("CONTAINSSTRING", 2, 2, |values| {
        contains(values, |text| fold(text).into())
    }),
    Function::pure("CONTAINSSTRINGEXACT", 2, 2, |values| {
        Ok(Value::Bool(text_of(&values[0]).contains(&text_of(&values[1]))))
    }),
    Function::pure("VALUE", 1, 1, |values| match &values[0] {
        Value::Text(text) => match (number_of(&values[0]), date_of_text(text)) {
            (Ok(number), _) => Ok(Value::Number(number)),
            (Err(_), Some(date)) => Ok(Value::Number(number_of(&date)?)),
            (Err(error), None) => Err(error),
        },
        other => Ok(other.clone()),
    }),
    Function::pure("UNICHAR", 1, 1, |values| {
        let code = u32::try_from(whole_of(&values[0])?).ok().and_then(char::from_u32);
        code.map(|letter| Value::text(letter.to_string()))
            .ok_or_else(|| DaxError::wrong("UNICHAR expects the number of a character"))
    }),
    Function::pure("UNICODE", 1, 1, |values| {
        let letter = text_of(&values[0]).chars().next();
        letter
            .map(|letter| Value::Int(i64::from(u32::from(letter))))
            .ok_or_else(|| DaxError::wrong("UNICODE expects a text"))
    }),
];

fn whole(count: usize) -> Value {
    Value::Int(i64::try_from(count).expect("texts are short"))
}

/// A count or place given as an argument.
fn size(function: &str, value: Option<&Value>, default: usize) -> Result<usize> {
    let Some(value) = value else { return Ok(default) };
    usize::try_from(whole_of(value)?)
        .map_err(|_| DaxError::wrong(format!("{function} expects a number that is not negative")))
}

fn contains(values: &[Value], form: fn(&str) -> String) -> Result<Value> {
    let (text, part) = (form(&text_of(&values[0])), text_of(&values[1]));
    let found = if has_wildcards(&part) {
        wild_position(&text, &form(&part)).is_some()
    } else {
        text.contains(&form(&part))
    };
    Ok(Value::Bool(found))
}

fn has_wildcards(part: &str) -> bool {
    part.contains(['?', '*', '~'])
}

/// SEARCH and FIND: (part, text, start, otherwise). SEARCH ignores case and knows ? and *.
fn position(function: &str, values: &[Value], form: fn(&str) -> String) -> Result<Value> {
    let (part, text) = (form(&text_of(&values[0])), form(&text_of(&values[1])));
    let start = match values.get(2) {
        None | Some(Value::Blank) => 1,
        start => size(function, start, 1)?.max(1),
    };
    let from: String = text.chars().skip(start - 1).collect();
    let found = if function == "SEARCH" && has_wildcards(&part) {
        wild_position(&from, &part)
    } else {
        from.find(&part).map(|place| from[..place].chars().count())
    };
    match (found, values.get(3)) {
        (Some(place), _) => Ok(whole(place + start)),
        (None, Some(otherwise)) => Ok(otherwise.clone()),
        (None, None) => Err(DaxError::wrong(format!(
            "{function} did not find the text; a fourth argument says what to give then"
        ))),
    }
}

/// The character at which a pattern with ? and * begins to match.
fn wild_position(text: &str, pattern: &str) -> Option<usize> {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    (0..=text.len()).find(|start| wild_matches(&text[*start..], &pattern))
}

/// Whether a text begins with a pattern; `~` takes the wildcard after it literally.
fn wild_matches(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    // Where to go on when letters do not match: the pattern after the last star, and the text it skips to.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(sign) = pattern.get(next) {
        let literal = if *sign == '~' { pattern.get(next + 1) } else { None };
        if *sign == '*' {
            next += 1;
            retry = Some((next, at));
        } else if at < text.len() && (literal.is_none() && *sign == '?' || text[at] == *literal.unwrap_or(sign)) {
            at += 1;
            next += 1 + usize::from(literal.is_some());
        } else {
            match retry {
                Some((after, skipped)) if skipped < text.len() => {
                    retry = Some((after, skipped + 1));
                    (next, at) = (after, skipped + 1);
                }
                _ => return false,
            }
        }
    }
    true
}

/// SUBSTITUTE(text, old, new, which)
fn substitute(values: &[Value]) -> Result<Value> {
    let (text, old, new) = (text_of(&values[0]), text_of(&values[1]), text_of(&values[2]));
    if old.is_empty() {
        return Ok(Value::text(text));
    }
    let Some(which) = values.get(3) else {
        return Ok(Value::text(text.replace(&old, &new)));
    };
    let which = size("SUBSTITUTE", Some(which), 1)?.max(1);
    Ok(match text.match_indices(&old).nth(which - 1) {
        Some((place, _)) => Value::text(format!("{}{new}{}", &text[..place], &text[place + old.len()..])),
        None => Value::text(text),
    })
}
