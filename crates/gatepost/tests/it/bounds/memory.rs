//! The memory of the real program while people send and ask for too much at once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{EXECUTE, MODEL, query_with_numbers, tool_call};
use crate::rest::streams::Program;
use crate::rest::upstream::{Upstream, text};
use crate::world::{BO, CY, World};

const MIB: u64 = 1024 * 1024;
/// What the program may take beyond what it takes when it has done one call of each kind: its budget, and what the
/// allocator and a debug build need round it.
const MOST_GROWTH: u64 = 300 * MIB;

/// The answer of a query with 14 MB of rows.
fn large_answer() -> Bytes {
    let row = "{\"Sales[Region]\":\"North\",\"Sales[Amount]\":1.5,\"Sales[Year]\":2026}";
    let rows = vec![row; 14 * 1024 * 1024 / (row.len() + 1)].join(",");
    format!("{{\"results\":[{{\"tables\":[{{\"rows\":[{rows}]}}]}}]}}").into()
}

struct Crowd<'a> {
    program: &'a Program,
    world: &'a World,
}

impl Crowd<'_> {
    fn post(&self, path: &str, key: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let request = self
            .world
            .http
            .post(format!("{}{path}", self.program.url))
            .bearer_auth(key);
        let request = request.header("content-type", "application/json");
        request
            .header("accept", "application/json, text/event-stream")
            .body(body)
    }

    async fn tool(&self, key: &str, name: &str, arguments: Value) -> Result<(StatusCode, String), reqwest::Error> {
        let call = tool_call(1, name, &arguments).to_string();
        let answer = self
            .post("/mcp", key, call)
            .header("mcp-protocol-version", "2025-03-26")
            .send()
            .await?;
        Ok((answer.status(), answer.text().await?))
    }
}

/// DOS-06, DOS-07, DOS-13: the inputs that once took gigabytes, at once, and somebody else beside them.
#[tokio::test(flavor = "multi_thread")]
async fn neither_large_bodies_nor_large_answers_take_the_programs_memory_or_other_peoples_time() {
    let large = large_answer();
    let upstream = Upstream::start(move |request| {
        let large = large.clone();
        async move {
            match request.uri().path().ends_with("/executeQueries") {
                true => text(200, &[("content-type", "application/json")], large),
                false => text(200, &[("content-type", "application/json")], "{\"value\":[]}"),
            }
        }
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    let other = world.connect(CY).await;
    let other = world.key(&other.person).await;
    let program = Program::serve(&world).await;
    let crowd = Crowd {
        program: &program,
        world: &world,
    };
    let dax = json!({ "model": MODEL, "query": "EVALUATE Sales" });
    crowd.tool(&key, "run_dax", dax.clone()).await.unwrap();
    let calm = program.peak_bytes();

    let bodies = join_all((0..8).map(|_| crowd.post(EXECUTE, &key, query_with_numbers(7_500_000)).send()));
    let arguments = json!({ "operation": "datasets.execute_queries", "arguments": { "datasetId": MODEL, "body": serde_json::from_str::<Value>(&query_with_numbers(480_000)).unwrap() } });
    let arguments = join_all((0..40).map(|_| crowd.tool(&key, "call_read_operation", arguments.clone())));
    let answers = join_all((0..12).map(|_| crowd.tool(&key, "run_dax", dax.clone())));
    let raw = json!({ "operation": "datasets.execute_queries", "arguments": { "datasetId": MODEL, "body": { "queries": [{ "query": "EVALUATE Sales" }] } } });
    let raw = join_all((0..4).map(|_| crowd.tool(&key, "call_read_operation", raw.clone())));
    let passed_on = join_all((0..4).map(|_| async {
        let body = json!({ "queries": [{ "query": "EVALUATE Sales" }] }).to_string();
        crowd
            .post(EXECUTE, &key, body)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
            .len()
    }));
    let beside = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            let groups = format!("{}/powerbi/v1.0/myorg/groups", program.url);
            let answer = world.http.get(groups).bearer_auth(&other).send().await.unwrap();
            assert_eq!(answer.status(), 200, "somebody else is served all the while");
            slowest = slowest.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        slowest
    };
    let (bodies, arguments, answers, raw, passed_on, slowest) =
        tokio::join!(bodies, arguments, answers, raw, passed_on, beside);

    for body in bodies.into_iter().flatten() {
        assert_eq!(body.status(), 413);
    }
    for (status, told) in arguments.into_iter().flatten() {
        assert_eq!(status, 400, "{told}");
    }
    for (status, told) in answers.into_iter().map(Result::unwrap) {
        let is_answered = status == 200 && told.contains("rows") && told.contains("North");
        assert!(
            is_answered || told.contains("memory_of_person"),
            "{status} {}",
            &told[..told.len().min(500)]
        );
    }
    for (_, told) in raw.into_iter().map(Result::unwrap) {
        assert!(
            told.contains("/download/"),
            "what is too large to be read is for the person to open: {}",
            &told[..told.len().min(500)]
        );
    }
    assert!(passed_on.iter().all(|it| 14_000_000 < *it), "{passed_on:?}");
    let growth = program.peak_bytes().saturating_sub(calm);
    println!(
        "calm {} MiB, growth {} MiB, slowest {slowest:?}",
        calm / MIB,
        growth / MIB
    );
    assert!(
        growth < MOST_GROWTH,
        "{} MiB on top of {} MiB",
        growth / MIB,
        calm / MIB
    );
    assert!(slowest < Duration::from_secs(5), "somebody else waited {slowest:?}");
}
