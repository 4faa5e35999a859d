//! Tests of what needs no network: addresses, headers and refusals.

mod refusals;

use catalogue::clouds::{self, Cloud};
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, HeaderValue};
use secrecy::SecretString;

use super::{address, headers};

fn public() -> &'static Cloud {
    clouds::find("public").unwrap()
}

#[test]
fn a_call_goes_to_the_host_of_the_cloud() {
    let uri = address::of(public(), "/v1.0/myorg/groups?$top=5").unwrap();
    assert_eq!(uri.to_string(), "https://api.powerbi.com/v1.0/myorg/groups?$top=5");
    assert!(
        address::of(public(), "/v1.0/myorg/reports/x/exports/Mi9C%2Fx%3D").is_some(),
        "an id in base64"
    );
    let here = Cloud::custom(
        "http://localhost:1",
        "https://resource.test",
        "http://127.0.0.1:8421",
        "http://localhost:1",
    )
    .unwrap();
    assert_eq!(
        address::of(&here, "/v1.0/myorg/groups").unwrap().to_string(),
        "http://127.0.0.1:8421/v1.0/myorg/groups"
    );
}

#[test]
fn a_path_that_climbs_or_names_a_host_goes_nowhere() {
    let odd = [
        "",
        "/",
        "v1.0/x",
        "https://evil.example/v1.0/x",
        "//evil.example/v1.0/x",
        "/v1.0/../admin",
        "/v1.0/./x",
        "/v1.0/%2e%2E/x",
        "/v1.0/.%2e/x",
        "/v1.0/a%2f..%2Fb",
        "/v1.0/a%5Cb",
        "/v1.0//x",
        "/v1.0/a\\b",
        "/v1.0/a#b",
        "/v1.0/a b",
        "/v1.0/a\r\nHost: x",
        "/v1.0/ä",
        "/v1.0/%00",
        "@evil.example/v1.0/",
        "/v2.0/x",
    ];
    for path in odd {
        assert!(address::of(public(), path).is_none(), "{path:?}");
    }
    assert!(address::of(public(), &format!("/v1.0/{}", "x".repeat(20_000))).is_none());
}

#[test]
fn a_token_never_goes_over_plain_http_to_another_machine() {
    for api in [
        "http://api.powerbi.com",
        "http://10.0.0.1:80",
        "ftp://localhost",
        "http://localhost.evil.example",
    ] {
        let cloud = Cloud {
            api: api.to_owned(),
            ..public().clone()
        };
        assert!(address::of(&cloud, "/v1.0/x").is_none(), "{api}");
    }
    let cloud = Cloud {
        api: "http://[::1]:9".to_owned(),
        ..public().clone()
    };
    assert!(address::of(&cloud, "/v1.0/x").is_some());
}

#[test]
fn an_address_in_an_answer_is_kept_only_as_a_path_of_the_api() {
    let path = |location: &str| address::path_of(public(), location);
    assert_eq!(
        path("https://api.powerbi.com/v1.0/myorg/x?y=1").as_deref(),
        Some("/v1.0/myorg/x?y=1")
    );
    assert_eq!(
        path("https://wabi-north.analysis.windows.net/v1.0/myorg/x").as_deref(),
        Some("/v1.0/myorg/x")
    );
    for odd in [
        "https://evil.example/v1.0/x",
        "http://api.powerbi.com/v1.0/x",
        "https://evilanalysis.windows.net/v1.0/x",
        "/v1.0/x",
        "javascript:x",
        "https://api.powerbi.com/v1.0/../x",
    ] {
        assert_eq!(path(odd), None, "{odd}");
    }
}

#[test]
fn only_listed_headers_leave_and_the_token_is_ours() {
    let mut given = HeaderMap::new();
    for (name, value) in [
        ("accept", "application/json"),
        ("cookie", "a=b"),
        ("authorization", "Bearer theirs"),
        ("host", "evil"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x_ms_x", "y"),
        ("connection", "x-important"),
    ] {
        given.append(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_static(value),
        );
    }
    let sent = headers::outgoing(&given, &SecretString::from("ours"), "id").unwrap();
    assert_eq!(sent.get(AUTHORIZATION).unwrap(), "Bearer ours");
    assert!(sent.get(AUTHORIZATION).unwrap().is_sensitive());
    assert_eq!(sent.get(ACCEPT).unwrap(), "application/json");
    assert!(sent.get(COOKIE).is_none() && sent.get(HOST).is_none());
    let names: Vec<_> = sent.keys().map(http::HeaderName::as_str).collect();
    insta::assert_debug_snapshot!(names, @r#"
    [
        "accept",
        "authorization",
        "accept-encoding",
        "user-agent",
        "client-request-id",
    ]
    "#);
    assert!(headers::outgoing(&given, &SecretString::from("a\r\nb"), "id").is_none());
}

#[test]
fn only_listed_headers_come_back() {
    let mut answer = HeaderMap::new();
    for name in [
        "content-type",
        "set-cookie",
        "location",
        "content-security-policy",
        "server",
        "requestid",
        "transfer-encoding",
        "etag",
        "home-cluster-uri",
    ] {
        answer.insert(http::HeaderName::from_static(name), HeaderValue::from_static("x"));
    }
    let mut names: Vec<_> = headers::incoming(&answer)
        .keys()
        .map(|it| it.as_str().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["content-type", "etag", "requestid"]);
}
