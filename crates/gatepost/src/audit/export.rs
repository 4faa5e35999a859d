//! Entries as JSON Lines and CSV.

use serde_json::Value;

use crate::store::audit::Row;

/// The columns of [`csv_line`].
pub const CSV_HEADER: &str = "seq,time,environment,person,kind,trace,details,hash\n";

/// One entry as one line of JSON, with its hash.
pub fn json_line(row: &Row) -> String {
    let hash: String = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    // The stored text is kept as it is: a reader can check the hash.
    format!("{{\"entry\":{},\"hash\":\"{hash}\"}}\n", row.entry)
}

/// One entry as one line of CSV, safe to open in a spreadsheet.
pub fn csv_line(row: &Row) -> String {
    let entry: Value = serde_json::from_str(&row.entry).unwrap_or(Value::Null);
    let hash: String = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [
        row.seq.to_string(),
        row.time.rfc3339(),
        row.environment_id.clone().unwrap_or_default(),
        row.person_id.clone().unwrap_or_default(),
        row.kind.clone(),
        row.trace.clone(),
        entry["details"].to_string(),
        hash,
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(fields.iter().map(|it| neutral(it)))
        .expect("a record fits into memory");
    String::from_utf8(writer.into_inner().expect("a record fits into memory")).expect("the fields are text")
}

/// A spreadsheet runs what begins with `=`, `+`, `-`, `@`, a tab or a carriage return; a quote in front stops it.
fn neutral(field: &str) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}")
    } else {
        field.to_owned()
    }
}
