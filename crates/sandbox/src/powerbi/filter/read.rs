//! Reading a `$filter`.

use jiff::Timestamp;
use serde_json::Value;

use crate::powerbi::filter::Comparison;
use crate::powerbi::filter::Filter;
use crate::powerbi::filter::Term;
use crate::powerbi::filter::TextMatch;

/// Conditions in conditions; deeper ones would only serve to exhaust the stack.
const MOST_NESTED: usize = 50;

/// Reads a condition, or says what was not understood.
pub(crate) fn parse(text: &str) -> Result<Filter, String> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
        variables: Vec::new(),
        depth: 0,
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
    depth: usize,
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
        self.depth += 1;
        if self.depth > MOST_NESTED {
            return Err(format!("conditions may be nested {MOST_NESTED} deep"));
        }
        let single = self.one();
        self.depth -= 1;
        single
    }

    fn one(&mut self) -> Result<Filter, String> {
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
        self.depth += 1;
        if self.depth > MOST_NESTED {
            return Err(format!("functions may be nested {MOST_NESTED} deep"));
        }
        let term = self.value();
        self.depth -= 1;
        term
    }

    fn value(&mut self) -> Result<Term, String> {
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
