//! Every error code that may be met is explained.

use std::collections::HashSet;

use catalogue::entra_errors;
use catalogue::entra_errors::Retry;
use catalogue::entra_errors::Who;
use catalogue::powerbi_errors;

/// Codes that Microsoft documents or that were met, as researched in November 2026.
const ENTRA_CODES: [u32; 127] = [
    16000, 16003, 28002, 28003, 50011, 50012, 50014, 50020, 50033, 50034, 50053, 50055, 50057, 50058, 50059, 50072,
    50074, 50076, 50078, 50079, 50085, 50087, 50089, 50097, 50105, 50126, 50128, 50129, 50131, 50132, 50133, 50144,
    50147, 50155, 50158, 50173, 50187, 50194, 50196, 51004, 53000, 53001, 53002, 53003, 53004, 53011, 54005, 65001,
    65002, 65004, 65005, 70000, 70001, 70002, 70004, 70008, 70011, 70043, 90002, 90006, 90008, 90012, 90013, 90014,
    90019, 90024, 90033, 90038, 90055, 90072, 90090, 90093, 90094, 90095, 90099, 90100, 90124, 90130, 500_011, 500_021,
    500_022, 500_112, 500_113, 500_208, 500_212, 500_213, 500_341, 501_481, 501_491, 530_002, 530_003, 530_032,
    530_035, 650_052, 650_054, 650_056, 650_057, 700_005, 700_011, 700_016, 700_022, 700_023, 700_025, 700_027,
    700_030, 700_082, 700_084, 900_023, 900_144, 900_382, 900_432, 900_561, 900_941, 900_971, 900_981, 1_000_031,
    1_000_104, 7_000_112, 7_000_215, 7_000_218, 7_000_222, 9_001_023, 9_002_313, 9_002_325, 9_002_326, 9_002_327,
    9_002_332,
];

#[test]
fn every_known_entra_code_is_explained() {
    assert_eq!(entra_errors::codes(), ENTRA_CODES);
    for code in ENTRA_CODES {
        let error = entra_errors::explain(code).unwrap();
        assert_eq!(error.code, code);
        assert!(!error.at.is_empty(), "{code}");
        for text in [&error.cause, &error.tell] {
            assert!(text.len() > 10, "{code}");
        }
    }
    assert!(entra_errors::explain(1).is_none());
}

#[test]
fn who_must_act_decides_what_can_be_retried() {
    let of = |code| {
        let error = entra_errors::explain(code).unwrap();
        (error.who, error.retry)
    };
    assert_eq!(of(50011), (Who::GatewayAdmin, Retry::AfterFix));
    assert_eq!(of(7000222), (Who::GatewayAdmin, Retry::AfterFix));
    assert_eq!(of(700082), (Who::User, Retry::Reconnect));
    assert_eq!(of(90094), (Who::TenantAdmin, Retry::AfterFix));
    assert_eq!(of(50196), (Who::Nobody, Retry::BackoffMinutes));
    assert_eq!(of(90024), (Who::Nobody, Retry::Backoff));
    assert_eq!(of(50057), (Who::TenantAdmin, Retry::Never));
}

#[test]
fn codes_are_read_out_of_a_description() {
    let text = "AADSTS65001: The user has not consented. AADSTS700082: expired. AADSTS65001 again. AADSTS: none. AADSTS99999999999";
    assert_eq!(entra_errors::codes_in(text), [65001, 700_082]);
    assert!(entra_errors::codes_in("").is_empty());
}

#[test]
fn every_known_power_bi_code_is_explained_once() {
    let mut seen = HashSet::new();
    for error in powerbi_errors::all() {
        assert!(seen.insert(error.code.to_ascii_lowercase()), "{}", error.code);
        assert!(error.cause.len() > 10 && error.tell.len() > 10, "{}", error.code);
    }
    let met = [
        "TokenExpired",
        "InvalidToken",
        "GroupNotAccessible",
        "PowerBINotAuthorizedException",
        "PowerBIEntityNotFound",
        "FeatureNotAvailable",
        "API is not accessible for application",
        "AddingAlreadyExistsGroupUserNotSupportedError",
        "DM_GWPipeline_Client_GatewayUnreachable",
        "DatasetExecuteQueriesError",
        "ImportThrottlerCode",
        "ModelRefreshFailed_CredentialsNotSpecified",
        "ModelRefresh_ShortMessage_ProcessingError",
        "FeatureDeprecatedError",
        "Request Throttled",
    ];
    for code in met {
        assert!(powerbi_errors::explain(code).is_some(), "{code}");
    }
    assert_eq!(
        powerbi_errors::explain("tokenexpired").unwrap().who,
        powerbi_errors::Who::Gateway
    );
    assert!(powerbi_errors::explain("Unheard").is_none());
}
