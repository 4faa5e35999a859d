//! Report filters of exports (`Sales/Region eq 'North'`) as filters of DAX.

/// The DAX conditions of a filter, or what was not understood.
pub(super) fn to_dax(text: &str) -> Result<Vec<String>, String> {
    split_and(text).into_iter().map(|part| condition(part.trim())).collect()
}

/// Cuts at ` and ` outside of quotes.
fn split_and(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut in_quotes) = (0, false);
    for (at, letter) in text.char_indices() {
        in_quotes ^= letter == '\'';
        let is_and = text
            .get(at..at + 5)
            .is_some_and(|word| word.eq_ignore_ascii_case(" and "));
        if !in_quotes && is_and {
            parts.push(&text[start..at]);
            start = at + 5;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn condition(text: &str) -> Result<String, String> {
    let (field, rest) = text
        .split_once(' ')
        .ok_or_else(|| format!("{text:?} is not Table/Column, an operator and a value"))?;
    let (table, column) = field
        .split_once('/')
        .ok_or_else(|| format!("{field:?} is not Table/Column"))?;
    let column = format!("'{}'[{}]", plain(table).replace('\'', "''"), plain(column));
    let (operator, value) = rest
        .trim()
        .split_once([' ', '('])
        .ok_or_else(|| format!("{rest:?} is not an operator and a value"))?;
    let value = value.trim();
    let sign = match operator.to_ascii_lowercase().as_str() {
        "eq" => "=",
        "ne" => "<>",
        "gt" => ">",
        "ge" => ">=",
        "lt" => "<",
        "le" => "<=",
        "in" => return Ok(format!("{column} IN {{{}}}", list(value)?)),
        other => return Err(format!("the operator {other} is not known")),
    };
    Ok(format!("{column} {sign} {}", literal(value)?))
}

/// Names may write a blank as `_x0020_`.
fn plain(name: &str) -> String {
    name.replace("_x0020_", " ")
}

fn list(text: &str) -> Result<String, String> {
    let inner = text.trim_start_matches('(').trim_end_matches(')');
    let mut literals = Vec::new();
    let (mut start, mut in_quotes) = (0, false);
    for (at, letter) in inner.char_indices() {
        in_quotes ^= letter == '\'';
        if letter == ',' && !in_quotes {
            literals.push(literal(inner[start..at].trim())?);
            start = at + 1;
        }
    }
    literals.push(literal(inner[start..].trim())?);
    Ok(literals.join(", "))
}

fn literal(text: &str) -> Result<String, String> {
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(format!("\"{}\"", inner.replace("''", "'").replace('"', "\"\"")));
    }
    match text {
        "true" | "false" => Ok(format!("{}()", text.to_uppercase())),
        "null" => Ok("BLANK()".to_owned()),
        number if number.parse::<f64>().is_ok() => Ok(number.to_owned()),
        other => Err(format!("{other:?} is not a value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_become_conditions() {
        assert_eq!(
            to_dax("Sales/Region eq 'North'").unwrap(),
            ["'Sales'[Region] = \"North\""]
        );
        let two = to_dax("Order_x0020_Lines/Amount ge 10.5 and Geo/City in ('Köln', 'O''Hare, and more')").unwrap();
        assert_eq!(
            two,
            [
                "'Order Lines'[Amount] >= 10.5",
                "'Geo'[City] IN {\"Köln\", \"O'Hare, and more\"}"
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "Region eq 'x'",
            "Sales/Region",
            "Sales/Region like 'x'",
            "Sales/Region eq x",
        ] {
            assert!(to_dax(text).is_err(), "{text}");
        }
    }
}
