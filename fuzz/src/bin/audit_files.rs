//! Any entry and any line of a checkpoint file: an export keeps every field apart, and only what is whole is read.

#![no_main]

use gatepost::audit::CSV_HEADER;
use gatepost::audit::PublicKey;
use gatepost::audit::csv_line;
use gatepost::audit::fuzzing::anchor;
use gatepost::audit::fuzzing::entry;
use gatepost::audit::json_line;
use gatepost::audit::mask;
use gatepost::clock::Timestamp;
use gatepost::store::audit::Row;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::json;

fuzz_target!(|input: &str| {
    line(input);
    if let Ok(key) = input.parse::<PublicKey>() {
        assert_eq!(key.to_string().parse::<PublicKey>(), Ok(key));
    }
    let hidden = mask(
        &json!({ "password": input, "list": [{ "clientSecret": input }], "kept": input }),
        &[],
    );
    assert_eq!(
        (&hidden["password"], &hidden["list"][0]["clientSecret"]),
        (&json!("***"), &json!("***"))
    );
    assert_eq!(mask(&hidden, &[]), hidden);
    exported(input);
    stored(input);
});

/// A line that is read says the same when it is written again.
fn line(input: &str) {
    if let Some(written) = anchor(input) {
        assert_eq!(anchor(&written).as_ref(), Some(&written), "{input:?}");
        assert_eq!(written.split(' ').count(), 4);
    }
}

/// An entry with this text in it, as both exports write it.
fn exported(text: &str) {
    let row = Row {
        entry: json!({ "details": { "text": text } }).to_string(),
        environment_id: Some(text.to_owned()),
        trace: text.to_owned(),
        ..row("{}".to_owned())
    };
    let json: Value = serde_json::from_str(json_line(&row).trim_end()).expect("a line of JSON");
    assert_eq!(json["entry"]["details"]["text"], text);
    let file = format!("{CSV_HEADER}{}", csv_line(&row));
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("CSV of one width");
    assert_eq!(records.len(), 1);
    for field in &records[0] {
        assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{field:?}");
    }
}

/// An entry as it might stand in the database: it is read only if it says what its columns say.
fn stored(text: &str) {
    let row = row(text.to_owned());
    if let Ok(read) = entry(&row) {
        assert_eq!(read["seq"], 7);
        assert_eq!(read["kind"], "call.opened");
        assert_eq!(
            serde_json::from_str::<Value>(text).expect("what was read is JSON"),
            read
        );
    }
}

fn row(entry: String) -> Row {
    Row {
        seq: 7,
        time: Timestamp(1000),
        environment_id: None,
        person_id: None,
        kind: "call.opened".to_owned(),
        trace: "t".to_owned(),
        entry,
        hash: vec![0; 32],
    }
}
