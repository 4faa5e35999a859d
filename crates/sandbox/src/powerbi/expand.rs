//! `$expand`: which inner objects an answer should carry, and what those should carry.

use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;

/// What to expand, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Expand(Vec<(String, Expand)>);

impl Expand {
    /// What a request asks for, out of what can be had; `allowed` lists paths such as `goals/goalValues`.
    pub(crate) fn of(call: &Call, allowed: &[&str]) -> Result<Expand, Refusal> {
        // One operation of the service spells it without the dollar.
        let Some(text) = call.query("$expand").or_else(|| call.query("expand")) else {
            return Ok(Expand::default());
        };
        let expand = parse(text).ok_or_else(|| Refusal::bad(format!("invalid $expand: {text}")))?;
        expand.refuse_others(allowed, "")?;
        Ok(expand)
    }

    /// What to expand inside of `name`, if that is to be expanded at all.
    pub(crate) fn inside(&self, name: &str) -> Option<&Expand> {
        let mut items = self.0.iter();
        items
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, inner)| inner)
    }

    fn refuse_others(&self, allowed: &[&str], above: &str) -> Result<(), Refusal> {
        for (name, inner) in &self.0 {
            let path = format!("{above}{name}");
            if !allowed.iter().any(|known| known.eq_ignore_ascii_case(&path)) {
                return Err(Refusal::bad(format!("{path} cannot be expanded")));
            }
            inner.refuse_others(allowed, &format!("{path}/"))?;
        }
        Ok(())
    }
}

fn parse(text: &str) -> Option<Expand> {
    let items = split(text, ',')?.into_iter().map(item);
    items.collect::<Option<Vec<_>>>().map(Expand)
}

/// A name, with options in brackets behind it.
fn item(text: &str) -> Option<(String, Expand)> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else {
        let is_name = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric());
        return is_name.then(|| (text.to_owned(), Expand::default()));
    };
    let mut inner = Expand::default();
    for option in split(rest.strip_suffix(')')?, ';')? {
        let (key, value) = option.trim().split_once('=')?;
        if !key.trim().eq_ignore_ascii_case("$expand") {
            return None;
        }
        inner.0.extend(parse(value)?.0);
    }
    Some((name.trim().to_owned(), inner))
}

/// Cuts at a letter outside of brackets; `None` if the brackets do not pair.
fn split(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (place, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ if letter == at && depth == 0 => {
                parts.push(&text[start..place]);
                start = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (depth == 0).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_objects_are_found_under_their_name() {
        let expand = parse("goals($expand=goalValues($expand=notes), aggregations),other").unwrap();
        let goals = expand.inside("Goals").unwrap();
        assert!(goals.inside("goalValues").unwrap().inside("notes").is_some());
        assert_eq!(goals.inside("aggregations"), Some(&Expand::default()));
        assert!(expand.inside("other").is_some() && expand.inside("goalValues").is_none());
        assert!(
            expand
                .refuse_others(
                    &[
                        "goals",
                        "goals/goalValues",
                        "goals/goalValues/notes",
                        "goals/aggregations",
                        "other"
                    ],
                    ""
                )
                .is_ok()
        );
        assert!(expand.refuse_others(&["goals", "other"], "").is_err());
    }

    #[test]
    fn what_is_not_written_right_is_refused() {
        for text in ["", "goals(", "goals)", "goals($top=1)", "a b", "goals,,x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
