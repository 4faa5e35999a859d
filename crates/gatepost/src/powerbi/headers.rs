//! Which headers cross the gateway, in either direction. Everything that is not named here stays behind.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("requestid");
const REFRESH_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const ERROR_INFO: HeaderName = HeaderName::from_static("x-powerbi-error-info");
const ERROR_DETAILS: HeaderName = HeaderName::from_static("x-powerbi-error-details");

/// What of a caller's request reaches Microsoft.
const OUTGOING: [HeaderName; 4] = [ACCEPT, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH];
/// What of Microsoft's answer reaches a caller.
const INCOMING: [HeaderName; 11] = [
    CONTENT_TYPE,
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    ETAG,
    LAST_MODIFIED,
    RETRY_AFTER,
    REQUEST_ID,
    REFRESH_ID,
    ERROR_INFO,
    ERROR_DETAILS,
];
const LONGEST_ID: usize = 128;

/// The headers of one upstream request; nothing if the token cannot be a header.
pub(super) fn outgoing(given: &HeaderMap, token: &SecretString, request_id: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for name in OUTGOING {
        // The first of several: no header of the list may be repeated.
        if let Some(value) = given.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    bearer.set_sensitive(true);
    headers.insert(AUTHORIZATION, bearer);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("gatepost/", env!("CARGO_PKG_VERSION"))),
    );
    headers.insert(CLIENT_REQUEST_ID, HeaderValue::from_str(request_id).ok()?);
    Some(headers)
}

/// The headers of an answer that a caller may see.
pub(super) fn incoming(answer: &HeaderMap) -> HeaderMap {
    INCOMING
        .into_iter()
        .filter_map(|name| answer.get(&name).cloned().map(|value| (name, value)))
        .collect()
}

/// The id Microsoft's support asks for.
pub fn request_id(answer: &HeaderMap) -> Option<String> {
    word(answer, &REQUEST_ID)
}

/// Why a bearer was not taken, which Power BI says here and not in a body.
pub(super) fn error_info(answer: &HeaderMap) -> Option<String> {
    word(answer, &ERROR_INFO)
}

/// A header of visible ASCII and of a bounded length.
fn word(answer: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = answer.get(name)?.to_str().ok()?.trim();
    let is_plain = (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    is_plain.then(|| text.to_owned())
}
