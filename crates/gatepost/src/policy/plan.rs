//! The exact effect of one write, and the hash by which a person approves it.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::Deserialize;
use serde::Serialize;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::caller::Caller;
use crate::caller::ConnectionId;
use crate::caller::EnvironmentId;
use crate::caller::PersonId;
use crate::policy::question;

/// Deeper bodies than any operation takes.
const DEPTH_MAX: usize = 64;

/// One write as it would be sent: what is shown to the person who approves, and what the approval is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The id of the operation.
    pub operation: String,
    pub method: String,
    pub path_and_query: String,
    pub body: Option<CanonicalJson>,
    pub person: PersonId,
    /// Kind and id of what the caller speaks through, such as `client:…` or `portal:portal`.
    pub client: String,
    pub environment: EnvironmentId,
    pub connection: ConnectionId,
}

impl Plan {
    /// The plan of one bound call.
    pub fn of(
        caller: &Caller,
        connection: &ConnectionId,
        operation: &str,
        bound: &catalogue::Bound,
    ) -> Result<Self, Unclear> {
        let (id, kind) = question::client(&caller.through);
        Ok(Self {
            operation: operation.to_owned(),
            method: bound.method.to_string(),
            path_and_query: bound.path_and_query.clone(),
            body: bound.body.as_ref().map(CanonicalJson::of).transpose()?,
            person: caller.person.clone(),
            client: format!("{kind}:{id}"),
            environment: caller.environment.clone(),
            connection: connection.clone(),
        })
    }

    /// SHA-256 over every part.
    ///
    /// Invariant: two plans share a hash only if the same request would leave for the same person through the same
    /// client and connection.
    pub fn hash(&self) -> [u8; 32] {
        let parts = [
            Some("gatepost plan 1"),
            Some(&self.operation),
            Some(&self.method),
            Some(&self.path_and_query),
            self.body.as_ref().map(CanonicalJson::as_str),
            Some(&self.person.0),
            Some(&self.client),
            Some(&self.environment.0),
            Some(&self.connection.0),
        ];
        let text = serde_json::to_vec(&parts).expect("texts are written as JSON");
        let hash = digest::digest(&digest::SHA256, &text);
        hash.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }
}

/// JSON in one spelling: keys sorted, no spaces, strings escaped alike, numbers as they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CanonicalJson(String);

/// Why a text has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error("expected JSON: {0}")]
    NotJson(String),
    #[error("expected each key once, not `{0}` twice")]
    KeyTwice(String),
    #[error("expected at most {DEPTH_MAX} levels of JSON")]
    TooDeep,
}

impl CanonicalJson {
    /// The canonical form of a value.
    pub fn of(value: &Value) -> Result<Self, Unclear> {
        Self::parse(&value.to_string())
    }

    /// The canonical form of a text, which may not name a key twice.
    pub fn parse(text: &str) -> Result<Self, Unclear> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| Unclear::NotJson(error.to_string()))?;
        let mut canonical = String::with_capacity(text.len());
        write(raw, 0, &mut canonical)?;
        Ok(Self(canonical))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CanonicalJson {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn write(raw: &RawValue, depth: usize, out: &mut String) -> Result<(), Unclear> {
    let not_json = |error: serde_json::Error| Unclear::NotJson(error.to_string());
    if DEPTH_MAX < depth {
        return Err(Unclear::TooDeep);
    }
    match raw.get().as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(raw.get()).map_err(not_json)?;
            let mut sorted: BTreeMap<String, &RawValue> = BTreeMap::new();
            for (key, member) in members {
                if sorted.insert(key.clone(), member).is_some() {
                    return Err(Unclear::KeyTwice(key));
                }
            }
            write_all(
                sorted.into_iter().map(|(key, member)| (Some(key), member)),
                ['{', '}'],
                depth,
                out,
            )
        }
        Some(b'[') => {
            let members: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(not_json)?;
            write_all(members.into_iter().map(|member| (None, member)), ['[', ']'], depth, out)
        }
        Some(b'"') => {
            let text: String = serde_json::from_str(raw.get()).map_err(not_json)?;
            out.push_str(&Value::String(text).to_string());
            Ok(())
        }
        _ => {
            out.push_str(raw.get());
            Ok(())
        }
    }
}

fn write_all<'a>(
    members: impl Iterator<Item = (Option<String>, &'a RawValue)>,
    [open, close]: [char; 2],
    depth: usize,
    out: &mut String,
) -> Result<(), Unclear> {
    out.push(open);
    for (at, (key, member)) in members.enumerate() {
        if at != 0 {
            out.push(',');
        }
        if let Some(key) = key {
            out.push_str(&Value::String(key).to_string());
            out.push(':');
        }
        write(member, depth + 1, out)?;
    }
    out.push(close);
    Ok(())
}

/// The members of an object as they stand, doubled keys included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
