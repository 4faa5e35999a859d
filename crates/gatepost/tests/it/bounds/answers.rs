//! Answers of Power BI that nobody could want, at every tool and at the proxy: an error that says so, soon.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use reqwest::Method;
use serde_json::{Value, json};

use super::{MODEL, tool_call};
use crate::rest::upstream::{Answer, Upstream, text};
use crate::world::BO;

const SOON: Duration = Duration::from_secs(20);

/// Pieces without an end.
fn without_end() -> Answer {
    let pieces = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b'['; 64 * 1024]))));
    let mut answer = Response::new(StreamBody::new(pieces).boxed_unsync());
    answer
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    answer
}

fn hostile(kind: &str) -> Answer {
    let body: Bytes = match kind {
        "10,000 levels" => format!("{{\"value\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)).into(),
        "a million keys" => {
            let keys: Vec<String> = (0..1_000_000).map(|at| format!("\"k{at}\":0")).collect();
            format!("{{{}}}", keys.join(",")).into()
        }
        "a number beyond all" => "{\"value\":[{\"id\":1e400}],\"results\":[{\"tables\":[{\"rows\":1e400}]}]}".into(),
        "no UTF-8" => Bytes::from_static(b"{\"value\":[{\"id\":\"\xff\xfe\"}]}"),
        "no end" => return without_end(),
        _ => Bytes::from_static(b"<html>"),
    };
    text(200, &[("content-type", "application/json")], body)
}

/// PRX-22
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_answer_is_a_tools_error_and_never_its_answer() {
    for kind in [
        "10,000 levels",
        "a million keys",
        "a number beyond all",
        "no UTF-8",
        "no end",
        "no JSON",
    ] {
        let upstream = Upstream::start(move |_| async move { hostile(kind) }).await;
        let (world, key) = upstream.world(BO).await;
        let tools = [
            ("call_read_operation", json!({ "operation": "groups.list" })),
            ("run_dax", json!({ "model": MODEL, "query": "EVALUATE {1}" })),
            ("describe_model", json!({ "model": MODEL })),
            ("refresh_status", json!({ "model": MODEL })),
        ];
        for (name, arguments) in tools {
            let began = Instant::now();
            let call = tool_call(1, name, &arguments);
            let request = world
                .ask(Method::POST, &key, "/mcp")
                .header("accept", "application/json");
            let told: Value = request.json(&call).send().await.unwrap().json().await.unwrap();
            let words = told["result"]["content"][0]["text"].as_str().unwrap_or_default();
            let is_handed_on = name == "call_read_operation" && words.contains("/download/");
            assert!(
                told["result"]["isError"] == true || is_handed_on,
                "{name}, {kind}: {}",
                told.to_string().chars().take(400).collect::<String>()
            );
            assert!(began.elapsed() < SOON, "{name}, {kind} took {:?}", began.elapsed());
        }
    }
}
