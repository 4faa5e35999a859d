//! What open streams cost: calls that Power BI lets wait, each answered with a stream of events that stays open.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::json;

use crate::bench::gateway::Gateway;
use crate::bench::http::Connection;
use crate::bench::http::Request;
use crate::bench::mcp::Server;
use crate::bench::sign_in::Person;

/// One person's calls under way at once; more of them would wait in the gateway instead of in Power BI.
const OF_ONE_PERSON: usize = 64;
/// Longer than it takes to open all streams and to read the memory.
const DELAY_MS: u64 = 90_000;

/// What open connections and streams take up in the gateway, in bytes.
pub(crate) struct Open {
    pub(crate) streams: usize,
    pub(crate) people: usize,
    /// Connections on which a call was answered and that are kept.
    pub(crate) of_connections: i64,
    /// The same connections, each with a stream open, connections and streams together.
    pub(crate) of_streams: i64,
}

/// Opens this many streams at once, by as many people as it takes.
pub(crate) fn measure(gateway: &mut Gateway, streams: usize) -> Result<Open> {
    let people = streams.div_ceil(OF_ONE_PERSON);
    let mut tokens = Vec::new();
    for number in 0..people {
        let (_, token) = Person::new(gateway, &format!("streams-{number}"))?.sign_in(gateway, None)?;
        tokens.push(token);
    }
    gateway.restart()?;
    let url = format!("{}/mcp", gateway.url());
    let calls: Vec<Calls> = tokens
        .iter()
        .map(|token| Calls::new(&url, token))
        .collect::<Result<_>>()?;
    // Each person has called once, so that what is made once for each is not counted as a stream's.
    for call in &calls {
        call.slow.once()?.expect(200)?;
    }
    let empty = gateway.memory_at_rest()?;
    let mut open = Vec::new();
    for at in 0..streams {
        let quick = &calls[at / OF_ONE_PERSON].quick;
        let mut connection = Connection::open(&quick.address)?;
        connection.send(quick)?.expect(200)?;
        open.push(connection);
    }
    let connected = gateway.memory_at_rest()?;
    let fault = gateway.at_sandbox(
        "/sandbox/faults",
        &json!({"kind": "delay", "ms": DELAY_MS, "operation": "GET ~/groups"}),
    )?;
    fault["id"].as_u64().context("the sandbox armed no fault")?;
    for (at, connection) in open.iter_mut().enumerate() {
        connection.begin(&calls[at / OF_ONE_PERSON].slow)?;
    }
    for connection in &mut open {
        let head = connection.head()?;
        let kind = head.find("content-type").unwrap_or_default();
        ensure!(
            kind == "text/event-stream",
            "expected a stream, got {} {kind}",
            head.status
        );
    }
    let streaming = gateway.memory_at_rest()?;
    // Going away ends the calls.
    drop(open);
    Ok(Open {
        streams,
        people,
        of_connections: connected as i64 - empty as i64,
        of_streams: streaming as i64 - empty as i64,
    })
}

/// The calls of one person.
struct Calls {
    quick: Request,
    slow: Request,
}

impl Calls {
    fn new(url: &str, token: &str) -> Result<Self> {
        let server = Server {
            url,
            token: Some(token),
        };
        Ok(Self {
            quick: server.call("whoami", &json!({}))?,
            slow: server.call("call_read_operation", &json!({"operation": "groups.list"}))?,
        })
    }
}
