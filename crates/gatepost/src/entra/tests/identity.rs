//! Tests of the id token's check: each way of forging one.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Value, json};

use super::{CLIENT, TENANT, registration};
use crate::entra::identity::{Identity, IdentityProblem, check, read};
use crate::entra::keys::Key;

const NOW: i64 = 1_800_000_000;
const PERSON: &str = "5a4db0c5-0001-4000-8000-000000000002";

struct Signer {
    signing: EncodingKey,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

fn signer() -> Signer {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let public = pair.public_key();
    Signer {
        signing: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        modulus: public.modulus().big_endian_without_leading_zero().to_vec(),
        exponent: public.exponent().big_endian_without_leading_zero().to_vec(),
    }
}

static MICROSOFT: LazyLock<Signer> = LazyLock::new(signer);
static STRANGER: LazyLock<Signer> = LazyLock::new(signer);

fn key(issuer: Option<&str>) -> Key {
    let verifying = DecodingKey::from_rsa_raw_components(&MICROSOFT.modulus, &MICROSOFT.exponent);
    Key {
        verifying,
        issuer: issuer.map(str::to_owned),
    }
}

fn claims() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": CLIENT, "tid": TENANT, "oid": PERSON,
        "exp": NOW + 3600, "nbf": NOW - 10, "iat": NOW - 10, "nonce": "n", "name": "Bo\u{202e} Builder\n", "preferred_username": "bo@contoso.test",
    })
}

