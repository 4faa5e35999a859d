//! A secret's own text in what came back from where it was sent: taken out, in whichever spelling it stands there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands in its place.
const GONE: &[u8] = b"***";
/// Shorter ones would be found in ordinary words.
const SHORTEST: usize = 16;

/// `bytes` without the secret: as it is, percent-encoded, or in base64 at any offset, as part of `Bearer ...` for one.
pub fn without(secret: &SecretString, bytes: &[u8]) -> Vec<u8> {
    let mut rest = bytes.to_vec();
    if SHORTEST <= secret.expose_secret().len() {
        for spelling in spellings(secret.expose_secret().as_bytes()) {
            rest = replaced(rest, &spelling);
        }
    }
    rest
}

/// The longest spelling's length: as much of a text that was cut off may be the beginning of one.
pub fn longest_spelling(secret: &SecretString) -> usize {
    3 * secret.expose_secret().len()
}

fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let percent = utf8_percent_encode(std::str::from_utf8(secret).unwrap_or_default(), NON_ALPHANUMERIC).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret).collect();
    let mut all = vec![
        secret.to_vec(),
        percent.to_lowercase().into_bytes(),
        percent.into_bytes(),
        form.into_bytes(),
    ];
    for offset in 0..3 {
        let shifted = [&[0; 3][..offset], secret].concat();
        for encoded in [STANDARD.encode(&shifted), URL_SAFE.encode(&shifted)] {
            // The first and last letters also hold bits of what stands beside the secret.
            all.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
        }
    }
    all
}

fn replaced(text: Vec<u8>, part: &[u8]) -> Vec<u8> {
    let Some(first) = part.first() else { return text };
    let (mut out, mut rest) = (Vec::new(), &text[..]);
    while let Some(at) = rest.iter().position(|it| it == first) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        match rest.strip_prefix(part) {
            Some(after) => {
                out.extend_from_slice(GONE);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = &rest[1..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_taken_out_and_nothing_else() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJ1cG4iOiJhZGEifQ.c2lnbmF0dXJl-_8";
        let secret = SecretString::from(token.to_owned());
        let refresh = SecretString::from("0.AR~/+= odd&text_which-is*long".to_owned());
        for secret in [&secret, &refresh] {
            let plain = secret.expose_secret();
            let form: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            for said in [
                plain.to_owned(),
                form,
                utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string(),
            ] {
                let text = format!("{{\"error\":\"no {said}, ever\",\"again\":\"{said}\"}}");
                let left = String::from_utf8(without(secret, text.as_bytes())).unwrap();
                assert_eq!(left, "{\"error\":\"no ***, ever\",\"again\":\"***\"}");
            }
            for before in ["", "B", "Be", "Bearer "] {
                for encoded in [
                    STANDARD.encode(format!("{before}{plain}!")),
                    URL_SAFE.encode(format!("{before}{plain}!")),
                ] {
                    let left = without(secret, encoded.as_bytes());
                    assert!(left.len() < 24, "{}", String::from_utf8_lossy(&left));
                }
            }
        }
        let other = br#"{"error":{"code":"TokenExpired"}}"#;
        assert_eq!(without(&secret, other), other);
        assert_eq!(
            without(&SecretString::from("code".to_owned()), other),
            other,
            "too short to tell"
        );
    }
}
