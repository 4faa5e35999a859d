//! Any path that leads nowhere: three suggestions at most, each another operation, whatever the path looks like.

#![no_main]

use std::collections::BTreeSet;

use catalogue::Catalogue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (method, path) = input.split_once(' ').unwrap_or(("GET", input));
    let near = Catalogue::builtin().nearest(method, path);
    let ids: BTreeSet<_> = near.iter().map(|operation| &operation.id).collect();
    assert!(near.len() <= 3);
    assert_eq!(ids.len(), near.len());
    let parts = path.split('/').filter(|part| !part.is_empty()).count();
    assert!(
        near.iter()
            .all(|operation| operation.path.segment_count().abs_diff(parts) <= 2)
    );
});
