//! Any arguments that are approved: one spelling for one meaning, and every reader of a body reads the same.

#![no_main]

use gatepost::json::Bounds;
use gatepost::json::LongNumbers;
use gatepost::json::Refused;
use gatepost::json::read;
use gatepost::policy::CanonicalJson;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// As a body that goes on byte for byte is read.
const AS_SENT: Bounds = Bounds {
    values: gatepost::json::VALUES_MAX,
    depth: gatepost::json::DEPTH_MAX,
    long_numbers: LongNumbers::AsText,
};

fuzz_target!(|input: &str| {
    let strict = read(input.as_bytes(), Bounds::default());
    let as_sent = read(input.as_bytes(), AS_SENT);
    match &strict {
        Ok(_) => assert_eq!(strict, as_sent, "{input:?}"),
        Err(Refused::LongNumber(digits)) => assert!(input.contains(digits.as_str()), "{input:?}"),
        Err(_) => assert!(as_sent.is_err(), "{input:?}"),
    }
    let canonical = CanonicalJson::parse(input);
    if let Ok(canonical) = &canonical {
        // What a person approved is what is hashed again when it is sent.
        assert_eq!(
            CanonicalJson::parse(canonical.as_str()).as_ref(),
            Ok(canonical),
            "{input:?}"
        );
    }
    let Ok(strict) = strict else { return };
    let plain: Value = serde_json::from_str(input).expect("what the strict reader takes, any reader takes");
    assert_eq!(plain, strict, "{input:?}");
    let canonical = canonical.expect("what the strict reader takes has one spelling");
    let again: Value = serde_json::from_str(canonical.as_str()).expect("a canonical form is JSON");
    assert_eq!(again, strict, "{input:?}");
});
