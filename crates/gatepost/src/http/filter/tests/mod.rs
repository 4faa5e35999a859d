//! Tests of what is turned away after hyper has read it: targets, hosts, and what HTTP/2 allows.

use axum::body::Body;
use http::{Request, StatusCode, Version};

use super::{Hosts, check, host, target};

fn hosts() -> Hosts {
    Hosts::new(
        &url::Url::parse("https://Gate.Example:8443/").unwrap(),
        &["other.example".to_owned()],
    )
}

fn judge(version: Version, uri: &str, hosts_given: &[&str]) -> Option<StatusCode> {
    let mut request = Request::builder().version(version).uri(uri);
    for host in hosts_given {
        request = request.header("host", *host);
    }
    check(&request.body(Body::empty()).unwrap(), &hosts()).err()
}

#[test]
fn a_target_has_one_reading_or_is_refused() {
    for plain in [
        "/",
        "/a/b.c",
        "/a?x=//y/../z",
        "/a/",
        "/e/dev/powerbi/v1.0/x/Mi9C%2Fx%3D",
        "/powerbi/v1.0/a%2Fb",
        "/a%20b",
        "/a/b;c",
        "/.well-known/x",
        "/a..b/...",
        "/u%23EXT%23",
    ] {
        assert!(target::is_plain(plain), "{plain}");
    }
    let odd = [
        "",
        "a",
        "*",
        "http://x/",
        "//x",
        "/a//b",
        "/./x",
        "/../x",
        "/a/..",
        "/a/.",
        "/%2e/x",
        "/%2E%2e/x",
        "/.%2e",
        "/..;/x",
        "/a/..;x=y/b",
        "/a%2Fb",
        "/e/x/api%2fy",
        "/powerbi/v1.0/a%2f..%2fb",
        "/powerbi/%2e%2e%2fx",
        "/a\\b",
        "/a%5cb",
        "/a#b",
        "/a b",
        "/a%00",
        "/a%0d%0a",
        "/a%1f",
        "/a%7f",
        "/a%252e",
        "/a%",
        "/a%2",
        "/a%zz",
        "/ä",
        "/a?x=%",
        "/a\r\nX: y",
    ];
    for odd in odd {
        assert!(!target::is_plain(odd), "{odd:?}");
    }
    assert!(!target::is_plain(&format!("/{}", "x".repeat(20_000))));
}

/// PRX-18
#[test]
fn a_host_is_a_name_or_an_address_with_a_port_at_most() {
    let name = |text: &str| host::name_of(text);
    assert_eq!(name("Gate.Example.:443").as_deref(), Some("gate.example"));
    assert_eq!(name("[::1]:8420").as_deref(), Some("[::1]"));
    for odd in [
        "", "a/b?x", "x#y", "x:port", "x:99999", "x:", "a@b", "[::1", "[zz]", "a..b", ".a", "a b", "a:1:2", "a\\b",
    ] {
        assert_eq!(name(odd), None, "{odd}");
    }
}

#[test]
fn only_our_hosts_are_answered_for() {
    let one = |host: &str| judge(Version::HTTP_11, "/x", &[host]);
    for ours in [
        "gate.example",
        "GATE.example:8443",
        "gate.example:80",
        "localhost:8420",
        "127.0.0.1",
        "[::1]:8420",
        "other.example",
    ] {
        assert_eq!(one(ours), None, "{ours}");
    }
    for foreign in [
        "evil.example",
        "gate.example.evil.example",
        "127.0.0.1.nip.io",
        "10.0.0.1",
    ] {
        assert_eq!(one(foreign), Some(StatusCode::MISDIRECTED_REQUEST), "{foreign}");
    }
    assert_eq!(
        judge(Version::HTTP_11, "/healthz", &["10.0.0.1:8420"]),
        None,
        "a probe comes by address"
    );
    assert_eq!(
        judge(Version::HTTP_11, "/healthz/x", &["10.0.0.1:8420"]),
        Some(StatusCode::MISDIRECTED_REQUEST)
    );
    assert_eq!(
        judge(Version::HTTP_11, "/healthz", &["a/b"]),
        Some(StatusCode::BAD_REQUEST)
    );
}

#[test]
fn a_request_names_one_host() {
    let bad = Some(StatusCode::BAD_REQUEST);
    assert_eq!(judge(Version::HTTP_11, "/", &[]), bad);
    assert_eq!(judge(Version::HTTP_11, "/", &["gate.example", "gate.example"]), bad);
    assert_eq!(judge(Version::HTTP_11, "http://gate.example/", &["gate.example"]), bad);
    assert_eq!(judge(Version::HTTP_2, "https://gate.example/", &[]), None);
    assert_eq!(judge(Version::HTTP_2, "https://gate.example/", &["GATE.example"]), None);
    assert_eq!(judge(Version::HTTP_2, "https://gate.example/", &["localhost"]), bad);
    assert_eq!(
        judge(Version::HTTP_2, "https://evil.example/", &[]),
        Some(StatusCode::MISDIRECTED_REQUEST)
    );
    assert_eq!(judge(Version::HTTP_2, "https://gate.example/a/../b", &[]), bad);
}
