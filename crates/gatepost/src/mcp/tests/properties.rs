//! What holds of every message, however it was made: it is read in one way or refused, and never brings the gateway down.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use serde_json::json;

use crate::json;
use crate::mcp::era;
use crate::mcp::rpc;

/// The same cases on every machine and every day.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2026-07-28")),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let key = prop_oneof![
            any::<String>(),
            Just("name".to_owned()),
            Just("_meta".to_owned()),
            Just("arguments".to_owned()),
            Just("io.modelcontextprotocol/protocolVersion".to_owned()),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// Something like a message.
fn message() -> impl Strategy<Value = Value> {
    let member = |name: &'static str| {
        let usual = match name {
            "jsonrpc" => json!("2.0"),
            "method" => json!("tools/call"),
            "params" => json!({ "name": "whoami" }),
            _ => json!(1),
        };
        prop_oneof![4 => Just(Some(usual)), 2 => value().prop_map(Some), 1 => Just(None)].prop_map(move |it| (name, it))
    };
    let members = (
        member("jsonrpc"),
        member("id"),
        member("method"),
        member("params"),
        member("result"),
    );
    members.prop_map(|(a, b, c, d, e)| {
        let all = [a, b, c, d, e].into_iter().take(5);
        let kept = all.filter_map(|(name, it)| it.map(|it| (name.to_owned(), it)));
        // A result belongs into few of them: with it nothing is a request.
        Value::Object(kept.filter(|(name, it)| name != "result" || it.is_object()).collect())
    })
}

#[test]
fn any_bytes_are_one_message_or_a_refusal() {
    let bytes = prop::collection::vec(any::<u8>(), 0..400);
    runner(3000)
        .run(&bytes, |bytes| {
            if let Err(refusal) = rpc::read(&bytes) {
                prop_assert!(refusal.failure.status.is_client_error() || refusal.failure.code == rpc::INVALID_PARAMS);
                let response: Value = serde_json::from_slice(&refusal.failure.response(refusal.id.as_ref())).unwrap();
                prop_assert!(response["error"]["code"].is_i64());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_read_strictly_is_what_everybody_reads() {
    runner(2000)
        .run(&value(), |value| {
            let text = value.to_string();
            // Whoever reads less strictly must not read something else.
            if let Ok(read) = json::read(text.as_bytes(), rpc::BOUNDS) {
                prop_assert_eq!(read.to_string(), text.clone());
            }
            let twice = format!("{text} {text}");
            prop_assert!(json::read(twice.as_bytes(), rpc::BOUNDS).is_err());
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_message_and_no_header_brings_the_gateway_down() {
    let header = prop_oneof![
        Just("2026-07-28".to_owned()),
        Just("tools/call".to_owned()),
        Just("=?base64?d2hvYW1p?=".to_owned()),
        "[ -~]{0,40}",
    ];
    let headers = prop::collection::vec((0_usize..3, header), 0..6);
    runner(2000)
        .run(&(message(), headers), |(body, sent)| {
            let names = ["mcp-protocol-version", "mcp-method", "mcp-name"];
            let mut headers = HeaderMap::new();
            for (at, text) in sent {
                headers.append(
                    HeaderName::from_static(names[at]),
                    HeaderValue::from_str(&text).unwrap(),
                );
            }
            let Ok(message) = rpc::read(body.to_string().as_bytes()) else {
                return Ok(());
            };
            prop_assert_eq!(body["method"].as_str(), Some(message.method.as_str()));
            if let Err(failure) = era::of(&headers, &message) {
                prop_assert!(failure.status.is_client_error(), "{:?}", failure);
            }
            Ok(())
        })
        .unwrap();
}
