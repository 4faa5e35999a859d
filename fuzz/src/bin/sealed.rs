//! Any cookie header and any sealed value: nothing that was not sealed here, for this very place, is opened or believed.

#![no_main]

use std::sync::LazyLock;

use gatepost::clock::Clock;
use gatepost::clock::Timestamp;
use gatepost::session;
use gatepost::vault::Keyring;
use gatepost::vault::Place;
use gatepost::vault::Vault;
use http::HeaderMap;
use http::HeaderValue;
use http::header::COOKIE;
use libfuzzer_sys::fuzz_target;

static CLOCK: LazyLock<Clock> = LazyLock::new(|| Clock::set(Timestamp(0), 1));
static VAULT: LazyLock<Vault> = LazyLock::new(|| Vault::new(Keyring::fresh(&CLOCK), CLOCK.random().clone()));

const HERE: Place<'static> = Place {
    table: "connections",
    column: "refresh_sealed",
    row: "c1",
    environment: "e1",
};

fuzz_target!(|input: &[u8]| {
    forged(input);
    changed(input);
    cookies(input);
});

/// Bytes that were never sealed.
fn forged(input: &[u8]) {
    assert!(VAULT.open(HERE, input).is_err());
    // What names the active key needs no other wrapping; nothing else is given one.
    assert!(!matches!(VAULT.rewrap(HERE, input), Ok(Some(_))));
}

/// A sealed value in which the input changes some bytes, or that is moved.
fn changed(input: &[u8]) {
    let Some((at, with)) = input.split_first() else { return };
    let sealed = VAULT.seal(HERE, with);
    assert_eq!(VAULT.open(HERE, &sealed).expect("as it was sealed").as_slice(), with);
    let elsewhere = Place { row: "c2", ..HERE };
    assert!(VAULT.open(elsewhere, &sealed).is_err());
    let mut other = sealed.clone();
    let place = usize::from(*at) * sealed.len() / 256;
    other[place] ^= with.first().copied().unwrap_or(1).max(1);
    assert!(VAULT.open(HERE, &other).is_err());
    assert!(VAULT.open(HERE, &sealed[..place]).is_err());
}

/// A cookie is one of the pairs of the header, and believed only if it is the only one of its name.
fn cookies(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, value.clone());
    let once = session::cookie(&headers, session::SESSION).map(str::to_owned);
    if let Some(found) = &once {
        let text = value.to_str().expect("a cookie that was read is text");
        let pairs = text.split(';').filter_map(|it| it.trim().split_once('='));
        let own: Vec<&str> = pairs.filter(|it| it.0 == session::SESSION).map(|it| it.1).collect();
        assert_eq!(own, [found.as_str()]);
        assert!(!found.contains(';'));
        let (token, set) = session::csrf(&VAULT, &CLOCK, &headers);
        assert!(set.is_none() && session::csrf_holds(&VAULT, &headers, &token));
    }
    assert!(!session::csrf_holds(&VAULT, &headers, &String::from_utf8_lossy(input)));
    headers.append(COOKIE, value);
    if once.is_some() {
        assert_eq!(
            session::cookie(&headers, session::SESSION),
            None,
            "given twice, believed never"
        );
    }
}
