//! Reads a claims challenge out of `WWW-Authenticate` headers (RFC 9110 §11.6.1).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

const LONGEST: usize = 8 * 1024;
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The claims a further sign-in must satisfy, as JSON, if an answer asks for one.
pub(super) fn claims(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .find_map(|header| {
            let parameters = parameters(header);
            let value = |name: &str| {
                parameters
                    .iter()
                    .find(|(given, _)| given.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.as_str())
            };
            decoded(value("claims")?)
        })
}

/// Every `name=value` and `name="value"` of a header, whatever the schemes between them.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header.get(..LONGEST).unwrap_or(header);
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit([' ', ',', '\t']).next().unwrap_or_default().to_owned();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = after.find([',', ' ']).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        found.push((name, value));
        rest = left;
    }
    found
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            _ => value.push(c),
        }
    }
    (value, "")
}

/// The challenge is JSON in base64 of either alphabet; some services send the JSON itself.
fn decoded(text: &str) -> Option<String> {
    let engines = [
        GeneralPurpose::new(&alphabet::STANDARD, LENIENT),
        GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT),
    ];
    let decode = |it: &GeneralPurpose| it.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let candidates = engines.iter().filter_map(decode).chain([text.to_owned()]);
    candidates
        .into_iter()
        .find(|it| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(it).is_ok())
}
