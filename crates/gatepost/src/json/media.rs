//! What a request says its body is: one media type, and UTF-8.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// A media type in lower case, without parameters; empty when none is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(pub String);

/// Why a body is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaProblem {
    #[error("expected one Content-Type")]
    Several,
    #[error("expected a Content-Type in plain text")]
    NotText,
    /// Whoever reads the body after us would read other characters than we did.
    #[error("expected a body in UTF-8; its Content-Type names another charset")]
    Charset,
}

impl MediaType {
    /// Whether that is JSON, plain or of some vendor.
    pub fn is_json(&self) -> bool {
        self.0 == "application/json" || (self.0.starts_with("application/") && self.0.ends_with("+json"))
    }
}

/// The media type of a request's body.
pub fn media_type(headers: &HeaderMap) -> Result<MediaType, MediaProblem> {
    let mut all = headers.get_all(CONTENT_TYPE).iter();
    let (first, None) = (all.next(), all.next()) else {
        return Err(MediaProblem::Several);
    };
    let Some(first) = first else {
        return Ok(MediaType(String::new()));
    };
    let text = first.to_str().map_err(|_| MediaProblem::NotText)?;
    let mut parts = text.split(';');
    let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charsets = parts.filter_map(|it| it.split_once('=')).filter(is_charset);
    let mut named = charsets.map(|(_, value)| value.trim().trim_matches('"').to_ascii_lowercase());
    match named.all(|it| it == "utf-8" || it == "utf8") {
        true => Ok(MediaType(name)),
        false => Err(MediaProblem::Charset),
    }
}

fn is_charset((name, _): &(&str, &str)) -> bool {
    name.trim().eq_ignore_ascii_case("charset")
}
