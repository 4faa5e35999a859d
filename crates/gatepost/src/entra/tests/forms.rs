//! Tests of typed fields, of the address people are sent to, and of what they bring back.

use std::collections::HashMap;

use secrecy::ExposeSecret as _;

use super::registration;
use crate::clock::{Clock, Timestamp};
use crate::entra::{
    Callback, CallbackProblem, Class, Pkce, Prompt, SecretProblem, SecretWarning, Start, Tenant, TenantProblem,
    admin_consent_url, callback, check_secret, explain_pasted, missing_scopes, scope,
};

#[test]
fn an_empty_or_common_directory_means_any_organisation() {
    for typed in [
        "",
        "  ",
        "common",
        "Common",
        "organizations",
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    ] {
        assert_eq!(Tenant::parse(typed).unwrap().path(), "organizations", "{typed}");
    }
}

#[test]
fn a_directory_is_a_guid_a_domain_or_a_pasted_sign_in_address() {
    let path = |typed: &str| Tenant::parse(typed).map(|it| it.path().to_owned());
    let guid = "5a4db0c5-0000-4000-8000-00000000c001";
    assert_eq!(path(" 5A4DB0C5-0000-4000-8000-00000000C001 ").unwrap(), guid);
    assert_eq!(path("{5a4db0c5-0000-4000-8000-00000000c001}").unwrap(), guid);
    assert_eq!(path("Contoso.OnMicrosoft.com").unwrap(), "contoso.onmicrosoft.com");
    assert_eq!(path(&format!("https://sts.windows.net/{guid}/")).unwrap(), guid);
    assert_eq!(
        path(&format!("https://login.microsoftonline.com/{guid}/v2.0")).unwrap(),
        guid
    );
    assert_eq!(Tenant::parse(guid).unwrap().guid(), Some(guid));
    assert_eq!(Tenant::parse("contoso.com").unwrap().guid(), None);
}

#[test]
fn a_personal_or_malformed_directory_is_refused() {
    for typed in [
        "consumers",
        "9188040d-6c67-4c5b-b112-36a304b66dad",
        "https://login.microsoftonline.com/consumers",
    ] {
        assert_eq!(Tenant::parse(typed), Err(TenantProblem::Personal), "{typed}");
    }
    let odd = [
        "contoso",
        "..",
        "a/b",
        "contoso.com/..",
        "%2e%2e",
        "10.0.0.1",
        "-a.com",
        "a..b",
        "contoso.com?x",
        "ada@contoso.com",
        "00000000-0000-0000-0000-000000000000",
        "ａ.com",
    ];
    for typed in odd {
        assert_eq!(Tenant::parse(typed), Err(TenantProblem::Malformed), "{typed}");
    }
    for typed in [
        "https://portal.azure.com/#view/x",
        "https://login.microsoftonline.com/",
        "https://evil.example/contoso.com",
    ] {
        assert_eq!(Tenant::parse(typed), Err(TenantProblem::Address), "{typed}");
    }
}

#[test]
fn a_secret_id_is_refused_and_an_odd_secret_is_warned_of() {
    assert_eq!(
        check_secret("0A4db0c5-0000-4000-8000-00000000c001"),
        Err(SecretProblem::SecretId)
    );
    assert_eq!(check_secret(" "), Err(SecretProblem::Empty));
    assert_eq!(check_secret("two words"), Err(SecretProblem::Whitespace));
    assert_eq!(check_secret("short"), Ok(Some(SecretWarning::UnusualForm)));
    let usual = format!("abc8Q~{}", "x".repeat(34));
    assert_eq!(check_secret(&usual), Ok(None));
    assert_eq!(check_secret(&usual[..36]), Ok(Some(SecretWarning::UnusualForm)));
}

#[test]
fn the_address_asks_for_everything_listed_with_proof_key_state_and_nonce() {
    let clock = Clock::set(Timestamp(0), 7);
    let start = Start::new(
        &clock,
        &registration("contoso.com"),
        "https://gate.example/integration-callback",
        Some(Prompt::SelectAccount),
    );
    let url = url::Url::parse(&start.url).unwrap();
    assert_eq!(
        url.as_str().split('?').next().unwrap(),
        "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize"
    );
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(
        query["scope"],
        "https://analysis.windows.net/powerbi/api/.default offline_access openid profile"
    );
    assert_eq!(query["redirect_uri"], "https://gate.example/integration-callback");
    assert_eq!(
        (query["state"].as_str(), query["nonce"].as_str()),
        (start.state.as_str(), start.nonce.as_str())
    );
    assert_eq!(query["code_challenge"], Pkce::of(start.verifier.clone()).challenge);
    assert_eq!(
        (query["code_challenge_method"].as_str(), query["prompt"].as_str()),
        ("S256", "select_account")
    );
    assert!(!start.url.contains(start.verifier.expose_secret()));
}

