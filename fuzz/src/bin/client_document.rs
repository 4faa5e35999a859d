//! Any registration or published description of a client: what is taken has plain names and addresses with one reading.

#![no_main]

use gatepost::client_metadata::fuzzing::host_asked;
use gatepost::client_metadata::fuzzing::read;
use gatepost::client_metadata::host_of;
use gatepost::client_metadata::is_public;
use gatepost::client_metadata::plain_name;
use gatepost::client_metadata::redirect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    // A seed is an address and, on the next line, the document that was found there.
    let (id, document) = input.split_once('\n').unwrap_or((input, ""));
    address(id);
    named(id);
    if let Some(host) = host_asked(id) {
        assert_eq!(host_of(id).as_deref(), Some(host.as_str()));
        assert!(
            host.parse::<std::net::IpAddr>().is_err() && host.contains('.'),
            "{host}"
        );
    }
    if let Ok(described) = read(id, document.as_bytes()) {
        assert_eq!(described.id, id);
        named(&described.name);
        assert!((1..=20).contains(&described.redirects.len()));
        for redirect in &described.redirects {
            assert_eq!(redirect::check(redirect), Ok(()));
            address(redirect);
        }
    }
    if let Ok(ip) = id.parse::<std::net::Ipv4Addr>() {
        // The same machine by another spelling is nobody.
        assert!(!is_public(ip.to_ipv6_mapped().into()), "{ip}");
    }
});

/// A name that is shown is what it is shown as: one more cleaning changes nothing.
fn named(asked: &str) {
    let name = plain_name(asked);
    assert_eq!(plain_name(&name), name);
    assert!(name.chars().count() <= 80 && !name.chars().any(char::is_control));
}

/// An address that may be registered is matched by itself and, loopback ports and the one slash of no path apart, by no other.
fn address(text: &str) {
    if let Err(why) = redirect::check(text) {
        assert!(!why.is_empty() && !why.contains('\n'), "{why:?}");
        return;
    }
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(redirect::matches(text, text));
    assert!(!redirect::shown(text).is_empty(), "{text}");
    for other in [
        format!("{text}/"),
        format!("{text}x"),
        format!("x{text}"),
        text.replacen("://", "://x@", 1),
    ] {
        let is_its_slash = has_no_path(text) && other.strip_suffix('/') == Some(text);
        assert!(
            other == text || is_its_slash || !redirect::matches(text, &other),
            "{text} {other}"
        );
    }
    // A port may grow by a digit, and nothing else.
    let longer = format!("{text}1");
    assert!(redirect::is_local(text) || !redirect::matches(text, &longer), "{text}");
}

fn has_no_path(text: &str) -> bool {
    let rest = text.split_once("://").map_or("/", |(_, rest)| rest);
    text.starts_with("http") && !rest.contains(['/', '?', '#'])
}
