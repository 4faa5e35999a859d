//! Reads JSON of which every reader makes the same thing: no key twice, nothing before or after, not too deep.

use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;

/// Deeper than the arguments of any tool; serde itself stops at 128.
const DEPTH_MAX: usize = 64;

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("expected one JSON object in UTF-8 without a byte order mark")]
    NotJson,
    #[error("expected each key of an object once")]
    KeyTwice,
    #[error("expected at most {DEPTH_MAX} levels of JSON")]
    TooDeep,
}

/// The one value that the text holds.
pub(super) fn parse(text: &[u8]) -> Result<Value, Refused> {
    let mut refused = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = Strict {
        depth: 0,
        refused: &mut refused,
    };
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|_| refused.unwrap_or(Refused::NotJson))
}

struct Strict<'a> {
    depth: usize,
    refused: &'a mut Option<Refused>,
}

impl Strict<'_> {
    fn below(&mut self) -> Strict<'_> {
        Strict {
            depth: self.depth + 1,
            refused: self.refused,
        }
    }

    fn refuse<E: serde::de::Error>(&mut self, why: Refused) -> E {
        let error = E::custom(&why);
        *self.refused = Some(why);
        error
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Value, D::Error> {
        if DEPTH_MAX < self.depth {
            return Err(self.refuse(Refused::TooDeep));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = elements.next_element_seed(self.below())? {
            all.push(element);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(self.refuse(Refused::KeyTwice));
            }
            let value = members.next_value_seed(self.below())?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

/// Whether a key could pass for one of `known` with a reader that folds case, without being it.
pub(super) fn is_variant(key: &str, known: &[&str]) -> bool {
    // Through upper case first: `ſ` and the Kelvin sign have no lower case of their own.
    let fold = |text: &str| {
        text.chars()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let folded = fold(key);
    known.iter().any(|it| *it != key && fold(it) == folded)
}
