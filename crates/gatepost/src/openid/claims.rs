//! Who signed in at a provider: the claims of its id token (OpenID Connect Core §3.1.3.7).

use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::OpenIdProblem;
use crate::entra;

/// How old the proof behind a fresh id token may be, in seconds.
const FRESH_S: f64 = 300.0;

/// A signed-in account. The key is (`issuer`, `subject`); everything else may change or be chosen by its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub issuer: String,
    pub subject: String,
    pub name: Option<String>,
    /// Only when the provider says that it proved the address.
    pub email: Option<String>,
}

/// What one trip expects.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// The person was to sign in anew.
    pub is_proof: bool,
    pub now_s: i64,
}

/// The account of verified claims.
pub(super) fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<Account, OpenIdProblem> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_ours = text("iss") == Some(expected.issuer) && is_for(claims, expected.client_id);
    if !is_ours {
        return Err(OpenIdProblem::NotOurs);
    }
    entra::check_times(claims, expected.now_s).map_err(|_| OpenIdProblem::Time)?;
    let same = text("nonce").is_some_and(|it| bool::from(it.as_bytes().ct_eq(expected.nonce.as_bytes())));
    if expected.nonce.is_empty() || !same {
        return Err(OpenIdProblem::Nonce);
    }
    if expected.is_proof && !is_fresh(claims, expected.now_s) {
        return Err(OpenIdProblem::StaleProof);
    }
    let subject = text("sub").filter(|it| !it.is_empty() && it.len() <= 255 && !it.chars().any(char::is_control));
    let is_proved = claims.get("email_verified") == Some(&Value::Bool(true));
    Ok(Account {
        issuer: expected.issuer.to_owned(),
        subject: subject.ok_or(OpenIdProblem::Person)?.to_owned(),
        name: text("name").or(text("preferred_username")).and_then(entra::shown),
        email: text("email").filter(|_| is_proved).and_then(entra::shown),
    })
}

/// The audience is this application alone, or several with this one as the party it was issued to.
fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    let issued_to = claims.get("azp").map(|it| it.as_str() == Some(client_id));
    match claims.get("aud") {
        Some(Value::String(only)) => only == client_id && issued_to != Some(false),
        Some(Value::Array(all)) => {
            let is_among = all.iter().any(|it| it.as_str() == Some(client_id));
            is_among && (issued_to == Some(true) || all.len() == 1 && issued_to.is_none())
        }
        _ => false,
    }
}

fn is_fresh(claims: &Map<String, Value>, now_s: i64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let now = now_s as f64;
    let at = claims.get("auth_time").and_then(Value::as_f64);
    at.is_some_and(|at| now - at <= FRESH_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims() -> Map<String, Value> {
        let all = json!({
            "iss": "https://id.example", "aud": "app", "sub": "42", "nonce": "n", "exp": 2000, "iat": 1000, "name": "Ada",
            "email": "ada@example.com", "email_verified": true,
        });
        all.as_object().unwrap().clone()
    }

    fn with(name: &str, value: Value, is_proof: bool) -> Result<Account, OpenIdProblem> {
        let mut claims = claims();
        claims.insert(name.to_owned(), value);
        let expected = Expected {
            issuer: "https://id.example",
            client_id: "app",
            nonce: "n",
            is_proof,
            now_s: 1000,
        };
        check(&claims, &expected)
    }

    /// CB-11, CB-12
    #[test]
    fn claims_of_others_are_refused_and_an_unproved_address_is_none() {
        let good = with("x", Value::Null, false).unwrap();
        assert_eq!(
            (good.subject.as_str(), good.email.as_deref()),
            ("42", Some("ada@example.com"))
        );
        for (name, value, problem) in [
            ("iss", json!("https://evil.example"), OpenIdProblem::NotOurs),
            ("iss", json!("https://id.example/"), OpenIdProblem::NotOurs),
            ("aud", json!("other"), OpenIdProblem::NotOurs),
            ("aud", json!(["app", "other"]), OpenIdProblem::NotOurs),
            ("aud", json!([]), OpenIdProblem::NotOurs),
            ("azp", json!("other"), OpenIdProblem::NotOurs),
            ("exp", json!(100), OpenIdProblem::Time),
            ("exp", json!("2000"), OpenIdProblem::Time),
            ("nbf", json!(9000), OpenIdProblem::Time),
            ("nonce", json!("other"), OpenIdProblem::Nonce),
            ("nonce", Value::Null, OpenIdProblem::Nonce),
            ("sub", json!(""), OpenIdProblem::Person),
            ("sub", json!(42), OpenIdProblem::Person),
        ] {
            assert_eq!(with(name, value.clone(), false), Err(problem), "{name} {value}");
        }
        for unproved in [json!(false), json!("true"), Value::Null] {
            assert_eq!(with("email_verified", unproved, false).unwrap().email, None);
        }
        assert_eq!(with("x", Value::Null, true), Err(OpenIdProblem::StaleProof));
        assert_eq!(with("auth_time", json!(600), true), Err(OpenIdProblem::StaleProof));
        assert!(with("auth_time", json!(900), true).is_ok());
    }
}
