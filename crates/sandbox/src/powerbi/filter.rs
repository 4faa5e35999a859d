//! The part of `OData` `$filter` that lists understand.

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

/// Reads a condition, or says what was not understood.
pub(crate) fn parse(text: &str) -> Result<Filter, String> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
        variables: Vec::new(),
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
    /// What entries of lists are called by the conditions around.
    variables: Vec<String>,
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
        if let Some(list) = self.tokens.get(self.at).and_then(|token| token.strip_suffix("/any")) {
            let list = list.to_owned();
            self.at += 1;
            return self.any(list);
        }
        let left = self.term()?;
        let word = self.next()?;
        if word.eq_ignore_ascii_case("in") {
            return self.several(left);
        }
        let how = Comparison::read(&word).ok_or_else(|| format!("{word} is not an operator known here"))?;
        Ok(Filter::Compare(left, how, self.term()?))
    }

    /// What stands behind `list/any`: nothing, or `(u: a condition on u)`.
    fn any(&mut self, list: String) -> Result<Filter, String> {
        self.expect("(")?;
        if self.takes(")") {
            return Ok(Filter::Any(list, None));
        }
        let name = self.next()?;
        let name = name.strip_suffix(':').ok_or("a name and a colon were expected")?;
        self.variables.push(format!("{name}/"));
        let inner = self.either()?;
        self.variables.pop();
        self.expect(")")?;
        Ok(Filter::Any(list, Some(Box::new(inner))))
    }

    /// What stands behind `in`.
    fn several(&mut self, one: Term) -> Result<Filter, String> {
        self.expect("(")?;
        let mut several = vec![self.term()?];
        while self.takes(",") {
            several.push(self.term()?);
        }
        self.expect(")")?;
        Ok(Filter::In(one, several))
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
            number if number.parse::<f64>().is_ok() => {
                Ok(Term::Literal(number.parse::<f64>().unwrap_or_default().into()))
            }
            moment if moment.parse::<Timestamp>().is_ok() => Ok(Term::Literal(moment.into())),
            name if name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "_/".contains(letter)) =>
            {
                let inner = self.variables.iter().find_map(|variable| name.strip_prefix(variable));
                Ok(Term::Field(inner.unwrap_or(name).to_owned()))
            }
            other => self.word_of_a_type(other),
        }
    }

    /// `Some.Type'Word'` stands for the word.
    fn word_of_a_type(&mut self, name: &str) -> Result<Term, String> {
        let is_type = name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
        match self.tokens.get(self.at) {
            Some(word) if is_type && word.starts_with('\'') => self.term(),
            _ => Err(format!("{name} is neither a field nor a value")),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(text: &str) -> bool {
        let item = json!({"name": "Bob's Sales", "isOnDedicatedCapacity": false, "id": "5a4db0c5-0010-4000-8000-00000000000a"});
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
    }

    #[test]
    fn numbers_moments_lists_and_words_of_types_are_compared() {
        let item = json!({"averageDuration": 289.4, "startTime": "2026-08-01T09:00:00.000Z", "capacity": {"displayName": "F64"},
            "users": [{"groupUserAccessRight": "Viewer"}], "none": []});
        let holds = |text: &str| parse(text).unwrap().holds(item.as_object().unwrap());
        assert!(holds("averageDuration gt 100 and averageDuration le 289.4"));
        assert!(!holds("averageDuration lt 100"));
        assert!(holds(
            "startTime ge 2026-08-01T09:00:00Z and startTime eq 2026-08-01T11:00:00+02:00"
        ));
        assert!(holds("capacity/displayName in ('P1', 'F64')"));
        assert!(holds("users/any() and not none/any()"));
        assert!(holds(
            "(not users/any(u: u/groupUserAccessRight eq Microsoft.PowerBI.ServiceContracts.Api.GroupUserAccessRight'Admin'))"
        ));
        assert!(holds("users/any(u: u/groupUserAccessRight eq 'Viewer')"));
        assert_eq!(parse("a eq 1 or contains(b,'x')").unwrap().fields(), ["a", "b"]);
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
