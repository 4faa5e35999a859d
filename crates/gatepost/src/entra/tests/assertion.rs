//! Tests of the signed statement that proves the application by certificate.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::CLIENT;
use crate::clock::{Clock, Timestamp};
use crate::entra::assertion::sign;

const ADDRESS: &str = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token";
const NOW_S: i64 = 1_800_000_000;

#[test]
fn a_statement_is_short_lived_fresh_and_signed_with_ps256() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let pem = SecretString::from(pem);
    let clock = Clock::set(Timestamp(NOW_S * 1000), 3);
    let made = || sign(&clock, CLIENT, ADDRESS, &pem, "thumbprint").unwrap();
    let (first, second) = (made(), made());

    let header = jsonwebtoken::decode_header(first.expose_secret()).unwrap();
    assert_eq!(
        (header.alg, header.x5t_s256.as_deref()),
        (Algorithm::PS256, Some("thumbprint"))
    );
    let public = pair.public_key();
    let key = DecodingKey::from_rsa_raw_components(
        public.modulus().big_endian_without_leading_zero(),
        public.exponent().big_endian_without_leading_zero(),
    );
    let mut validation = Validation::new(Algorithm::PS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = |token: &SecretString| {
        jsonwebtoken::decode::<Value>(token.expose_secret(), &key, &validation)
            .unwrap()
            .claims
    };
    let (one, two) = (claims(&first), claims(&second));
    assert_eq!(
        (&one["aud"], &one["iss"], &one["sub"]),
        (&ADDRESS.into(), &CLIENT.into(), &CLIENT.into())
    );
    assert_eq!(
        (&one["iat"], &one["nbf"], &one["exp"]),
        (&NOW_S.into(), &(NOW_S - 60).into(), &(NOW_S + 300).into())
    );
    assert_ne!(one["jti"], two["jti"], "a statement counts once");
}

#[test]
fn a_key_that_is_none_makes_no_statement() {
    let clock = Clock::set(Timestamp(0), 3);
    assert!(sign(&clock, CLIENT, ADDRESS, &SecretString::from("not a key"), "thumbprint").is_none());
}
