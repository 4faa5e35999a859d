//! The part of `OData` `$filter` that lists understand.

use std::cmp::Ordering;

use serde_json::Map;
use serde_json::Value;

use crate::world::time;

/// A condition on one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
    /// Not.
    Not(Box<Filter>),
    /// Two values compared.
    Compare(Term, Comparison, Term),
    /// A text function that gives a truth value.
    Match(TextMatch, Term, Term),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    /// A field of the object; slashes lead into inner objects.
    Field(String),
    /// A value written out.
    Literal(Value),
    /// Text in lower (or else upper) case.
    Case { lower: bool, of: Box<Term> },
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// How one text is in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextMatch {
    Contains,
    StartsWith,
    EndsWith,
}

impl Filter {
    /// Does the condition hold for an object?
    pub(crate) fn holds(&self, item: &Map<String, Value>) -> bool {
        match self {
            Filter::And(left, right) => left.holds(item) && right.holds(item),
            Filter::Or(left, right) => left.holds(item) || right.holds(item),
            Filter::Not(inner) => !inner.holds(item),
            Filter::Compare(left, how, right) => how.holds(&left.value(item), &right.value(item)),
            Filter::Match(how, text, part) => match (text.value(item), part.value(item)) {
                (Value::String(text), Value::String(part)) => match how {
                    TextMatch::Contains => text.contains(&part),
                    TextMatch::StartsWith => text.starts_with(&part),
                    TextMatch::EndsWith => text.ends_with(&part),
                },
                _ => false,
            },
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let ordering = || match (left, right) {
            (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        };
        match self {
            Comparison::Equal => same(left, right),
            Comparison::NotEqual => !same(left, right),
            Comparison::Greater => ordering().is_some_and(Ordering::is_gt),
            Comparison::GreaterOrEqual => ordering().is_some_and(Ordering::is_ge),
            Comparison::Less => ordering().is_some_and(Ordering::is_lt),
            Comparison::LessOrEqual => ordering().is_some_and(Ordering::is_le),
        }
    }
}

impl Term {
    fn value(&self, item: &Map<String, Value>) -> Value {
        match self {
            Term::Field(path) => field(item, path).cloned().unwrap_or_default(),
            Term::Literal(value) => value.clone(),
            Term::Case { lower, of } => match of.value(item) {
                Value::String(text) if *lower => text.to_lowercase().into(),
                Value::String(text) => text.to_uppercase().into(),
                other => other,
            },
        }
    }
}

/// A member of an object, or of an object inside it.
fn field<'v>(item: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let (name, inner) = match path.split_once('/') {
        Some((name, inner)) => (name, Some(inner)),
        None => (path, None),
    };
    let (_, value) = item.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    match inner {
        Some(inner) => field(value.as_object()?, inner),
        None => Some(value),
    }
}

/// Ids compare without case; all other texts with it. Numbers are equal whatever way they are written.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::String(left), Value::String(right)) if uuid::Uuid::try_parse(left).is_ok() => {
            left.eq_ignore_ascii_case(right)
        }
        _ => left == right,
    }
}

/// Reads a condition, or says what was not understood.
pub(crate) fn parse(text: &str) -> Result<Filter, String> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
    };
    let filter = reader.either()?;
    match reader.tokens.get(reader.at) {
        None => Ok(filter),
        Some(token) => Err(format!("{token} is left over")),
    }
}

/// Cuts a text into words, quoted texts and brackets.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' => 1,
            '\'' => quoted_length(rest).ok_or_else(|| format!("{rest} has no closing quote"))?,
            _ => rest
                .find(|letter: char| letter.is_whitespace() || "(),'".contains(letter))
                .unwrap_or(rest.len()),
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// The length of a quoted text with its quotes; two quotes inside stand for one.
fn quoted_length(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text.get(at..)?.find('\'')? + 1;
        if !text[at..].starts_with('\'') {
            return Some(at);
        }
        at += 1;
    }
}

struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    fn either(&mut self) -> Result<Filter, String> {
        let mut left = self.both()?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, String> {
        let mut left = self.single()?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, String> {
        if self.takes("not") {
            return Ok(Filter::Not(Box::new(self.single()?)));
        }
        if self.takes("(") {
            let inner = self.either()?;
            return self.expect(")").map(|()| inner);
        }
        let functions = [
            ("contains", TextMatch::Contains),
            ("startswith", TextMatch::StartsWith),
            ("endswith", TextMatch::EndsWith),
        ];
        for (name, how) in functions {
            if self.takes(name) {
                self.expect("(")?;
                let text = self.term()?;
                self.expect(",")?;
                let part = self.term()?;
                self.expect(")")?;
                return Ok(self.compared_with_truth(Filter::Match(how, text, part)));
            }
        }
        let left = self.term()?;
        let how = match self.next()?.to_ascii_lowercase().as_str() {
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            other => return Err(format!("{other} is not an operator known here")),
        };
        Ok(Filter::Compare(left, how, self.term()?))
    }

    /// `contains(…) eq true`, as some clients write it.
    fn compared_with_truth(&mut self, inner: Filter) -> Filter {
        let ahead: Vec<String> = self.tokens[self.at..]
            .iter()
            .take(2)
            .map(|token| token.to_ascii_lowercase())
            .collect();
        match ahead.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["eq", "true"] | ["ne", "false"] => {
                self.at += 2;
                inner
            }
            ["eq", "false"] | ["ne", "true"] => {
                self.at += 2;
                Filter::Not(Box::new(inner))
            }
            _ => inner,
        }
    }

    fn term(&mut self) -> Result<Term, String> {
        for (name, lower) in [("tolower", true), ("toupper", false)] {
            if self.takes(name) {
                self.expect("(")?;
                let of = Box::new(self.term()?);
                self.expect(")")?;
                return Ok(Term::Case { lower, of });
            }
        }
        let word = self.next()?;
        if let Some(inner) = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Ok(Term::Literal(inner.replace("''", "'").into()));
        }
        match word.as_str() {
            "true" => Ok(Term::Literal(true.into())),
            "false" => Ok(Term::Literal(false.into())),
            "null" => Ok(Term::Literal(Value::Null)),
            "(" | ")" | "," => Err(format!("a value was expected before {word}")),
            id if uuid::Uuid::try_parse(id).is_ok() => Ok(Term::Literal(id.into())),
            number if number.starts_with(|first: char| first.is_ascii_digit() || first == '-') => literal(number),
            name if name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "_/".contains(letter)) =>
            {
                Ok(Term::Field(name.to_owned()))
            }
            other => Err(format!("{other} is neither a field nor a value")),
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let hit = self
            .tokens
            .get(self.at)
            .is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(hit);
        hit
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.takes(word) {
            Ok(())
        } else {
            Err(format!("{word} was expected"))
        }
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self
            .tokens
            .get(self.at)
            .cloned()
            .ok_or("the condition ends too early")?;
        self.at += 1;
        Ok(token)
    }
}

/// A number, or a moment, which is written without quotes.
fn literal(text: &str) -> Result<Term, String> {
    if let Ok(number) = text.parse::<f64>() {
        return Ok(Term::Literal(number.into()));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(moment) => Ok(Term::Literal(time::with_ms(moment.as_millisecond()).into())),
        Err(_) => Err(format!("{text} is neither a number nor a moment")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(text: &str) -> bool {
        let item = json!({"name": "Bob's Sales", "isOnDedicatedCapacity": false, "id": "5a4db0c5-0010-4000-8000-00000000000a",
            "averageDuration": 12.5, "startTime": "2026-08-01T05:00:00.000Z", "lastRefresh": {"status": "Failed"}});
        parse(text).unwrap().holds(item.as_object().unwrap())
    }

    #[test]
    fn the_usual_conditions_are_understood() {
        assert!(holds("name eq 'Bob''s Sales'"));
        assert!(!holds("name eq 'bob''s sales'"));
        assert!(holds("contains(name,'Sales') and not isOnDedicatedCapacity eq true"));
        assert!(holds("contains(tolower(name), 'sales') eq true"));
        assert!(holds(
            "(startswith(name,'X') or endswith(name,'Sales')) and isOnDedicatedCapacity ne true"
        ));
        assert!(holds("id eq '5A4DB0C5-0010-4000-8000-00000000000A'"));
        assert!(holds("id eq 5a4db0c5-0010-4000-8000-00000000000a"));
        assert!(holds("capacityId eq null"));
        assert!(holds("averageDuration gt 12 and averageDuration le 12.5"));
        assert!(!holds("averageDuration lt 12.5 or refreshCount ge 0"));
        assert!(holds("lastRefresh/status eq 'Failed' and lastRefresh/none eq null"));
        assert!(holds(
            "startTime ge 2026-08-01T05:00:00Z and startTime lt 2026-08-02T00:00:00Z"
        ));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "name",
            "name like 'x'",
            "name eq 'x",
            "name eq 'x' name",
            "contains(name)",
            "(name eq 'x'",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
