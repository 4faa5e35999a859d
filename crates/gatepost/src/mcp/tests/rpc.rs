//! Tests of strict JSON-RPC reading.

use http::StatusCode;
use serde_json::json;

use crate::mcp::rpc;
use crate::mcp::rpc::Failure;

fn refused(body: &[u8]) -> (i32, u16) {
    let rpc::Refusal { failure, .. } = *rpc::read(body).expect_err(&String::from_utf8_lossy(body));
    (failure.code, failure.status.as_u16())
}

#[test]
fn a_request_and_a_notification_are_read() {
    let message = rpc::read(br#" {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}} "#).unwrap();
    assert_eq!(
        (message.method.as_str(), message.params.get("name")),
        ("tools/call", Some(&json!("x")))
    );
    let response = rpc::response(message.id.as_ref().unwrap(), br#"{"a":1}"#);
    assert_eq!(response, r#"{"jsonrpc":"2.0","id":7,"result":{"a":1}}"#);
    let message = rpc::read(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).unwrap();
    assert!(message.id.is_none() && message.params.is_empty());
}

#[test]
fn ids_come_back_as_they_came() {
    for id in [
        r#""a b""#,
        r#""""#,
        "0",
        "-1",
        "9007199254740993",
        "18446744073709551615",
        r#""\u00fc\"""#,
    ] {
        let message = rpc::read(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#).as_bytes()).unwrap();
        let response = rpc::response(message.id.as_ref().unwrap(), b"{}");
        let response: serde_json::Value = serde_json::from_slice(&response).unwrap();
        assert_eq!(response["id"], serde_json::from_str::<serde_json::Value>(id).unwrap());
    }
    for id in ["null", "1.0", "1.5", "1e3", "true", "[]", "{}", "18446744073709551616"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        assert_eq!(refused(body.as_bytes()), (rpc::INVALID_REQUEST, 400), "{id}");
    }
    let long = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "a".repeat(300));
    assert_eq!(refused(long.as_bytes()), (rpc::INVALID_REQUEST, 400));
}

#[test]
fn what_two_readers_could_take_differently_is_refused() {
    let inside = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    let not_json = [
        "",
        "{",
        "nothing",
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"} {"jsonrpc":"2.0","id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"},"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping" /* x */}"#,
        r#"{"jsonrpc":"2.0","id":NaN,"method":"ping"}"#,
        r#"{'jsonrpc':"2.0","id":1,"method":"ping"}"#,
    ];
    for body in not_json {
        assert_eq!(refused(body.as_bytes()), (rpc::PARSE_ERROR, 400), "{body}");
    }
    assert_eq!(
        refused(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}"),
        (rpc::PARSE_ERROR, 400)
    );
    let not_a_message = [
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        "[]",
        r#""ping""#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":""}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"param\u017f":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","ID":2}"#,
        &inside(r#"{"name":"a","name":"b"}"#),
        &inside(r#"{"name":"a","n\u0061me":"b"}"#),
        &inside(r#"{"name":"a","arguments":{"x":{"y":1,"y":2}}}"#),
        &inside(&format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70))),
    ];
    for body in not_a_message {
        assert_eq!(refused(body.as_bytes()), (rpc::INVALID_REQUEST, 400), "{body}");
    }
    for params in [
        r#"{"Name":"b","name":"a"}"#,
        r#"{"name":"a","ARGUMENTS":{}}"#,
        "[1]",
        "null",
        "1",
    ] {
        assert_eq!(
            refused(inside(params).as_bytes()),
            (rpc::INVALID_PARAMS, 400),
            "{params}"
        );
    }
}

#[test]
fn a_refusal_names_the_request_it_belongs_to_if_that_can_be_read() {
    let rpc::Refusal { id, failure } = *rpc::read(br#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#).unwrap_err();
    insta::assert_snapshot!(
        String::from_utf8_lossy(&failure.response(id.as_ref())),
        @r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"expected `jsonrpc` to be \"2.0\""},"id":"a"}"#
    );
    let rpc::Refusal { id, failure } = *rpc::read(b"{").unwrap_err();
    insta::assert_snapshot!(
        String::from_utf8_lossy(&failure.response(id.as_ref())),
        @r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"expected one JSON value in UTF-8 without a byte order mark"}}"#
    );
}

#[test]
fn extra_members_and_numbers_are_left_as_they_are() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"n":9007199254740993,"f":1.0}},"extra":1}"#;
    let message = rpc::read(body).unwrap();
    assert_eq!(
        message.params["arguments"].to_string(),
        r#"{"n":9007199254740993,"f":1.0}"#
    );
    assert_eq!(Failure::method_not_found().status, StatusCode::NOT_FOUND);
}
