//! Any path: what `find` gives back names the same place again, and nothing in it climbs out of its segment.

#![no_main]

use catalogue::Catalogue;
use catalogue::Found;
use catalogue::Kind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    // A seed looks like the first line of a request: `GET /v1.0/myorg/groups`.
    let (method, path) = input.split_once(' ').unwrap_or(("GET", input));
    let catalogue = Catalogue::builtin();
    let Found::Operation(operation, values) = catalogue.find(method, path) else {
        return;
    };
    assert_eq!(operation.method.as_str(), method);
    let names: Vec<_> = values.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, operation.path.names());
    for (name, value) in &values {
        let parameter = operation.parameter(name).expect("a value has a parameter");
        assert!(![".", "..", ""].contains(&value.as_str()), "{name}");
        assert!(!value.contains(['\\', '\0', '\r', '\n']), "{name}: {value:?}");
        assert!(
            parameter.kind == Kind::Token || !value.contains('/'),
            "{name}: {value:?}"
        );
    }
    let rendered = operation.path.render(&values);
    assert_eq!(rendered.matches('/').count(), operation.path.segment_count());
    assert!(rendered.bytes().all(|byte| byte.is_ascii_graphic()), "{rendered:?}");
    match catalogue.find(method, &rendered) {
        Found::Operation(again, same) => {
            assert_eq!(again.id, operation.id);
            assert_eq!(same, values);
        }
        other => panic!("{rendered:?} was {} and is {other:?}", operation.id),
    }
});
