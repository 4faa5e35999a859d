//! Tests of what refusals mean.

use serde_json::json;

use crate::entra::{Class, EntraError};

fn refused(error: &str, code: u32) -> EntraError {
    let body = json!({
        "error": error, "error_codes": [code],
        "error_description": format!("AADSTS{code}: words. Trace ID: 5a4db0c5-0000-4000-8000-00000000aaaa Correlation ID: 5a4db0c5-0000-4000-8000-00000000bbbb"),
    });
    EntraError::of_answer(400, None, body.to_string().as_bytes())
}

#[test]
fn the_error_decides_and_the_number_does_not() {
    let class = |error, code| refused(error, code).class;
    for code in [50173, 700_082, 700_084, 70008, 70000, 65001, 50076, 53003, 1, 7_000_215] {
        assert_eq!(class("invalid_grant", code), Class::GrantDead, "{code}");
    }
    assert_eq!(class("interaction_required", 50079), Class::GrantDead);
    for code in [7_000_222, 7_000_215, 700_016, 1] {
        assert_eq!(class("invalid_client", code), Class::IntegrationBroken);
        assert_eq!(class("unauthorized_client", code), Class::IntegrationBroken);
    }
    for error in [
        "invalid_scope",
        "invalid_resource",
        "invalid_request",
        "unsupported_grant_type",
    ] {
        assert_eq!(class(error, 70011), Class::Configuration);
    }
    assert_eq!(class("temporarily_unavailable", 1), Class::Transient);
    assert_eq!(class("something_new", 1), Class::Unknown);
}

#[test]
fn a_loop_reported_as_a_dead_grant_is_throttling() {
    assert_eq!(
        refused("invalid_grant", 50196).class,
        Class::Throttled { retry_after_s: 300 }
    );
    assert_eq!(
        refused("invalid_grant", 90055).class,
        Class::Throttled { retry_after_s: 60 }
    );
    assert_eq!(refused("invalid_grant", 90033).class, Class::Transient);
}

#[test]
fn a_pause_is_taken_as_told_within_reason() {
    let pause = |after: &str| EntraError::of_answer(429, Some(after), b"Too Many Requests").class;
    assert_eq!(pause("7"), Class::Throttled { retry_after_s: 7 });
    assert_eq!(pause("0"), Class::Throttled { retry_after_s: 1 });
    for odd in ["-5", "soon", "", "Fri, 31 Dec 1999 23:59:59 GMT"] {
        assert_eq!(pause(odd), Class::Throttled { retry_after_s: 60 }, "{odd}");
    }
    assert_eq!(pause("999999999"), Class::Throttled { retry_after_s: 3600 });
}

#[test]
fn bodies_that_are_not_json_are_survived() {
    let class = |status, body: &str| EntraError::of_answer(status, None, body.as_bytes()).class;
    assert_eq!(class(500, "<html>"), Class::Transient);
    assert_eq!(class(503, ""), Class::Transient);
    assert_eq!(class(302, ""), Class::Unknown);
    assert_eq!(class(400, "{\"error\":"), Class::Unknown);
    assert_eq!(class(404, "[1,2"), Class::Unknown);
    assert_eq!(class(400, &"[".repeat(100_000)), Class::Unknown);
    assert_eq!(class(500, r#"{"error":"invalid_grant"}"#), Class::Transient);
}

#[test]
fn what_support_asks_for_is_kept_and_the_text_is_not() {
    let error = refused("invalid_grant", 70008);
    assert_eq!(error.codes, [70008]);
    assert_eq!(error.trace_id.as_deref(), Some("5a4db0c5-0000-4000-8000-00000000aaaa"));
    assert_eq!(
        error.correlation_id.as_deref(),
        Some("5a4db0c5-0000-4000-8000-00000000bbbb")
    );
    assert_eq!(
        error.to_string(),
        "Microsoft Entra ID answered `invalid_grant` (AADSTS70008)"
    );
    assert!(!format!("{error:?}").contains("words"));
}

#[test]
fn a_claims_challenge_is_kept_if_it_is_one() {
    let of = |claims: &str| {
        let body = json!({"error": "interaction_required", "suberror": "basic_action", "claims": claims});
        EntraError::of_answer(400, None, body.to_string().as_bytes())
    };
    let error = of(r#"{"access_token":{"capolids":{"essential":true}}}"#);
    assert_eq!(error.suberror.as_deref(), Some("basic_action"));
    assert!(error.claims.is_some());
    assert!(of("[]").claims.is_none() && of("not json").claims.is_none());
    assert!(of(&format!("{{\"a\":\"{}\"}}", "x".repeat(5000))).claims.is_none());
}

#[test]
fn every_refusal_has_words() {
    for code in catalogue::entra_errors::codes() {
        assert!(!refused("invalid_grant", code).explanation().tell.is_empty(), "{code}");
    }
    for error in [
        "invalid_grant",
        "invalid_client",
        "invalid_scope",
        "server_error",
        "mystery",
    ] {
        let explanation = refused(error, 4_000_000_000).explanation();
        assert!(!explanation.cause.is_empty() && !explanation.tell.is_empty());
    }
}
