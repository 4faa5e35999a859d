//! Any body and headers at the front of MCP: read in one way or refused in words, never both and never a panic.

#![no_main]

use gatepost::mcp::fuzzing::CODES;
use gatepost::mcp::fuzzing::Refused;
use gatepost::mcp::fuzzing::read;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    // A seed looks like a request: lines of `name: value`, an empty line, the body.
    let at = input.windows(2).position(|it| it == b"\n\n");
    let (head, body) = at.map_or((&b""[..], input), |at| (&input[..at], &input[at + 2..]));
    let mut headers = HeaderMap::new();
    for line in head.split(|it| *it == b'\n').take(8) {
        let mut parts = line.splitn(2, |it| *it == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        let name = http::HeaderName::from_bytes(name);
        let value = http::HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    judge(&headers, body);
});

/// What must hold of a body with these headers.
fn judge(headers: &HeaderMap, body: &[u8]) {
    let message = match read(headers, body) {
        Ok(message) => message,
        Err(refusal) => return refused(&refusal),
    };
    let value: Value = serde_json::from_slice(body).expect("a message is JSON");
    assert_eq!(value["jsonrpc"], "2.0");
    assert_eq!(value["method"], message.method.as_str());
    assert_eq!(value.get("id"), message.id.as_ref());
    for (name, value_of) in &message.params {
        assert_eq!(&value["params"][name], value_of);
    }
    if let Err(refusal) = message.headers {
        refused(&refusal);
    }
}

fn refused(refusal: &Refused) {
    assert!(CODES.contains(&refusal.code), "{}", refusal.code);
    assert!(refusal.status.is_client_error(), "{}", refusal.status);
    let response: Value = serde_json::from_slice(&refusal.response).expect("a response is JSON");
    assert_eq!(response["error"]["code"], refusal.code);
    assert!(response["error"]["message"].as_str().is_some_and(|it| !it.is_empty()));
    assert_eq!(response.get("id"), refusal.id.as_ref());
}
