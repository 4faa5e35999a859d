//! Who signed in: the check of an id token, claim by claim.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::addresses;
use super::keys::Key;
use super::registration::Registration;
use super::tenant::{is_guid, is_personal};
use crate::unseen::unseen;

const LONGEST_TOKEN: usize = 64 * 1024;
const LONGEST_TEXT: usize = 256;
/// How far Microsoft's clock and ours may differ.
const SKEW_S: f64 = 300.0;

/// A signed-in person. The key is (`tid`, `oid`); everything else may change or be chosen by its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The directory signed in to, in lower case.
    pub tid: String,
    /// The person's object in that directory, in lower case.
    pub oid: String,
    pub name: Option<String>,
    /// For display only.
    pub username: Option<String>,
    /// To be sent along when the same person reconnects.
    pub login_hint: Option<String>,
}

/// Why an id token does not tell who signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProblem {
    #[error("the id token is not a signed token of the expected form")]
    Malformed,
    #[error("the id token is not signed with RS256")]
    Algorithm,
    #[error("the id token's header names a key of its own")]
    ForeignKey,
    #[error("the id token names a key that Microsoft does not publish")]
    UnknownKey,
    #[error("Microsoft's signing keys could not be read")]
    KeysUnavailable,
    #[error("the id token's signature does not fit")]
    Signature,
    #[error("the id token is not from the expected issuer")]
    Issuer,
    #[error("the id token was not issued to this application")]
    Audience,
    #[error("the id token is too old, not valid yet, or has no readable times")]
    Time,
    #[error("the id token does not belong to this sign-in")]
    Nonce,
    #[error("the id token does not name a person of an organisation")]
    Person,
    #[error("the person signed in to another directory than the one entered for the integration")]
    Tenant,
}

/// An id token whose header was checked and whose signature was not.
pub struct Unverified<'a> {
    text: &'a str,
    header: Header,
    kid: String,
}

impl Unverified<'_> {
    /// The id of the key it claims to be signed with.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

/// Reads and checks the header.
pub fn read(text: &str) -> Result<Unverified<'_>, IdentityProblem> {
    if LONGEST_TOKEN < text.len() || text.split('.').count() != 3 {
        return Err(IdentityProblem::Malformed);
    }
    // An unknown algorithm, `none` included, does not parse.
    let header = jsonwebtoken::decode_header(text).map_err(|_| IdentityProblem::Algorithm)?;
    if header.alg != Algorithm::RS256 {
        return Err(IdentityProblem::Algorithm);
    }
    let has_own_key = header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some();
    if has_own_key || header.crit.is_some() {
        return Err(IdentityProblem::ForeignKey);
    }
    let kid = header
        .kid
        .clone()
        .filter(|it| it.len() <= LONGEST_TEXT)
        .ok_or(IdentityProblem::UnknownKey)?;
    Ok(Unverified { text, header, kid })
}

/// Checks signature and claims against what this sign-in expects.
pub(super) fn check(
    token: &Unverified<'_>,
    key: &Key,
    registration: &Registration,
    nonce: &str,
    now_s: i64,
) -> Result<Identity, IdentityProblem> {
    let claims = verified_claims(token, key)?;
    let text = |name| claims.get(name).and_then(Value::as_str);
    let tid = text("tid")
        .filter(|it| is_guid(it) && !is_personal(it))
        .ok_or(IdentityProblem::Person)?;
    check_issuer(text("iss"), tid, key, registration)?;
    let is_ours = |name| text(name).is_some_and(|it| it.eq_ignore_ascii_case(&registration.client_id));
    if !is_ours("aud") || (claims.contains_key("azp") && !is_ours("azp")) {
        return Err(IdentityProblem::Audience);
    }
    check_times(&claims, now_s)?;
    // An empty expectation would be met by a token without a nonce in other implementations; here it never is.
    let same = text("nonce").is_some_and(|it| bool::from(it.as_bytes().ct_eq(nonce.as_bytes())));
    if nonce.is_empty() || !same {
        return Err(IdentityProblem::Nonce);
    }
    if registration
        .tenant
        .guid()
        .is_some_and(|it| !it.eq_ignore_ascii_case(tid))
    {
        return Err(IdentityProblem::Tenant);
    }
    let oid = text("oid").filter(|it| is_guid(it)).ok_or(IdentityProblem::Person)?;
    Ok(Identity {
        tid: tid.to_ascii_lowercase(),
        oid: oid.to_ascii_lowercase(),
        name: text("name").and_then(shown),
        username: text("preferred_username").and_then(shown),
        login_hint: text("login_hint").or(text("preferred_username")).and_then(shown),
    })
}

/// The claims, if the signature is `key`'s; nothing in them was checked yet.
pub fn verified_claims(token: &Unverified<'_>, key: &Key) -> Result<Map<String, Value>, IdentityProblem> {
    let mut validation = Validation::new(token.header.alg);
    // Everything is checked below, by our clock and with stricter types.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<Value>(token.text, &key.verifying, &validation);
    match decoded.map(|it| it.claims) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(_) => Err(IdentityProblem::Malformed),
        Err(_) => Err(IdentityProblem::Signature),
    }
}

/// The issuer is the template with the token's own directory; a key may be good for fewer issuers than its set.
fn check_issuer(
    issuer: Option<&str>,
    tid: &str,
    key: &Key,
    registration: &Registration,
) -> Result<(), IdentityProblem> {
    let expected = addresses::issuer(&registration.cloud, tid);
    let of_key = key.issuer.as_ref().map(|it| it.replace("{tenantid}", tid));
    let fits = issuer == Some(expected.as_str()) && of_key.is_none_or(|it| it == expected);
    if fits { Ok(()) } else { Err(IdentityProblem::Issuer) }
}

/// Times must be numbers: a text taken for an absent time would make a token valid for ever.
pub fn check_times(claims: &Map<String, Value>, now_s: i64) -> Result<(), IdentityProblem> {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let now = now_s as f64;
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(it)) => it.as_f64().map(Some).ok_or(IdentityProblem::Time),
        Some(_) => Err(IdentityProblem::Time),
    };
    let expires = time("exp")?.ok_or(IdentityProblem::Time)?;
    let starts = [time("nbf")?, time("iat")?];
    let started = starts.into_iter().flatten().all(|it| it <= now + SKEW_S);
    if now - SKEW_S < expires && started {
        Ok(())
    } else {
        Err(IdentityProblem::Time)
    }
}

/// A text of bounded length without anything unseen.
pub fn shown(text: &str) -> Option<String> {
    let seen = text.chars().filter(|it| unseen(*it).is_none());
    let text: String = seen.take(LONGEST_TEXT).collect();
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}
