//! Any arguments of any tool: taken only if the advertised schema takes them, and a refusal is short and repeats no value.

#![no_main]

use gatepost::tools::fuzzing::problems;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Far beyond five problems of 200 characters each.
const LONGEST: usize = 1200;

fuzz_target!(|input: &str| {
    // A seed is the name of a tool and, on the next line, its arguments as JSON.
    let Some((name, arguments)) = input.split_once('\n') else {
        return;
    };
    let Ok(arguments) = serde_json::from_str::<Value>(arguments) else {
        return;
    };
    let Some(told) = problems(name, &arguments) else { return };
    let Some(told) = told else {
        assert!(arguments.is_object(), "{arguments}");
        return;
    };
    assert!(told.chars().count() <= LONGEST, "{told}");
    assert!(!told.contains(['\n', '\0']), "{told:?}");
    for (_, value) in arguments.as_object().into_iter().flatten() {
        // A short text may stand in a sentence by chance; a name that is unknown is repeated on purpose.
        if let Some(text) = value.as_str().filter(|text| 12 < text.len()) {
            let is_name = arguments
                .as_object()
                .is_some_and(|all| all.keys().any(|name| name.contains(text)));
            assert!(is_name || !told.contains(text), "{told}: {text}");
        }
    }
});
