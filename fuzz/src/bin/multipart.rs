//! PRX-03: any file in any form. Whatever its name and bytes are, what is sent is one part, and the bytes come back as they are.

#![no_main]

use gatepost::call::File;
use gatepost::call::fuzzing::form;
use gatepost::tools::fuzzing::problems;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const BOUNDARY: &str = "gatepost-0123456789abcdef0123456789abcdef";

fuzz_target!(|input: &[u8]| {
    // A seed is the name of a file and, on the next line, its bytes.
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (name, rest) = input.split_at(at);
    let (Ok(name), bytes) = (std::str::from_utf8(name), rest.get(1..).unwrap_or_default()) else {
        return;
    };
    let asked = json!({"workspace": "w", "file_name": name, "text": "x"});
    // Only a name that the tool takes ever gets into a form. A boundary is random: no file can know it.
    let is_taken = problems("import_file", &asked).is_some_and(|told| told.is_none());
    if !is_taken || bytes.windows(BOUNDARY.len()).any(|it| it == BOUNDARY.as_bytes()) || name.contains(BOUNDARY) {
        return;
    }
    let file = File {
        name: name.to_owned(),
        bytes: bytes.to_vec().into(),
    };
    let sent = form(&file, BOUNDARY);
    let (head, content) = part(&sent).expect("one part");
    assert_eq!(content, bytes);
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines.len(), 2, "{head:?}");
    let expected = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
    assert_eq!(lines[0], expected);
    assert_eq!(lines[0].matches('"').count(), 4, "{head:?}");
    assert!(!head.contains('\0') && !lines[0].contains(['\r', '\n']), "{head:?}");
});

/// Head and content of the only part, as RFC 2046 §5.1.1 cuts it.
fn part(sent: &[u8]) -> Option<(&str, &[u8])> {
    let opening = format!("--{BOUNDARY}\r\n");
    let closing = format!("\r\n--{BOUNDARY}--\r\n");
    let inner = sent
        .strip_prefix(opening.as_bytes())?
        .strip_suffix(closing.as_bytes())?;
    let delimiter = format!("\r\n--{BOUNDARY}");
    assert!(!inner.windows(delimiter.len()).any(|it| it == delimiter.as_bytes()));
    let at = inner.windows(4).position(|it| it == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&inner[..at]).ok()?, &inner[at + 4..]))
}
