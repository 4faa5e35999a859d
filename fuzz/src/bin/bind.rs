//! Any arguments: what `bind` lets through is one request to that very operation, and is read back as the same request.

#![no_main]

use catalogue::Catalogue;
use catalogue::Found;
use catalogue::Kind;
use libfuzzer_sys::fuzz_target;
use serde_json::Map;
use serde_json::Value;

fuzz_target!(|input: &str| {
    // A seed is the id of an operation and, on the next line, its arguments as JSON.
    let Some((id, arguments)) = input.split_once('\n') else {
        return;
    };
    let Some(operation) = Catalogue::builtin().operation(id) else {
        return;
    };
    let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(arguments) else {
        return;
    };
    let Ok(bound) = operation.bind(&arguments) else { return };

    let (path, query) = bound
        .path_and_query
        .split_once('?')
        .unwrap_or((&bound.path_and_query, ""));
    assert!(
        bound
            .path_and_query
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
    );
    assert!(!query.contains('?'));
    let Found::Operation(found, values) = Catalogue::builtin().find(bound.method.as_str(), path) else {
        panic!("{path:?} is not found");
    };
    assert_eq!(found.id, operation.id);
    assert_eq!(values, bound.path_values);
    // A token that was encoded more than once loses one level each time it is read.
    if query.contains("%25") && operation.parameters.iter().any(|it| it.kind == Kind::Token) {
        return;
    }
    let read = operation
        .arguments(values, query, bound.body.clone())
        .unwrap_or_else(|problems| panic!("{query:?} is not read back: {problems:?}"));
    assert_eq!(operation.bind(&read).as_ref(), Ok(&bound));
});
