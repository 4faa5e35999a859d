//! The fields of a posted form; a name may stand several times, as check boxes do.

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

/// What was posted, after the guard took it in.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The field without spaces around it; empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// The field as it was sent, for passwords.
    pub fn exact(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Every value of a name, without empty ones.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(known, value)| known == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// Everything but one field, as a form would send it.
    pub fn without(&self, name: &str) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.0.iter().filter(|(known, _)| known != name))
            .finish()
    }

    /// Whether a check box was ticked.
    pub fn is_set(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // Invariant: only the guard puts fields here, after Origin and CSRF token were checked.
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::FORBIDDEN)
    }
}
