//! A request's body: JSON is read and judged before it goes on byte for byte; an upload is passed on as it comes.

use std::fmt;

use catalogue::Found;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::Refusal;
use crate::app::App;
use crate::powerbi::Body;

/// The body as it is sent on, and as JSON when it is that.
///
/// Invariant: policies, the record and Power BI are given the same: a body that two readers could read in two ways is
/// refused, and only an operation that takes uploads gets one.
pub(super) async fn read(
    app: &App,
    method: &str,
    path: &str,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<(Body, Option<Value>), Refusal> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refusal::Body("expected it without Content-Encoding"));
    }
    let kind = media_type(headers)?;
    if kind == "multipart/form-data" {
        let takes_uploads = match app.catalogue.find(method, path) {
            Found::Operation(operation, _) => operation.multipart,
            // Whatever else is wrong with the path is told by the funnel.
            Found::WrongMethod(_) | Found::Unknown | Found::BadPath(_) => return Ok((Body::empty(), None)),
        };
        return match takes_uploads {
            true if declared(headers).is_some_and(|length| app.settings.upload_bytes < length) => {
                Err(Refusal::UploadTooLarge)
            }
            true => Ok((Body::stream(body), None)),
            false => Err(Refusal::MediaType),
        };
    }
    let most = app.settings.request_body_bytes;
    let bytes = match Limited::new(body, most).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Refusal::TooLarge(most)),
        Err(_) => return Err(Refusal::Body("it did not come whole")),
    };
    if bytes.is_empty() {
        return Ok((Body::empty(), None));
    }
    if !is_json(&kind) {
        return Err(Refusal::MediaType);
    }
    let json = parse(&bytes).map_err(Refusal::Body)?;
    Ok((Body::Bytes(bytes), Some(json)))
}

/// The media type in lower case, without parameters; empty when none is given.
fn media_type(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut all = headers.get_all(CONTENT_TYPE).iter();
    let (first, None) = (all.next(), all.next()) else {
        return Err(Refusal::Body("expected one Content-Type"));
    };
    let text = first
        .map(|it| it.to_str())
        .transpose()
        .map_err(|_| Refusal::MediaType)?;
    let kind = text.unwrap_or_default().split(';').next().unwrap_or_default();
    Ok(kind.trim().to_ascii_lowercase())
}

/// The length a client says that its body has.
fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(kind: &str) -> bool {
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// JSON of which every reader makes the same: no key twice, nothing before or after it.
pub(super) fn parse(text: &[u8]) -> Result<Value, &'static str> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match error.to_string().starts_with(TWICE) {
        true => TWICE,
        false => "expected JSON in UTF-8, at most 128 levels deep",
    })
}

const TWICE: &str = "expected each key of an object once";

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_f64<E: serde::de::Error>(self, it: f64) -> Result<Value, E> {
        Number::from_f64(it)
            .map(Value::Number)
            .ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_string<E>(self, it: String) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(TWICE));
            }
            let value = map.next_value_seed(Strict)?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}
