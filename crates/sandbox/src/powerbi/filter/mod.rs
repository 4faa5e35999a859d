//! The part of `OData` `$filter` that lists understand: conditions, and whether they hold.

mod read;
#[cfg(test)]
mod tests;

pub(crate) use read::parse;

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;

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
    /// One of several values.
    In(Term, Vec<Term>),
    /// A list has an entry, or one of which something holds.
    Any(String, Option<Box<Filter>>),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    /// A field of the object.
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
            Filter::In(one, several) => {
                let one = one.value(item);
                several.iter().any(|other| same(&one, &other.value(item)))
            }
            Filter::Any(list, inner) => match Term::Field(list.clone()).value(item) {
                Value::Array(entries) => entries.iter().filter_map(Value::as_object).any(|entry| match inner {
                    Some(inner) => inner.holds(entry),
                    None => true,
                }),
                _ => false,
            },
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

impl Filter {
    /// The fields it speaks of.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Filter::And(left, right) | Filter::Or(left, right) => [left.fields(), right.fields()].concat(),
            Filter::Not(inner) => inner.fields(),
            Filter::Compare(left, _, right) | Filter::Match(_, left, right) => {
                left.field().into_iter().chain(right.field()).collect()
            }
            Filter::In(one, several) => one
                .field()
                .into_iter()
                .chain(several.iter().filter_map(Term::field))
                .collect(),
            Filter::Any(list, _) => vec![list],
        }
    }
}

impl Comparison {
    fn read(word: &str) -> Option<Comparison> {
        let known = [
            ("eq", Comparison::Equal),
            ("ne", Comparison::NotEqual),
            ("gt", Comparison::Greater),
            ("ge", Comparison::GreaterOrEqual),
            ("lt", Comparison::Less),
            ("le", Comparison::LessOrEqual),
        ];
        let found = known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map(|(_, how)| how)
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = order(left, right);
        match self {
            Comparison::Equal => same(left, right),
            Comparison::NotEqual => !same(left, right),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

impl Term {
    fn field(&self) -> Option<&str> {
        match self {
            Term::Field(name) => Some(name),
            Term::Literal(_) => None,
            Term::Case { of, .. } => of.field(),
        }
    }

    fn value(&self, item: &Map<String, Value>) -> Value {
        match self {
            Term::Field(path) => {
                let mut names = path.split('/');
                let found = names.next().and_then(|name| child(item, name));
                let inner = names.try_fold(found, |value, name| {
                    value.map(|value| value.as_object().and_then(|inner| child(inner, name)))
                });
                inner.flatten().cloned().unwrap_or_default()
            }
            Term::Literal(value) => value.clone(),
            Term::Case { lower, of } => match of.value(item) {
                Value::String(text) if *lower => text.to_lowercase().into(),
                Value::String(text) => text.to_uppercase().into(),
                other => other,
            },
        }
    }
}

/// Ids compare without case; all other texts with it.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) if uuid::Uuid::try_parse(left).is_ok() => {
            left.eq_ignore_ascii_case(right)
        }
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::String(_), Value::String(_)) if left != right => order(left, right) == Some(Ordering::Equal),
        _ => left == right,
    }
}

/// Which comes first: numbers by size, moments by time, other texts by letter.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => match (left.parse::<Timestamp>(), right.parse::<Timestamp>()) {
            (Ok(left), Ok(right)) => Some(left.cmp(&right)),
            _ => Some(left.cmp(right)),
        },
        _ => None,
    }
}

fn child<'m>(item: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    item.iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
