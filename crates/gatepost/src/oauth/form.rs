//! Parameters of a query or form, each at most once.

use http::HeaderMap;

use super::error::OauthError;
use crate::json::media_type;

const MOST: usize = 60;
const LONGEST: usize = 16 * 1024;

/// Named values. A name given twice is refused: two readers must not read different ones (RFC 6749 §3.1, §3.2).
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if MOST <= all.len() || LONGEST < value.len() {
                return Err("there are more or longer parameters than any request has".into());
            }
            if value.contains('\0') || value.contains('\u{FFFD}') {
                return Err(format!("`{}` is not plain text", name.escape_default()));
            }
            // RFC 8707 §2 lets `resource` stand twice; we serve one resource per token.
            if all.iter().any(|(known, _)| *known == name) {
                return Err(format!("`{}` is given twice", name.escape_default()));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }

    /// Reads a form post.
    pub(super) fn of_post(headers: &HeaderMap, body: &[u8]) -> Result<Self, OauthError> {
        let kind = media_type(headers).map_err(|it| OauthError::InvalidRequest(it.to_string()))?;
        if kind.0 != "application/x-www-form-urlencoded" {
            return Err(OauthError::InvalidRequest(
                "expected a form (application/x-www-form-urlencoded)".into(),
            ));
        }
        Self::parse(body).map_err(OauthError::InvalidRequest)
    }

    /// The value of `name`, unless it is absent or empty (RFC 6749 §3.1: empty counts as absent).
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|it| !it.is_empty())
    }

    /// The value of `name`, or a refusal that names it.
    pub(super) fn need(&self, name: &str) -> Result<&str, OauthError> {
        self.find(name)
            .ok_or_else(|| OauthError::InvalidRequest(format!("`{name}` is missing")))
    }
}
