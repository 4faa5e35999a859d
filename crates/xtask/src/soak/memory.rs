//! What takes most memory, at once: large bodies and arguments, large answers, a thousand calls that wait; and somebody else
//! beside it all.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;
use serde_json::json;

use crate::bench::gateway::Gateway;
use crate::bench::http::Connection;
use crate::bench::http::Request;
use crate::bench::mcp::Server;
use crate::bench::memory;
use crate::bench::sign_in::Person;
use crate::soak::Soak;
use crate::soak::run::Length;
use crate::soak::run::Outcome;
use crate::soak::run::Run;

pub(super) const SOAK: Soak = Soak {
    name: "memory",
    about: "Large bodies, large answers and a thousand waiting calls at once: below 450 MiB, and nobody else waits a second.",
    run,
    is_in_suite: false,
};

const MOST_BYTES: u64 = 450 << 20;
const MOST_WAIT: Duration = Duration::from_secs(1);
/// Calls of one person that are under way at once; more would wait in the gateway.
const OF_ONE_PERSON: usize = 60;
const DELAY_MS: u64 = 120_000;
/// The largest table of the sandbox.
const MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";

fn run(run: &Run) -> Result<Outcome> {
    let waiting = usize::try_from(run.rounds(1000, 100))?;
    let seconds = run.seconds(120, 20);
    // Everybody comes from this machine here, which is one address.
    let connections = ("GATEPOST_CONNECTIONS_PER_ADDRESS", "4096".to_owned());
    let mut gateway = Gateway::start_with(&run.program()?, &[connections])?;
    let url = format!("{}/mcp", gateway.url());
    let mut tokens = Vec::new();
    for number in 0..waiting.div_ceil(OF_ONE_PERSON) + 2 {
        let mut person = Person::new(&gateway, &format!("memory-{number}"))?;
        tokens.push(person.sign_in(&gateway, None)?.1);
    }
    gateway.restart()?;
    let (other, rest) = tokens.split_first().context("there are people")?;
    let (greedy, waiters) = rest.split_first().context("there are people")?;
    let at_rest = gateway.memory_at_rest()?;
    // Only calls for lists wait; queries are answered at once.
    let fault = json!({ "kind": "delay", "ms": DELAY_MS, "operation": "GET ~/groups" });
    gateway.at_sandbox("/sandbox/faults", &fault)?;
    let mut open = Vec::new();
    for at in 0..waiting {
        let slow = call(
            &url,
            &waiters[at / OF_ONE_PERSON],
            "call_read_operation",
            &json!({ "operation": "groups.list" }),
        )?;
        let mut connection = Connection::open(&slow.address)?;
        connection.begin(&slow)?;
        open.push(connection);
    }
    let is_over = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let (waits, greed) = thread::scope(|scope| {
        let beside = scope.spawn(|| somebody_else(&url, other, &is_over));
        let greed: Vec<_> = inputs(&url, greedy)?
            .into_iter()
            .map(|input| scope.spawn(move || again_and_again(&input, deadline)))
            .collect();
        let greed: u64 = greed.into_iter().map(|it| it.join().unwrap_or(0)).sum();
        is_over.store(true, Ordering::Relaxed);
        let waits = beside
            .join()
            .map_err(|_| anyhow::anyhow!("somebody else's thread ended early"))??;
        anyhow::Ok((waits, greed))
    })?;
    drop(open);
    let peak = memory::peak(gateway.id()?)?;
    let p99 = waits[(waits.len() * 99 / 100).min(waits.len() - 1)];
    let mut outcome = Outcome::default();
    outcome.figure(
        "memory at rest and at its peak",
        format!("{} and {} MiB", at_rest >> 20, peak >> 20),
    );
    outcome.figure("greedy calls answered", greed);
    outcome.figure(
        "somebody else's calls and their p99",
        format!("{} and {} ms", waits.len(), p99.as_millis()),
    );
    outcome.must(
        peak < MOST_BYTES,
        format!("the peak stays below {} MiB", MOST_BYTES >> 20),
    );
    outcome.must(greed > 0, "the greedy calls were answered");
    outcome.must(
        p99 < MOST_WAIT || run.length != Length::Whole,
        "somebody else's p99 stays below a second",
    );
    Ok(outcome)
}

fn call(url: &str, token: &str, tool: &str, arguments: &Value) -> Result<Request> {
    let token = Some(token);
    Server { url, token }.call(tool, arguments)
}

/// The greedy person's calls, each made by a thread of its own for as long as the soak lasts.
fn inputs(url: &str, token: &str) -> Result<Vec<Request>> {
    let mut all = Vec::new();
    let query = |numbers: usize| {
        json!({ "operation": "datasets.execute_queries", "arguments": {
            "datasetId": MODEL, "body": { "queries": [{ "query": "EVALUATE {1}" }], "extra": vec![1; numbers] },
        }})
    };
    for _ in 0..8 {
        all.push(call(url, token, "call_read_operation", &query(7_000_000))?);
    }
    for _ in 0..24 {
        all.push(call(url, token, "call_read_operation", &query(450_000))?);
    }
    for _ in 0..8 {
        // As much as is allowed: few values, much text.
        let text = json!({ "queries": [{ "query": format!("EVALUATE {{1}} // {}", "x".repeat(900_000)) }] });
        let arguments =
            json!({ "operation": "datasets.execute_queries", "arguments": { "datasetId": MODEL, "body": text } });
        all.push(call(url, token, "call_read_operation", &arguments)?);
    }
    for _ in 0..16 {
        let rows = json!({ "model": MODEL, "query": "EVALUATE Sales", "max_rows": 10_000 });
        all.push(call(url, token, "run_dax", &rows)?);
    }
    Ok(all)
}

/// How often the call was answered, whatever the answer.
fn again_and_again(request: &Request, deadline: Instant) -> u64 {
    let mut answered = 0;
    while Instant::now() < deadline {
        // A body that is too large may cost the connection before its answer is read.
        answered += u64::from(request.once().is_ok());
    }
    answered
}

/// How long each of somebody else's calls took, the shortest first.
fn somebody_else(url: &str, token: &str, is_over: &AtomicBool) -> Result<Vec<Duration>> {
    let whoami = call(url, token, "whoami", &json!({}))?;
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        whoami.once()?.expect(200)?;
        times.push(began.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    times.sort_unstable();
    anyhow::ensure!(!times.is_empty(), "somebody else never called");
    Ok(times)
}
