//! Our OAuth client against the pretend Entra ID: sign-in, refresh, refusals and the test of a registration.

use std::collections::BTreeMap;

use gatepost::entra::{Callback, Class, Credential, EntraError, IdentityProblem, callback, missing_scopes};
use sandbox::faults::Fault;
use sandbox::people::{ADA, BO, CONTOSO, GUS_AS_GUEST};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::pretend_microsoft::{CALLBACK, Microsoft};

fn status(status: u16, body: Value) -> Fault {
    Fault::Status {
        status,
        headers: BTreeMap::new(),
        body,
    }
}

fn aadsts(code: u32) -> Fault {
    Fault::Aadsts { code, claims: None }
}

#[tokio::test]
async fn a_person_signs_in_and_is_told_apart_by_directory_and_object() {
    let microsoft = Microsoft::start().await;
    let registration = microsoft.registration("");
    let (answer, start) = microsoft.sign_in(&registration, "bo@contoso.test").await;
    assert!(missing_scopes(&answer.scopes).is_empty(), "{:?}", answer.scopes);
    assert!(answer.refresh_token.is_some() && (3600..=5400).contains(&answer.expires_in_s));
    let token = answer.id_token.unwrap();
    let identity = microsoft
        .entra
        .identity(&registration, &token, &start.nonce)
        .await
        .unwrap();
    assert_eq!((identity.tid.as_str(), identity.oid.as_str()), (CONTOSO, BO));
    assert_eq!(identity.username.as_deref(), Some("bo@contoso.test"));
    let other = microsoft.entra.identity(&registration, &token, "another-nonce").await;
    assert_eq!(other, Err(IdentityProblem::Nonce));
}