fn sign(claims: &Value) -> String {
    let header = Header {
        kid: Some("k".to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    jsonwebtoken::encode(&header, claims, &MICROSOFT.signing).unwrap()
}

fn judge_at(tenant: &str, token: &str, key: &Key) -> Result<Identity, IdentityProblem> {
    check(&read(token)?, key, &registration(tenant), "n", NOW)
}

fn judge(token: &str) -> Result<Identity, IdentityProblem> {
    judge_at(
        "",
        token,
        &key(Some("https://login.microsoftonline.com/{tenantid}/v2.0")),
    )
}

fn with(name: &str, value: Value) -> Result<Identity, IdentityProblem> {
    let mut claims = claims();
    claims[name] = value;
    judge(&sign(&claims))
}

#[test]
fn a_good_token_names_the_person_and_its_texts_are_cleaned() {
    let identity = judge(&sign(&claims())).unwrap();
    assert_eq!((identity.tid.as_str(), identity.oid.as_str()), (TENANT, PERSON));
    assert_eq!(identity.name.as_deref(), Some("Bo Builder"));
    assert_eq!(identity.username.as_deref(), Some("bo@contoso.test"));
}

/// CB-11
#[test]
fn claims_of_somebody_else_or_some_other_time_are_refused() {
    use IdentityProblem::{Audience, Issuer, Nonce, Person, Time};
    let other = "5a4db0c5-0000-4000-8000-00000000fab1";
    let cases = [
        ("exp", json!(NOW - 301), Time),
        ("exp", json!((NOW + 3600).to_string()), Time),
        ("exp", json!(null), Time),
        ("nbf", json!(NOW + 301), Time),
        ("nbf", json!((NOW - 10).to_string()), Time),
        ("iat", json!([]), Time),
        ("aud", json!("somebody-else"), Audience),
        ("aud", json!([CLIENT, "somebody-else"]), Audience),
        ("azp", json!("somebody-else"), Audience),
        (
            "iss",
            json!(format!("https://login.microsoftonline.com/{other}/v2.0")),
            Issuer,
        ),
        ("iss", json!(format!("https://evil.example/{TENANT}/v2.0")), Issuer),
        ("tid", json!(other), Issuer),
        ("tid", json!("9188040d-6c67-4c5b-b112-36a304b66dad"), Person),
        ("tid", json!("{tenantid}"), Person),
        ("oid", json!("not a guid"), Person),
        ("oid", json!(null), Person),
        ("nonce", json!("another"), Nonce),
        ("nonce", json!(null), Nonce),
        ("nonce", json!(""), Nonce),
    ];
    for (name, value, problem) in cases {
        assert_eq!(with(name, value.clone()), Err(problem), "{name} {value}");
    }
}

/// CB-11
#[test]
fn a_missing_expiry_or_nonce_is_refused() {
    for name in ["exp", "nonce", "iss", "aud", "tid", "oid"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert!(judge(&sign(&claims)).is_err(), "{name}");
    }
    let mut claims = claims();
    claims["nonce"] = json!("");
    let token = sign(&claims);
    let judged = check(&read(&token).unwrap(), &key(None), &registration(""), "", NOW);
    assert_eq!(judged, Err(IdentityProblem::Nonce), "an empty expectation is never met");
}

fn forged(header: &Value) -> Result<Identity, IdentityProblem> {
    let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    judge(&format!("{}.{}.", part(header), part(&claims())))
}

/// CB-11
#[test]
fn only_rs256_with_a_published_key_counts() {
    assert_eq!(
        forged(&json!({"alg": "none", "kid": "k"})),
        Err(IdentityProblem::Algorithm)
    );
    assert_eq!(
        forged(&json!({"alg": "HS256", "kid": "k"})),
        Err(IdentityProblem::Algorithm)
    );
    assert_eq!(
        forged(&json!({"alg": "PS256", "kid": "k"})),
        Err(IdentityProblem::Algorithm)
    );
    assert_eq!(forged(&json!({"alg": "RS256"})), Err(IdentityProblem::UnknownKey));
    assert_eq!(
        forged(&json!({"alg": "RS256", "kid": "k"})),
        Err(IdentityProblem::Signature)
    );
    for member in ["jku", "x5u"] {
        assert_eq!(
            forged(&json!({"alg": "RS256", "kid": "k", member: "https://evil.example/k"})),
            Err(IdentityProblem::ForeignKey)
        );
    }
    assert_eq!(
        forged(&json!({"alg": "RS256", "kid": "k", "crit": ["exp"]})),
        Err(IdentityProblem::ForeignKey)
    );
    let confused = EncodingKey::from_secret(&MICROSOFT.modulus);
    let header = Header {
        kid: Some("k".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    assert_eq!(
        judge(&jsonwebtoken::encode(&header, &claims(), &confused).unwrap()),
        Err(IdentityProblem::Algorithm)
    );
}

/// CB-11
#[test]
fn a_strangers_signature_or_a_changed_claim_is_refused() {
    let header = Header {
        kid: Some("k".to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    let token = jsonwebtoken::encode(&header, &claims(), &STRANGER.signing).unwrap();
    assert_eq!(judge(&token), Err(IdentityProblem::Signature));
    let good = sign(&claims());
    let parts: Vec<_> = good.split('.').collect();
    let mut changed = claims();
    changed["oid"] = json!("5a4db0c5-0001-4000-8000-000000000001");
    let token = format!(
        "{}.{}.{}",
        parts[0],
        URL_SAFE_NO_PAD.encode(changed.to_string()),
        parts[2]
    );
    assert_eq!(judge(&token), Err(IdentityProblem::Signature));
    assert!(judge("").is_err() && judge("a.b").is_err() && judge(&"x".repeat(100_000)).is_err());
}

/// CB-11
#[test]
fn a_key_of_one_issuer_signs_for_no_other() {
    let token = sign(&claims());
    let fixed = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    assert!(judge_at("", &token, &key(Some(&fixed))).is_ok());
    assert!(judge_at("", &token, &key(None)).is_ok());
    let consumers = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    assert_eq!(
        judge_at("", &token, &key(Some(consumers))),
        Err(IdentityProblem::Issuer)
    );
}

#[test]
fn a_person_of_another_directory_is_refused_where_one_is_entered() {
    let token = sign(&claims());
    assert!(judge_at(TENANT, &token, &key(None)).is_ok());
    let other = "5a4db0c5-0000-4000-8000-00000000fab1";
    assert_eq!(judge_at(other, &token, &key(None)), Err(IdentityProblem::Tenant));
}
