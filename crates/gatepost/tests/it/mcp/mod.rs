//! The face of agents from outside: who is let in, both eras of the protocol, and answers that take long (security rows MCP).

mod calls;
mod doors;
mod eras;
mod features;
mod odd;
mod peer;
mod permissions;
mod streams;
mod tasks;
mod waits;

use gatepost::admin;
use gatepost::caller::{Caller, PersonId, Role, Scope, ScopeSet};
use gatepost::config::Settings;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::world::{ADA, World};

/// A gateway with a connected person and an API key of theirs.
struct Agent {
    world: World,
    person: PersonId,
    key: String,
}

/// What came back.
struct Told {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Agent {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// An agent at a gateway with other settings.
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let world = World::with(change).await;
        let person = world.connect(ADA).await.person;
        let key = world.key(&person).await;
        Self { world, person, key }
    }

    /// A key of the same person that may only read.
    async fn reading_key(&self) -> String {
        let caller = Caller {
            person: self.person.clone(),
            role: Role::Person,
            ..self.world.owner_caller()
        };
        let input = admin::KeyInput {
            name: "reads".into(),
            is_application: false,
            scopes: ScopeSet::default().with(Scope::Read),
            days: None,
        };
        let made = admin::create_key(&self.world.app, &caller, &input).await.unwrap();
        secrecy::ExposeSecret::expose_secret(&made.key).to_owned()
    }

    fn post(&self) -> RequestBuilder {
        let request = self.world.http.post(format!("{}/mcp", self.world.url));
        request
            .header("accept", "application/json, text/event-stream")
            .bearer_auth(&self.key)
    }

    async fn send(&self, request: RequestBuilder, body: &Value) -> Told {
        told(
            request
                .header("content-type", "application/json")
                .body(body.to_string()),
        )
        .await
    }

    /// A request of the modern era with the headers it needs.
    async fn modern(&self, method: &str, params: Value) -> Told {
        let request = modern_headers(self.post(), method, &params);
        self.send(request, &modern_body(method, params)).await
    }

    /// A request of the legacy era, without a session.
    async fn legacy(&self, version: &str, method: &str, params: Value) -> Told {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.send(self.post().header("mcp-protocol-version", version), &body)
            .await
    }
}

async fn told(request: RequestBuilder) -> Told {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Told {
        status,
        headers,
        body: answer.text().await.unwrap(),
    }
}

impl Told {
    /// The response, be it an answer of its own or the last event of a stream: on a busy machine any call may run long.
    fn json(&self) -> Value {
        let last_event = self.body.lines().rfind(|line| line.starts_with("data: "));
        let text = last_event.map_or(&self.body[..], |line| &line["data: ".len()..]);
        serde_json::from_str(text).unwrap_or_else(|_| panic!("expected JSON, not {} {}", self.status, self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// The code of a JSON-RPC error.
    fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or_default()
    }

    /// The text of a tool's answer.
    fn text(&self) -> String {
        self.json()["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

fn modern_headers(request: RequestBuilder, method: &str, params: &Value) -> RequestBuilder {
    let request = request
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    let name = if method == "resources/read" { "uri" } else { "name" };
    match params[name].as_str() {
        Some(name) if method != "completion/complete" => request.header("mcp-name", name),
        _ => request,
    }
}

fn modern_body(method: &str, mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    if params["_meta"]["io.modelcontextprotocol/clientCapabilities"].is_null() {
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}
