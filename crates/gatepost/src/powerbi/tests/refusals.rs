//! Tests of the six forms of error body, the headers beside them, and what they mean.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalogue::powerbi_errors::Who;
use http::header::HeaderValue;
use http::{HeaderMap, HeaderName, StatusCode};

use crate::clock::Timestamp;
use crate::powerbi::{Kind, PowerBiFailure, parse_error};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn refusal(status: u16, headers: &[(&'static str, &str)], body: &str) -> PowerBiFailure {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    parse_error(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes(), NOW)
}

#[test]
fn all_forms_of_body_are_read() {
    let read = |body: &str| {
        let failure = refusal(400, &[], body);
        (failure.code, failure.texts)
    };
    let some = |code: &str, texts: &[&str]| {
        (
            Some(code.to_owned()),
            texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        read(r#"{"error":{"code":"A","message":"words"}}"#),
        some("A", &["words"])
    );
    assert_eq!(
        read(r#"{"error":{"code":"A","pbi.error":{"code":"A","parameters":{},"details":[],"exceptionCulprit":1}}}"#),
        some("A", &[])
    );
    assert_eq!(read(r#"{"code":"A","message":"words"}"#), some("A", &["words"]));
    assert_eq!(read(r#"{"message":"words"}"#), (None, vec!["words".to_owned()]));
    assert_eq!(read(""), (None, vec![]));
    assert_eq!(
        read("API is not accessible for application"),
        (None, vec!["API is not accessible for application".to_owned()])
    );
    assert_eq!(read("<html>gone</html>"), (None, vec![]));
}

#[test]
fn the_sentence_deep_in_a_query_error_is_found_and_numbers_are_not_sentences() {
    let body = r#"{"error":{"code":"DatasetExecuteQueriesError","pbi.error":{"code":"DatasetExecuteQueriesError","parameters":{},
        "details":[{"code":"DetailsMessage","detail":{"type":1,"value":"Failed to execute the DAX query."}},
                   {"code":"AnalysisServicesErrorCode","detail":{"type":1,"value":"3239575574"}},
                   {"code":"DetailsMessage","detail":{"type":1,"value":"Column 'X'\u202e cannot be found.\u0007"}}]}}}"#;
    let failure = refusal(400, &[], body);
    assert_eq!(failure.code.as_deref(), Some("DatasetExecuteQueriesError"));
    assert_eq!(
        failure.texts,
        ["Failed to execute the DAX query.", "Column 'X' cannot be found."]
    );
    assert_eq!(failure.kind, Kind::BadRequest);
}

#[test]
fn an_old_token_is_a_403_and_a_missing_right_is_a_401() {
    let info = |status, reason: &str| refusal(status, &[("x-powerbi-error-info", reason)], "").kind;
    assert_eq!(info(403, "TokenExpired"), Kind::TokenExpired);
    assert_eq!(info(403, "InvalidToken"), Kind::TokenExpired);
    assert_eq!(
        refusal(403, &[], r#"{"error":{"code":"TokenExpired"}}"#).kind,
        Kind::TokenExpired
    );
    assert_eq!(info(401, "GroupNotAccessible"), Kind::Rights);
    assert_eq!(info(401, "PowerBINotAuthorizedException"), Kind::Rights);
    assert_eq!(info(403, "FeatureNotAvailable"), Kind::Rights);
    let silent = refusal(403, &[("requestid", "r-1")], "");
    assert!(silent.may_be_a_stale_token());
    assert_eq!((silent.kind, silent.request_id.as_deref()), (Kind::Rights, Some("r-1")));
    assert!(!refusal(401, &[], "").may_be_a_stale_token());
}

#[test]
fn a_claims_challenge_is_found_among_the_headers() {
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let coded = STANDARD.encode(claims);
    let header = format!(
        r#"Bearer realm="", authorization_uri="https://l/x?a=b", error="insufficient_claims", claims="{coded}""#
    );
    let challenged = Kind::ClaimsChallenge {
        claims: claims.to_owned(),
    };
    assert_eq!(
        refusal(
            401,
            &[("www-authenticate", "Negotiate"), ("www-authenticate", &header)],
            ""
        )
        .kind,
        challenged
    );
    assert_eq!(
        refusal(
            401,
            &[(
                "www-authenticate",
                &format!("Bearer claims={}", coded.trim_end_matches('='))
            )],
            ""
        )
        .kind,
        challenged
    );
    for odd in [
        "Bearer claims=\"\"",
        "Bearer claims=\"!!!\"",
        "Bearer claims",
        "Bearer claims=\"bnVsbA==\"",
        "=",
        "Bearer error=\"a\\\"b",
    ] {
        assert_eq!(
            refusal(401, &[("www-authenticate", odd)], "").kind,
            Kind::Rights,
            "{odd}"
        );
    }
}

#[test]
fn the_wait_comes_from_the_header_or_the_sentence_and_is_bounded() {
    let wait = |value: &str| refusal(429, &[("retry-after", value)], "").retry_after_s;
    assert_eq!((wait("3392"), wait("-1"), wait("soon")), (Some(3392), None, None));
    assert_eq!(wait("99999999999"), Some(86_400));
    assert_eq!(wait("Fri, 15 Jan 2027 08:00:30 GMT"), Some(30));
    assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    let body = r#"{"message":"You have exceeded the amount of requests allowed in the current time frame and further requests will fail. Retry in 3392 seconds."}"#;
    let failure = refusal(429, &[], body);
    assert_eq!((failure.kind, failure.retry_after_s), (Kind::Throttled, Some(3392)));
}

#[test]
fn hostile_bodies_are_survived_and_cut() {
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(refusal(500, &[], &deep).texts.is_empty());
    let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(100_000));
    assert_eq!(refusal(500, &[], &long).texts[0].len(), 1000);
    let many = format!(
        "[{}]",
        (0..1000)
            .map(|n| format!(r#"{{"message":"m{n}"}}"#))
            .collect::<Vec<_>>()
            .join(",")
    );
    assert_eq!(refusal(500, &[], &many).texts.len(), 8);
    assert_eq!(
        refusal(400, &[], r#"{"error":{"code":"<script>","message":7}}"#).code,
        None
    );
}

#[test]
fn statuses_have_kinds() {
    let kind = |status| refusal(status, &[], "").kind;
    assert_eq!(
        (kind(404), kind(409), kind(503), kind(302)),
        (Kind::NotFound, Kind::BadRequest, Kind::Server, Kind::Other)
    );
}

/// Of masked words only the number tells what is wrong; beside a sentence it tells nothing more.
#[test]
fn a_masked_query_error_is_read_by_its_number() {
    let read = |sentence: &str, number: &str| {
        let body = format!(
            r#"{{"error":{{"code":"DatasetExecuteQueriesError","pbi.error":{{"code":"DatasetExecuteQueriesError","parameters":{{}},
            "details":[{{"code":"DetailsMessage","detail":{{"type":1,"value":"{sentence}"}}}},
                       {{"code":"AnalysisServicesErrorCode","detail":{{"type":1,"value":"{number}"}}}}]}}}}}}"#
        );
        let failure = refusal(400, &[], &body);
        assert_eq!(failure.number.as_deref(), Some(number));
        failure.explanation.unwrap()
    };
    let masked = "Failed to execute the DAX query.";
    let unreachable = read(masked, "3242524690");
    assert_eq!((unreachable.code.as_str(), unreachable.who), ("3242524690", Who::Owner));
    assert!(unreachable.tell.contains("do not rewrite it"));
    assert!(read(masked, "3239575574").tell.contains("INFO.VIEW"));
    assert_eq!(read(masked, "1").code, "DatasetExecuteQueriesError");
    let told = read("Query (1, 15) The table 'Nope' cannot be found.", "3242524690");
    assert_eq!(told.code, "DatasetExecuteQueriesError");
}

#[test]
fn a_refusal_that_is_a_sentence_is_known_by_it() {
    let image = r#"{"error":{"code":"InvalidRequest","message":"Export report to image is disabled on tenant level"}}"#;
    let application = r#"{"Message":"API is not accessible for application"}"#;
    for body in [image, application] {
        let explanation = refusal(403, &[], body).explanation.unwrap();
        assert_eq!(explanation.who, Who::TenantAdmin, "{body}");
    }
}
