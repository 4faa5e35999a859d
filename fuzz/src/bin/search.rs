//! Any search term and any name: comparing them never panics, is the same however often it is folded, and finds a name by itself.

#![no_main]

use gatepost::tools::fuzzing::fit;
use gatepost::tools::fuzzing::folded;
use gatepost::tools::short;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (term, name) = input.split_once('\n').unwrap_or((input, input));
    for text in [term, name] {
        let once = folded(text);
        assert_eq!(folded(&once), once, "{text:?}");
        assert_eq!(fit(text, text), Some(0), "{text:?}");
        assert!(fit(&once, text).is_some(), "{text:?}");
        let line = short(text, 40);
        assert!(
            line.chars().count() <= 41 && !line.contains(['\n', '\r', '\u{202e}']),
            "{line:?}"
        );
    }
    if fit(term, name).is_some() && !folded(term).is_empty() {
        assert!(
            folded(term).split(' ').all(|word| folded(name).contains(word)),
            "{term:?} {name:?}"
        );
    }
});
