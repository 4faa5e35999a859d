//! Any id token: a header is taken only in the one form that is allowed, and claims only if they are about this sign-in.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatepost::entra::read_id_token;
use gatepost::openid::fuzzing::account;
use libfuzzer_sys::fuzz_target;
use serde_json::Map;
use serde_json::Value;

fuzz_target!(|input: &str| {
    if let Ok(token) = read_id_token(input) {
        header(input, token.kid());
    }
    let Ok(claims) = serde_json::from_str::<Map<String, Value>>(input) else {
        return;
    };
    for is_proof in [false, true] {
        let Ok(found) = account(&claims, is_proof) else {
            continue;
        };
        assert_eq!(claims.get("iss"), Some(&Value::from("https://issuer.example")));
        assert_eq!(claims.get("nonce"), Some(&Value::from("n")));
        assert!(claims.get("azp").is_none_or(|azp| azp == "ours"), "{claims:?}");
        let audience = claims.get("aud").expect("a token for somebody");
        assert!(audience == "ours" || audience.as_array().is_some_and(|all| all.iter().any(|it| it == "ours")));
        let number = |name: &str| claims.get(name).and_then(Value::as_f64);
        assert!(number("exp").is_some_and(|exp| 1000.0 - 300.0 <= exp), "{claims:?}");
        assert!(number("nbf").is_none_or(|nbf| nbf <= 1000.0 + 300.0), "{claims:?}");
        assert!(
            !is_proof || number("auth_time").is_some_and(|at| 1000.0 - at <= 300.0),
            "{claims:?}"
        );
        assert!(!found.subject.is_empty() && !found.subject.chars().any(char::is_control));
        assert!(found.email.is_none() || claims.get("email_verified") == Some(&Value::Bool(true)));
    }
});

/// What was taken is signed with the one algorithm, by a key of Microsoft's that is only named.
fn header(token: &str, kid: &str) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let header = BASE64_URL_SAFE_NO_PAD
        .decode(parts[0])
        .expect("a header that was read is base64url");
    let header: Map<String, Value> = serde_json::from_slice(&header).expect("a header that was read is an object");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["kid"], kid);
    for name in ["jku", "jwk", "x5u", "x5c", "crit"] {
        assert!(header.get(name).is_none_or(Value::is_null), "{header:?}");
    }
}
