//! The JSON body of a request, read as the service reads it: the case of names does not matter.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::refusal::Refusal;

/// The fields of one JSON object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body; nothing at all counts as an object without fields.
    pub(crate) fn read(body: &[u8]) -> Result<Fields, Refusal> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Fields::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Fields(map)),
            Ok(_) => Err(Refusal::bad("expected a JSON object as the body")),
            Err(error) => Err(Refusal::bad(format!("the body is not JSON: {error}"))),
        }
    }

    /// The value of a field, unless absent or null.
    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    /// The names of the fields that have a value.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, _)| key.as_str())
    }

    /// A text, if there.
    pub(crate) fn find_text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.typed(name, "a text", Value::as_str)
    }

    /// A text that must be there and not be blank.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Refusal> {
        let text = self.find_text(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| Refusal::bad(format!("{name} is required")))
    }

    /// A truth value, if there.
    pub(crate) fn find_bool(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, "true or false", |value| match value {
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            other => other.as_bool(),
        })
    }

    /// A whole number, if there.
    pub(crate) fn find_integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, "a whole number", Value::as_i64)
    }

    /// A number, if there.
    pub(crate) fn find_number(&self, name: &str) -> Result<Option<f64>, Refusal> {
        self.typed(name, "a number", Value::as_f64)
    }

    /// An object, if there.
    pub(crate) fn find_object(&self, name: &str) -> Result<Option<Fields>, Refusal> {
        self.typed(name, "an object", |value| value.as_object().cloned().map(Fields))
    }

    /// A list; absent counts as empty.
    pub(crate) fn list(&self, name: &str) -> Result<&[Value], Refusal> {
        Ok(self
            .typed(name, "a list", Value::as_array)?
            .map(Vec::as_slice)
            .unwrap_or_default())
    }

    /// A list of objects; absent counts as empty.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Fields>, Refusal> {
        let objects = self
            .list(name)?
            .iter()
            .map(|value| value.as_object().cloned().map(Fields));
        objects
            .collect::<Option<Vec<Fields>>>()
            .ok_or_else(|| Refusal::bad(format!("{name} must be a list of objects")))
    }

    /// A list of texts, if there.
    pub(crate) fn find_texts(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        if self.find(name).is_none() {
            return Ok(None);
        }
        let texts = self.list(name)?.iter().map(|value| value.as_str().map(str::to_owned));
        let texts = texts
            .collect::<Option<Vec<String>>>()
            .ok_or_else(|| Refusal::bad(format!("{name} must be a list of texts")))?;
        Ok(Some(texts))
    }

    /// The object as it came.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        what: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.find(name) {
            None => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .ok_or_else(|| Refusal::bad(format!("{name} must be {what}"))),
        }
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(map: Map<String, Value>) -> Fields {
        Fields(map)
    }
}
