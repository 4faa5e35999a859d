//! A token endpoint's good answer, read leniently in form and strictly in what is stored.

use secrecy::SecretString;
use serde_json::Value;

use super::error::{Class, EntraError};

const LONGEST_TOKEN: usize = 64 * 1024;
/// Lifetimes outside of these are not believed: Microsoft issues 60 to 90 minutes, and up to 28 hours in special cases.
const SHORTEST_S: i64 = 60;
const LONGEST_S: i64 = 2 * 24 * 3600;
const DEFAULT_S: i64 = 600;

/// What a grant gave.
#[derive(Clone)]
pub struct TokenAnswer {
    pub access_token: SecretString,
    /// Absent when Microsoft keeps the old one in force: keep it.
    pub refresh_token: Option<SecretString>,
    /// Names the person; not checked yet.
    pub id_token: Option<SecretString>,
    pub expires_in_s: i64,
    /// When Microsoft suggests to refresh, if it does.
    pub refresh_in_s: Option<i64>,
    /// Power BI permissions by bare name, such as `Dataset.Read.All`.
    pub scopes: Vec<String>,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .field("expires_in_s", &self.expires_in_s)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl TokenAnswer {
    /// Reads a 200 answer; `resource` is what scopes are prefixed with.
    #[expect(
        clippy::result_large_err,
        reason = "a refusal is rare, and its parts are read by many"
    )]
    pub(super) fn parse(body: &[u8], resource: &str) -> Result<Self, EntraError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| unexpected())?;
        let is_bearer = value
            .get("token_type")
            .and_then(Value::as_str)
            .is_some_and(|it| it.eq_ignore_ascii_case("bearer"));
        let access_token = token(&value, "access_token")?
            .filter(|_| is_bearer)
            .ok_or_else(unexpected)?;
        Ok(Self {
            access_token,
            refresh_token: token(&value, "refresh_token")?,
            id_token: token(&value, "id_token")?,
            expires_in_s: value
                .get("expires_in")
                .and_then(seconds)
                .unwrap_or(DEFAULT_S)
                .clamp(SHORTEST_S, LONGEST_S),
            refresh_in_s: value
                .get("refresh_in")
                .and_then(seconds)
                .filter(|it| (SHORTEST_S..LONGEST_S).contains(it)),
            scopes: scopes(value.get("scope").and_then(Value::as_str).unwrap_or_default(), resource),
        })
    }
}

fn unexpected() -> EntraError {
    EntraError::local(Class::Transient, "unexpected_answer")
}

/// A token of visible ASCII, as it goes into a header or form; empty is absent.
#[expect(
    clippy::result_large_err,
    reason = "a refusal is rare, and its parts are read by many"
)]
fn token(value: &Value, name: &str) -> Result<Option<SecretString>, EntraError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(it)) if it.is_empty() => Ok(None),
        Some(Value::String(it)) if it.len() <= LONGEST_TOKEN && it.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(Some(SecretString::from(it.as_str())))
        }
        Some(_) => Err(unexpected()),
    }
}

/// A number of seconds, written as a number or as text.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, and the caller clamps"
)]
fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(it) => it.as_f64()?,
        Value::String(it) => it.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number as i64)
}

/// Bare permission names, sorted; sign-in scopes and `.default` are left out, names of other resources stay whole.
fn scopes(text: &str, resource: &str) -> Vec<String> {
    let prefix = format!("{resource}/");
    let bare = |it: &str| match it.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(&prefix) => it[prefix.len()..].trim_start_matches('/').to_owned(),
        _ => it.to_owned(),
    };
    let mut names: Vec<_> = text.split_ascii_whitespace().map(bare).collect();
    names.retain(|it| !["", ".default", "openid", "profile", "email", "offline_access"].contains(&it.as_str()));
    names.sort();
    names.dedup();
    names
}
