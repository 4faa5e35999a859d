//! Tests of a token endpoint's good answers, plain and odd.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::entra::{Class, TokenAnswer};

const RESOURCE: &str = "https://analysis.windows.net/powerbi/api";

fn parse(value: &Value) -> Result<TokenAnswer, Class> {
    TokenAnswer::parse(value.to_string().as_bytes(), RESOURCE).map_err(|it| it.class)
}

fn with(name: &str, value: Value) -> Value {
    let mut answer = json!({"token_type": "Bearer", "access_token": "at", "expires_in": 4000, "scope": ""});
    answer[name] = value;
    answer
}

#[test]
fn scopes_lose_their_prefix_and_default_is_dropped() {
    let text = format!(
        "{RESOURCE}/Dataset.Read.All {RESOURCE}/App.Read.All {RESOURCE}/.default openid https://graph.microsoft.com/User.Read"
    );
    let answer = parse(&with("scope", json!(text))).unwrap();
    assert_eq!(
        answer.scopes,
        [
            "App.Read.All",
            "Dataset.Read.All",
            "https://graph.microsoft.com/User.Read"
        ]
    );
}

/// CB-18
#[test]
fn lifetimes_are_read_from_numbers_and_text_and_kept_in_bounds() {
    let expires = |value| parse(&with("expires_in", value)).unwrap().expires_in_s;
    assert_eq!(expires(json!(4321)), 4321);
    assert_eq!(expires(json!("3600")), 3600);
    assert_eq!(expires(json!(3599.5)), 3599);
    assert_eq!((expires(json!(0)), expires(json!(-1))), (60, 60));
    assert_eq!((expires(json!(1e18)), expires(json!("1e400"))), (172_800, 600));
    assert_eq!((expires(json!(null)), expires(json!({}))), (600, 600));
    assert_eq!(
        parse(&with("refresh_in", json!("43200"))).unwrap().refresh_in_s,
        Some(43200)
    );
    assert_eq!(parse(&with("refresh_in", json!(-5))).unwrap().refresh_in_s, None);
}

/// CB-18
#[test]
fn an_answer_without_a_usable_token_is_no_answer() {
    for odd in [
        with("token_type", json!("mac")),
        with("access_token", json!("")),
        with("access_token", json!(7)),
        with("access_token", json!("a\r\nb")),
        json!([]),
        json!("x"),
    ] {
        assert_eq!(parse(&odd).unwrap_err(), Class::Transient, "{odd}");
    }
    for body in ["", "<html>200</html>", "{\"access_token\":\"a"] {
        assert!(TokenAnswer::parse(body.as_bytes(), RESOURCE).is_err());
    }
}

/// CB-18
/// Half of UPS-05: how the answer is read; that the store keeps the old token is not tested by itself.
#[test]
fn an_absent_refresh_token_stays_absent_and_nothing_prints_a_token() {
    assert!(
        parse(&with("refresh_token", json!(null)))
            .unwrap()
            .refresh_token
            .is_none()
    );
    let answer = parse(&with("refresh_token", json!("very-secret"))).unwrap();
    assert_eq!(answer.refresh_token.as_ref().unwrap().expose_secret(), "very-secret");
    assert!(!format!("{answer:?}").contains("very-secret"));
}
