//! One value in the path or query of an operation, and the rules that value must meet.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::datetime;
use crate::segment;

/// The longest text a path may carry; export ids, the longest known, stay well below.
const PATH_TEXT_MAX_BYTES: usize = 1024;
/// The longest text a query may carry; filters and continuation tokens can be long.
const QUERY_TEXT_MAX_BYTES: usize = 8192;

/// A value in the path or query of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub place: Place,
    pub kind: Kind,
    pub required: bool,
    /// The only words allowed, if not empty.
    pub values: Vec<String>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// Whether it stands in single quotes on the wire.
    pub quoted: bool,
    /// One line on what it means.
    pub summary: String,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Path,
    Query,
}

/// What a parameter's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Text,
    /// Opaque text of the service: in a path base64, which may hold `/`; in a query anything, and one
    /// level of percent-encoding is taken off, because continuation tokens are answered encoded.
    Token,
    /// 36 characters with hyphens.
    Guid,
    Integer,
    Number,
    Boolean,
    /// A moment such as `2026-08-01T07:00:00Z`.
    DateTime,
    /// Words separated by commas.
    List,
}

impl Kind {
    /// The JSON Schema type of such a value.
    pub fn json_type(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Text | Self::Token | Self::Guid | Self::DateTime | Self::List => "string",
        }
    }
}

impl Parameter {
    /// The JSON Schema of one value.
    pub fn schema(&self) -> Value {
        let mut schema = serde_json::Map::new();
        schema.insert("type".into(), self.kind.json_type().into());
        match self.kind {
            Kind::Guid => drop(schema.insert("format".into(), "uuid".into())),
            Kind::DateTime => drop(schema.insert("format".into(), "date-time".into())),
            _ => {}
        }
        if !self.values.is_empty() && self.kind != Kind::List {
            schema.insert("enum".into(), self.values.clone().into());
        }
        if let Some(min) = self.min {
            schema.insert("minimum".into(), min.into());
        }
        if let Some(max) = self.max {
            schema.insert("maximum".into(), max.into());
        }
        schema.insert("description".into(), self.summary.clone().into());
        Value::Object(schema)
    }

    /// The value as text for the wire, not yet encoded, or what was expected.
    pub(crate) fn text(&self, value: &Value) -> Result<String, String> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) if self.kind != Kind::Boolean => number.to_string(),
            Value::Bool(yes) if self.kind == Kind::Boolean => yes.to_string(),
            Value::Array(parts) if self.kind == Kind::List => list(parts)?,
            _ => return Err(format!("expected {}", self.expected())),
        };
        self.check(text)
    }

    /// The text in the spelling the service knows, or what was expected.
    pub(crate) fn check(&self, text: String) -> Result<String, String> {
        let text = self.bare(text);
        let wrong = || format!("expected {}", self.expected());
        match self.kind {
            Kind::Guid if !segment::is_guid(&text) => return Err(wrong()),
            Kind::Token if self.place == Place::Path && !segment::is_token(&text) => return Err(wrong()),
            Kind::DateTime if !datetime::is_datetime(&text) => return Err(wrong()),
            Kind::Integer => self.check_bounds(text.parse().map_err(|_| wrong())?)?,
            Kind::Number if !text.parse().is_ok_and(f64::is_finite) => return Err(wrong()),
            Kind::Boolean => return boolean(&text).map(str::to_owned).ok_or_else(wrong),
            _ => {}
        }
        self.check_size(&text)?;
        match self.place {
            Place::Path => segment::check_value(&text, self.kind == Kind::Token)?,
            Place::Query if text.chars().any(|c| c == '\0') => return Err(wrong()),
            Place::Query => {}
        }
        self.known_word(text)
    }

    /// What a value must be, in a few words.
    pub fn expected(&self) -> String {
        match (self.kind, self.min, self.max) {
            (Kind::List, ..) if !self.values.is_empty() => {
                format!("some of {}, separated by commas", self.values.join(", "))
            }
            _ if !self.values.is_empty() => format!("one of {}", self.values.join(", ")),
            (Kind::Guid, ..) => "a GUID of 36 characters".to_owned(),
            (Kind::Token, ..) => "base64 text".to_owned(),
            (Kind::Integer, Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
            (Kind::Integer, Some(min), None) => format!("a whole number of at least {min}"),
            (Kind::Integer, ..) => "a whole number".to_owned(),
            (Kind::Number, ..) => "a number".to_owned(),
            (Kind::Boolean, ..) => "true or false".to_owned(),
            (Kind::DateTime, ..) => "a moment such as 2026-08-01T07:00:00Z".to_owned(),
            (Kind::List, ..) => "words separated by commas".to_owned(),
            (Kind::Text, ..) => "text".to_owned(),
        }
    }

    /// The text without quotes and encoding that belong to the wire: some callers send them, some do not.
    fn bare(&self, text: String) -> String {
        let text = match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            // OData 4.01 §5.1.1.6.1: inside the quotes, a quote is doubled.
            Some(inner) if self.quoted => inner.replace("''", "'"),
            _ => text,
        };
        match (self.kind, self.place) {
            (Kind::Token, Place::Query) => segment::without_escapes(text),
            _ => text,
        }
    }

    fn check_bounds(&self, number: i64) -> Result<(), String> {
        let low = self.min.is_some_and(|min| number < min);
        let high = self.max.is_some_and(|max| number > max);
        if low || high {
            return Err(format!("expected {}", self.expected()));
        }
        Ok(())
    }

    fn check_size(&self, text: &str) -> Result<(), String> {
        let max = match self.place {
            Place::Path => PATH_TEXT_MAX_BYTES,
            Place::Query => QUERY_TEXT_MAX_BYTES,
        };
        if text.len() > max {
            return Err(format!("expected at most {max} bytes"));
        }
        Ok(())
    }

    fn known_word(&self, text: String) -> Result<String, String> {
        if self.values.is_empty() {
            return Ok(text);
        }
        if self.kind == Kind::List {
            let words: Result<Vec<_>, _> = text.split(',').map(|word| self.spelling(word.trim())).collect();
            return words.map(|words| words.join(","));
        }
        self.spelling(&text).map(str::to_owned)
    }

    fn spelling(&self, word: &str) -> Result<&str, String> {
        self.values
            .iter()
            .find(|known| known.eq_ignore_ascii_case(word))
            .map(String::as_str)
            .ok_or_else(|| format!("expected {}", self.expected()))
    }
}

fn list(parts: &[Value]) -> Result<String, String> {
    let words: Option<Vec<_>> = parts.iter().map(Value::as_str).collect();
    match words {
        Some(words) if words.iter().all(|word| !word.contains(',')) => Ok(words.join(",")),
        _ => Err("expected a list of words".to_owned()),
    }
}

fn boolean(text: &str) -> Option<&'static str> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some("true"),
        _ if text.eq_ignore_ascii_case("false") => Some("false"),
        _ => None,
    }
}