#[test]
fn the_challenge_is_that_of_the_standards_example() {
    // RFC 7636, appendix B.
    let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into());
    assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn an_expected_account_replaces_the_picker() {
    let clock = Clock::set(Timestamp(0), 7);
    let start = Start::with_hints(
        &clock,
        &registration(""),
        "https://gate.example/c",
        Some(Prompt::SelectAccount),
        Some("bo@contoso.test"),
        Some("{}"),
    );
    assert!(start.url.contains("login_hint=bo%40contoso.test") && start.url.contains("claims=%7B%7D"));
    assert!(!start.url.contains("prompt="));
}

#[test]
fn an_override_names_permissions_of_power_bi_even_when_bare() {
    let mut registration = registration("");
    registration.scope_override =
        Some("Dataset.Read.All, https://analysis.windows.net/powerbi/api/App.Read.All openid".to_owned());
    assert_eq!(
        scope(&registration),
        "https://analysis.windows.net/powerbi/api/Dataset.Read.All https://analysis.windows.net/powerbi/api/App.Read.All offline_access openid profile"
    );
    let link = admin_consent_url(&registration, "https://gate.example/c", "s");
    assert!(
        link.as_str()
            .starts_with("https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=")
    );
}

#[test]
fn a_missing_permission_is_named_and_writing_includes_reading() {
    let granted: Vec<String> = catalogue::scopes::wanted().iter().map(|it| (*it).to_owned()).collect();
    assert!(missing_scopes(&granted).is_empty());
    assert_eq!(
        missing_scopes(&["Dataset.ReadWrite.All".to_owned()]).len(),
        granted.len() - 2
    );
    assert!(missing_scopes(&["Dataset.Read.All".to_owned()]).contains(&"Dataset.ReadWrite.All"));
}

fn back(query: &str) -> Result<Callback, CallbackProblem> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    callback(&pairs)
}

#[test]
fn a_code_with_its_state_comes_back() {
    let Ok(Callback::Code { code, state }) = back("code=abc&state=xyz&session_state=1&client_info=2") else {
        panic!()
    };
    assert_eq!((code.expose_secret(), state.as_str()), ("abc", "xyz"));
}

#[test]
fn odd_returns_are_refused() {
    let problem = |query: &str| back(query).unwrap_err();
    assert_eq!(problem("code=a&code=b&state=s"), CallbackProblem::Twice);
    assert_eq!(problem("code=a&state=s&state=s"), CallbackProblem::Twice);
    assert_eq!(problem("code=a&state=s&error=x&error=y"), CallbackProblem::Twice);
    assert_eq!(problem("code=a"), CallbackProblem::NoState);
    assert_eq!(problem("state=s"), CallbackProblem::Empty);
    assert_eq!(problem("code=&state=s"), CallbackProblem::Empty);
    assert_eq!(
        problem(&format!("code=a&state={}", "s".repeat(513))),
        CallbackProblem::Long
    );
    assert_eq!(
        problem(&format!("code={}&state=s", "a".repeat(20_000))),
        CallbackProblem::Long
    );
}

#[test]
fn a_failed_return_keeps_codes_and_drops_the_text() {
    let Ok(Callback::Failed { failure, state }) = back(
        "error=access_denied&error_description=AADSTS65004:+%3Cscript%3Ealert(1)%3C/script%3E+ada@contoso.test&state=s",
    ) else {
        panic!()
    };
    assert_eq!(
        (failure.class, failure.codes.as_slice(), state.as_deref()),
        (Class::GrantDead, &[65004][..], Some("s"))
    );
    assert!(!format!("{failure:?} {failure}").contains("script") && !format!("{failure:?}").contains("ada@"));
    let Ok(Callback::Failed { failure, .. }) = back("error=%3Cb%3E&state=s") else {
        panic!()
    };
    assert_eq!(failure.error, "unexpected_answer");
}

#[test]
fn an_error_beside_admin_consent_is_a_no() {
    let Ok(Callback::AdminConsent { granted, tenant, .. }) =
        back("admin_consent=True&tenant=5A4DB0C5-0000-4000-8000-00000000c001&state=s")
    else {
        panic!()
    };
    assert!(granted);
    assert_eq!(tenant.as_deref(), Some("5a4db0c5-0000-4000-8000-00000000c001"));
    let Ok(Callback::AdminConsent { granted, failure, .. }) =
        back("admin_consent=True&error=consent_required&error_description=AADSTS65004&state=s")
    else {
        panic!()
    };
    assert!(!granted && failure.is_some());
    let Ok(Callback::AdminConsent { granted, tenant, .. }) = back("admin_consent=False&tenant=%22%3E&state=s") else {
        panic!()
    };
    assert!(!granted && tenant.is_none());
}

#[test]
fn a_code_read_off_a_page_is_explained_if_it_is_known() {
    assert!(explain_pasted("no number here").is_none());
    for code in catalogue::entra_errors::codes().into_iter().take(3) {
        assert!(explain_pasted(&format!("Sorry! AADSTS{code}: something")).is_some());
        assert!(explain_pasted(&code.to_string()).is_some());
    }
}
