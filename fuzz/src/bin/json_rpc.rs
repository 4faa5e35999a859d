//! Any body and headers at the front of MCP: read in one way or refused in words, never both and never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../crates/gatepost/src/json/mod.rs"]
#[expect(dead_code, reason = "only what reads a text is called")]
mod json;

/// The gateway's own files and nothing round them: building all of the gateway for this would take many minutes.
#[path = "../../../crates/gatepost/src/mcp"]
#[expect(dead_code, reason = "only what reads a message is called")]
mod mcp {
    pub mod era;
    pub mod rpc;
    pub mod variant;

    use http::HeaderMap;
    use serde_json::Value;

    use crate::json;

    /// Codes of the protocol; no other may leave.
    const CODES: [i32; 8] = [
        rpc::PARSE_ERROR,
        rpc::INVALID_REQUEST,
        rpc::METHOD_NOT_FOUND,
        rpc::INVALID_PARAMS,
        rpc::INTERNAL_ERROR,
        era::HEADER_MISMATCH,
        era::UNSUPPORTED_VERSION,
        -32021,
    ];

    /// What must hold of a body with these headers.
    pub fn judge(headers: &HeaderMap, body: &[u8]) {
        let message = match rpc::of_json(json::read(body, rpc::BOUNDS)) {
            Ok(message) => message,
            Err(refusal) => return refused(&refusal.failure, refusal.id.as_ref()),
        };
        let value: Value = serde_json::from_slice(body).expect("a message is JSON");
        assert_eq!(
            Ok(&value),
            json::read(body, rpc::BOUNDS).as_ref(),
            "two readers read the same"
        );
        assert_eq!(value["jsonrpc"], "2.0");
        assert_eq!(value["method"], message.method.as_str());
        assert_eq!(value.get("id"), message.id.as_ref().map(rpc::Id::value));
        for (name, value_of) in &message.params {
            assert_eq!(&value["params"][name], value_of);
        }
        if let Err(failure) = era::of(headers, &message) {
            refused(&failure, message.id.as_ref());
        }
    }

    fn refused(failure: &rpc::Failure, id: Option<&rpc::Id>) {
        assert!(CODES.contains(&failure.code), "{failure:?}");
        assert!(failure.status.is_client_error(), "{failure:?}");
        let response: Value = serde_json::from_slice(&failure.response(id)).expect("a response is JSON");
        assert_eq!(response["error"]["code"], failure.code);
        assert!(response["error"]["message"].as_str().is_some_and(|it| !it.is_empty()));
        assert_eq!(response.get("id"), id.map(rpc::Id::value));
    }
}

fuzz_target!(|input: &[u8]| {
    // A seed looks like a request: lines of `name: value`, an empty line, the body.
    let at = input.windows(2).position(|it| it == b"\n\n");
    let (head, body) = at.map_or((&b""[..], input), |at| (&input[..at], &input[at + 2..]));
    let mut headers = http::HeaderMap::new();
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
    mcp::judge(&headers, body);
});
