//! Tests of the dual-era rule and of what headers must say.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use serde_json::Value;
use serde_json::json;

use crate::mcp::era;
use crate::mcp::rpc;
use crate::mcp::rpc::Message;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_bytes()).expect("the value can be sent"),
        )
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

fn message(method: &str, params: &Value) -> Message {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    rpc::read(body.to_string().as_bytes()).unwrap()
}

fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn modern_call(name: &str) -> Message {
    message(
        "tools/call",
        &json!({ "name": name, "arguments": {}, "_meta": meta("2026-07-28") }),
    )
}

fn told(headers: &HeaderMap, message: &Message) -> String {
    match era::of(headers, message) {
        Ok(era) => format!("{era:?}"),
        Err(failure) => format!("{} {} {}", failure.status.as_u16(), failure.code, failure.message),
    }
}

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const METHOD: (&str, &str) = ("mcp-method", "tools/call");
const NAME: (&str, &str) = ("mcp-name", "run_dax");

#[test]
fn a_whole_modern_request_is_modern() {
    assert_eq!(
        told(&headers(&[VERSION, METHOD, NAME]), &modern_call("run_dax")),
        "Modern"
    );
    let discover = message("server/discover", &json!({ "_meta": meta("2026-07-28") }));
    assert_eq!(
        told(&headers(&[VERSION, ("mcp-method", "server/discover")]), &discover),
        "Modern"
    );
    // `clientInfo` is optional, and spaces around a header's value do not count.
    assert_eq!(
        told(
            &headers(&[("mcp-protocol-version", " 2026-07-28\t"), METHOD, NAME]),
            &modern_call("run_dax")
        ),
        "Modern"
    );
}

/// MCP-04: headers that say something else than the body are refused; the body alone decides.
#[test]
fn headers_must_say_what_the_body_says() {
    let cases: &[(&str, &[(&'static str, &str)])] = &[
        ("no version", &[METHOD, NAME]),
        ("other version", &[("mcp-protocol-version", "2025-11-25"), METHOD, NAME]),
        ("two versions", &[VERSION, VERSION, METHOD, NAME]),
        ("no method", &[VERSION, NAME]),
        ("other method", &[VERSION, ("mcp-method", "tools/list"), NAME]),
        ("method in capitals", &[VERSION, ("mcp-method", "Tools/Call"), NAME]),
        ("two methods", &[VERSION, METHOD, METHOD, NAME]),
        (
            "joined methods",
            &[VERSION, ("mcp-method", "tools/call, tools/call"), NAME],
        ),
        ("no name", &[VERSION, METHOD]),
        ("other name", &[VERSION, METHOD, ("mcp-name", "find_items")]),
        ("two names", &[VERSION, METHOD, NAME, NAME]),
        (
            "broken base64",
            &[VERSION, METHOD, ("mcp-name", "=?base64?cnVuX2RheA?=")],
        ),
        (
            "base64 of no text",
            &[VERSION, METHOD, ("mcp-name", "=?base64?/////w==?=")],
        ),
        (
            "base64 of another",
            &[VERSION, METHOD, ("mcp-name", "=?base64?ZmluZF9pdGVtcw==?=")],
        ),
        (
            "marker in capitals",
            &[VERSION, METHOD, ("mcp-name", "=?BASE64?cnVuX2RheA==?=")],
        ),
        ("raw bytes", &[VERSION, METHOD, ("mcp-name", "rün_dax")]),
    ];
    for (what, sent) in cases {
        let told = told(&headers(sent), &modern_call("run_dax"));
        assert!(told.starts_with("400 -32020 "), "{what}: {told}");
    }
    let encoded = [VERSION, METHOD, ("mcp-name", "=?base64?cnVuX2RheA==?=")];
    assert_eq!(told(&headers(&encoded), &modern_call("run_dax")), "Modern");
    let literal = [VERSION, METHOD, ("mcp-name", "=?base64?PT9iYXNlNjQ/eD89?=")];
    assert_eq!(told(&headers(&literal), &modern_call("=?base64?x?=")), "Modern");
}

#[test]
fn a_modern_request_without_its_meta_is_told_so() {
    let sent = headers(&[VERSION, METHOD, NAME]);
    for params in [
        json!({ "name": "run_dax" }),
        json!({ "name": "run_dax", "_meta": {} }),
        json!({ "name": "run_dax", "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }),
        json!({ "name": "run_dax", "_meta": { "io.modelcontextprotocol/protocolVersion": 1, "io.modelcontextprotocol/clientCapabilities": {} } }),
        json!({ "name": "run_dax", "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [] } }),
    ] {
        let told = told(&sent, &message("tools/call", &params));
        assert!(
            told.starts_with("400 -32602 expected `_meta` with "),
            "{params}: {told}"
        );
    }
    assert!(told(&headers(&[]), &message("server/discover", &json!({}))).starts_with("400 -32602 "));
}

#[test]
fn a_version_that_is_not_served_is_told_which_are() {
    let sent = headers(&[("mcp-protocol-version", "2031-01-01"), METHOD, NAME]);
    let call = message("tools/call", &json!({ "name": "run_dax", "_meta": meta("2031-01-01") }));
    let failure = era::of(&sent, &call).unwrap_err();
    assert_eq!((failure.status.as_u16(), failure.code), (400, -32022));
    let data = failure.data.unwrap();
    assert_eq!(data["requested"], "2031-01-01");
    assert_eq!(
        data["supported"],
        json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"])
    );
    let legacy = told(
        &headers(&[("mcp-protocol-version", "2019-01-01")]),
        &message("ping", &json!({})),
    );
    assert!(legacy.starts_with("400 -32022 "), "{legacy}");
}

#[test]
fn legacy_requests_need_no_headers_and_may_carry_modern_ones() {
    let list = message("tools/list", &json!({ "_meta": { "progressToken": 0 } }));
    for version in ["2025-11-25", "2025-06-18", "2025-03-26"] {
        assert_eq!(told(&headers(&[("mcp-protocol-version", version)]), &list), "Legacy");
    }
    assert_eq!(told(&headers(&[]), &list), "Legacy");
    assert_eq!(
        told(&headers(&[("mcp-method", "tools/call"), ("mcp-method", "x")]), &list),
        "Legacy"
    );
    let initialize = message(
        "initialize",
        &json!({ "protocolVersion": "2025-06-18", "capabilities": {} }),
    );
    assert_eq!(
        told(&headers(&[("mcp-protocol-version", "2024-11-05")]), &initialize),
        "Legacy"
    );
}

#[test]
fn initialize_with_modern_meta_is_modern_and_so_not_served() {
    let initialize = message(
        "initialize",
        &json!({ "protocolVersion": "2025-06-18", "_meta": meta("2026-07-28") }),
    );
    assert_eq!(
        told(&headers(&[VERSION, ("mcp-method", "initialize")]), &initialize),
        "Modern"
    );
}