#[tokio::test]
async fn a_guest_is_the_object_of_the_directory_that_was_visited() {
    let microsoft = Microsoft::start().await;
    for tenant in [CONTOSO, "contoso.test"] {
        let registration = microsoft.registration(tenant);
        let (answer, start) = microsoft.sign_in(&registration, "gus@fabrikam.test").await;
        let identity = microsoft
            .entra
            .identity(&registration, &answer.id_token.unwrap(), &start.nonce)
            .await
            .unwrap();
        assert_eq!(
            (identity.tid.as_str(), identity.oid.as_str()),
            (CONTOSO, GUS_AS_GUEST),
            "{tenant}"
        );
    }
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_the_old_one_stays_good() {
    let microsoft = Microsoft::start().await;
    let registration = microsoft.registration("");
    let (answer, _) = microsoft.sign_in(&registration, "bo@contoso.test").await;
    let token = answer.refresh_token.unwrap();
    for _ in 0..2 {
        let fresh = microsoft
            .entra
            .refresh(&registration, &token, CONTOSO, None)
            .await
            .unwrap();
        assert!(fresh.refresh_token.is_some() && missing_scopes(&fresh.scopes).is_empty());
    }
    microsoft.arm(
        "token",
        Some(1),
        Fault::Omit {
            field: "refresh_token".to_owned(),
        },
    );
    let fresh = microsoft
        .entra
        .refresh(&registration, &token, CONTOSO, None)
        .await
        .unwrap();
    assert!(fresh.refresh_token.is_none());
}

#[tokio::test]
async fn a_code_counts_once_and_only_with_its_verifier() {
    let microsoft = Microsoft::start().await;
    let registration = microsoft.registration("");
    let returned = microsoft.visit(&registration, "bo@contoso.test", "accept").await;
    let Callback::Code { code, .. } = callback(&returned.parameters).unwrap() else {
        panic!()
    };
    let other = SecretString::from("another-verifier-of-at-least-forty-three-characters");
    let redeem = |verifier| {
        microsoft
            .entra
            .redeem(&registration, &code, verifier, CALLBACK, "organizations")
    };
    let error = redeem(&other).await.unwrap_err();
    assert_eq!(
        (error.class, error.codes.as_slice()),
        (Class::GrantDead, &[501_481][..])
    );
    let again = redeem(&returned.start.verifier).await;
    let once_more = redeem(&returned.start.verifier).await.unwrap_err();
    assert_eq!(once_more.class, Class::GrantDead, "{again:?}");
}

#[tokio::test]
async fn a_declined_consent_comes_back_as_such() {
    let microsoft = Microsoft::start().await;
    let returned = microsoft
        .visit(&microsoft.registration(""), "bo@contoso.test", "decline")
        .await;
    let Callback::Failed { failure, state } = callback(&returned.parameters).unwrap() else {
        panic!("{:?}", returned.parameters)
    };
    assert_eq!(state.as_deref(), Some(returned.start.state.as_str()));
    assert_eq!(
        (failure.error.as_str(), failure.codes.as_slice()),
        ("access_denied", &[65004][..])
    );
    assert_eq!(failure.explanation().who, catalogue::entra_errors::Who::User);
}

async fn refused(fault: Fault) -> EntraError {
    let microsoft = Microsoft::start().await;
    microsoft.arm("token", None, fault);
    let token = SecretString::from("a-refresh-token");
    microsoft
        .entra
        .refresh(&microsoft.registration(""), &token, CONTOSO, None)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn refusals_of_the_token_endpoint_have_their_class() {
    let headers = BTreeMap::from([("retry-after".to_owned(), "17".to_owned())]);
    let busy = Fault::Status {
        status: 429,
        headers,
        body: json!("Too Many Requests"),
    };
    assert_eq!(refused(busy).await.class, Class::Throttled { retry_after_s: 17 });
    assert_eq!(
        refused(aadsts(50196)).await.class,
        Class::Throttled { retry_after_s: 300 }
    );
    assert_eq!(refused(aadsts(700_082)).await.class, Class::GrantDead);
    assert_eq!(refused(aadsts(50076)).await.class, Class::GrantDead);
    assert_eq!(refused(aadsts(7_000_222)).await.class, Class::IntegrationBroken);
    assert_eq!(refused(aadsts(70011)).await.class, Class::Configuration);
}

/// CB-18
#[tokio::test]
async fn odd_answers_of_the_token_endpoint_are_transient_or_unknown() {
    for odd in [
        status(503, json!("<html>busy</html>")),
        status(500, Value::Null),
        Fault::Cut,
        Fault::DropResponse,
        status(200, json!("<html>hello</html>")),
    ] {
        assert_eq!(refused(odd.clone()).await.class, Class::Transient, "{odd:?}");
    }
    let headers = BTreeMap::from([("location".to_owned(), "https://evil.example/token".to_owned())]);
    let redirect = Fault::Status {
        status: 302,
        headers,
        body: Value::Null,
    };
    assert_eq!(refused(redirect).await.class, Class::Unknown);
    assert_eq!(
        refused(Fault::Malformed).await.class,
        Class::Unknown,
        "half of a refusal is not a refusal"
    );
    let large = status(200, json!("x".repeat(2_000_000)));
    assert_eq!(refused(large).await.class, Class::Transient);
}

/// UPS-07
#[tokio::test]
async fn a_claims_challenge_is_passed_on() {
    let claims = r#"{"access_token":{"acrs":{"essential":true}}}"#;
    let error = refused(Fault::Aadsts {
        code: 50079,
        claims: Some(claims.to_owned()),
    })
    .await;
    assert_eq!((error.class, error.claims.as_deref()), (Class::GrantDead, Some(claims)));
    assert!(error.trace_id.is_some() && error.correlation_id.is_some());
}

/// CB-18
#[tokio::test]
async fn an_id_token_of_somebody_else_names_somebody_else() {
    let microsoft = Microsoft::start().await;
    let registration = microsoft.registration("");
    microsoft.arm(
        "token",
        Some(1),
        Fault::OtherPerson {
            other: "ada@contoso.test".to_owned(),
        },
    );
    let (answer, start) = microsoft.sign_in(&registration, "bo@contoso.test").await;
    let identity = microsoft
        .entra
        .identity(&registration, &answer.id_token.unwrap(), &start.nonce)
        .await
        .unwrap();
    assert_eq!(
        identity.oid, ADA,
        "whoever started the sign-in is compared with this by the caller"
    );
}

/// UPS-11: see also `faults`, where a person signs in through it.
#[tokio::test]
async fn what_a_withdrawn_key_signed_counts_no_more() {
    let microsoft = Microsoft::start().await;
    let registration = microsoft.registration("");
    let (answer, start) = microsoft.sign_in(&registration, "bo@contoso.test").await;
    let token = answer.id_token.unwrap();
    let identity = || microsoft.entra.identity(&registration, &token, &start.nonce);
    identity().await.unwrap();
    microsoft.roll_keys(true).await;
    // It is looked for anew after an hour at the latest, or with the first token of a new key.
    microsoft.clock.advance_ms(6 * 60 * 1000);
    let (newer, start) = microsoft.sign_in(&registration, "bo@contoso.test").await;
    let newer = newer.id_token.unwrap();
    microsoft
        .entra
        .identity(&registration, &newer, &start.nonce)
        .await
        .unwrap();
    assert_eq!(identity().await, Err(IdentityProblem::UnknownKey));
}

#[tokio::test]
async fn keys_are_asked_for_once_and_survive_an_outage() {
    let microsoft = Microsoft::start().await;
    let registration = microsoft.registration("");
    let (answer, start) = microsoft.sign_in(&registration, "bo@contoso.test").await;
    let token = answer.id_token.unwrap();
    microsoft.arm("keys", Some(1), status(503, Value::Null));
    let identity = || microsoft.entra.identity(&registration, &token, &start.nonce);
    assert_eq!(identity().await, Err(IdentityProblem::KeysUnavailable));
    // Whoever signs in meanwhile does not make the gateway ask again.
    assert_eq!(identity().await, Err(IdentityProblem::KeysUnavailable));
    microsoft.clock.advance_ms(6 * 1000);
    for _ in 0..20 {
        identity().await.unwrap();
    }
    assert_eq!(microsoft.asked("/discovery/v2.0/keys"), 2);
}

#[tokio::test]
async fn a_registration_is_tested_before_anybody_signs_in() {
    let microsoft = Microsoft::start().await;
    let test = async |tenant: &str| microsoft.entra.test_registration(&microsoft.registration(tenant)).await;
    let by_id = test(CONTOSO).await.unwrap();
    assert_eq!(
        (by_id.tenant_id.as_deref(), by_id.credential_proven),
        (Some(CONTOSO), true)
    );
    assert_eq!(test("contoso.test").await.unwrap().tenant_id.as_deref(), Some(CONTOSO));
    let any = test("").await.unwrap();
    assert_eq!((any.tenant_id, any.credential_proven), (None, false));
    let unknown = test("5a4db0c5-0000-4000-8000-00000000dead").await.unwrap_err();
    assert_eq!(unknown.codes, [90002]);
}

#[tokio::test]
async fn a_wrong_secret_or_client_is_named_before_anybody_signs_in() {
    let microsoft = Microsoft::start().await;
    let mut registration = microsoft.registration(CONTOSO);
    registration.credential = Credential::Secret(SecretString::from("wrong"));
    let error = microsoft.entra.test_registration(&registration).await.unwrap_err();
    assert_eq!(
        (error.class, error.codes.as_slice()),
        (Class::IntegrationBroken, &[7_000_215][..])
    );
    assert_eq!(error.explanation().who, catalogue::entra_errors::Who::GatewayAdmin);
    let mut registration = microsoft.registration(CONTOSO);
    registration.client_id = "5a4db0c5-0002-4000-8000-00000000dead".to_owned();
    let error = microsoft.entra.test_registration(&registration).await.unwrap_err();
    assert_eq!(
        (error.class, error.codes.as_slice()),
        (Class::IntegrationBroken, &[700_016][..])
    );
}

/// CB-17
#[tokio::test]
async fn poisoned_discovery_moves_no_address() {
    let microsoft = Microsoft::start().await;
    let poisoned = json!({
        "issuer": format!("https://evil.example/{CONTOSO}/v2.0"), "token_endpoint": "https://evil.example/token", "jwks_uri": "https://evil.example/keys",
    });
    microsoft.arm("discovery", None, status(200, poisoned));
    let error = microsoft
        .entra
        .test_registration(&microsoft.registration(CONTOSO))
        .await
        .unwrap_err();
    assert_eq!(error.error, "unexpected_answer");
    assert_eq!(
        microsoft.asked("/oauth2/v2.0/token"),
        0,
        "no credential was sent anywhere"
    );
}

#[tokio::test]
async fn every_request_has_an_id_of_ours_and_no_origin() {
    let microsoft = Microsoft::start().await;
    microsoft.sign_in(&microsoft.registration(""), "bo@contoso.test").await;
    let filter = sandbox::ledger::Filter {
        path: Some("/oauth2/v2.0/token".to_owned()),
        ..Default::default()
    };
    let entries = microsoft.sandbox.ledger().entries(&filter);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].headers["client-request-id"].len(), 36);
    assert!(!entries[0].headers.contains_key("origin") && !entries[0].headers.contains_key("cookie"));
}
