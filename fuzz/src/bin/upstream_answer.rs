//! Any answer of Power BI: read as a table whose rows fit their columns, or as a refusal with bounded words; never a panic.

#![no_main]

use gatepost::clock::Timestamp;
use gatepost::powerbi::parse_error;
use gatepost::tools::fuzzing::answer;
use http::HeaderMap;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some(table) = answer(input) {
        assert!(table.widths.iter().all(|width| *width == table.columns));
        assert!(table.widths.len() <= table.count);
        assert!(table.fitting <= table.widths.len());
        // Whatever a cell holds, a row stays one line.
        assert_eq!(table.tsv.split('\n').count(), 1 + table.widths.len(), "{:?}", table.tsv);
        let invisible = [
            '\u{200b}',
            '\u{2028}',
            '\u{202e}',
            '\u{feff}',
            '\u{e0100}',
            '\r',
            '\0',
            '\u{1b}',
        ];
        assert!(!table.tsv.contains(invisible), "{:?}", table.tsv);
        let rows = table.structured["rows"].as_array().expect("a list of rows");
        assert_eq!(rows.len(), table.widths.len());
    }
    let (first, body) = input.split_first().unwrap_or((&0, &[]));
    let status = StatusCode::from_u16(400 + u16::from(*first) % 200).expect("three digits");
    let failure = parse_error(status, &HeaderMap::new(), body, Timestamp(0));
    assert_eq!(failure.status, status.as_u16());
    assert!(failure.texts.len() <= 8);
    assert!(
        failure.texts.iter().all(|text| text.chars().count() <= 1001),
        "{:?}",
        failure.texts
    );
});
