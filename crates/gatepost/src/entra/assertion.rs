//! Proves the application by certificate: a short-lived signed statement instead of a shared secret.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Clock;

/// How long a statement counts, and how far the clocks may differ.
const LIFETIME_S: i64 = 300;
const SKEW_S: i64 = 60;

#[derive(serde::Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// A client assertion (RFC 7523 §3) for one request, or nothing if the key cannot be used.
pub(super) fn sign(
    clock: &Clock,
    client_id: &str,
    token_address: &str,
    private_key_pem: &SecretString,
    thumbprint: &str,
) -> Option<SecretString> {
    let key = EncodingKey::from_rsa_pem(private_key_pem.expose_secret().as_bytes()).ok()?;
    let header = Header {
        x5t_s256: Some(thumbprint.to_owned()),
        ..Header::new(Algorithm::PS256)
    };
    let now = clock.now().unix_seconds();
    let claims = Claims {
        aud: token_address,
        iss: client_id,
        sub: client_id,
        jti: clock.new_id(),
        iat: now,
        nbf: now - SKEW_S,
        exp: now + LIFETIME_S,
    };
    jsonwebtoken::encode(&header, &claims, &key)
        .ok()
        .map(SecretString::from)
}
