//! The sealed `requestState`: what the gateway must know when a client comes back with a person's answer.

use aws_lc_rs::digest::Context;
use aws_lc_rs::digest::SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::mcp::rpc::Failure;
use crate::mcp::session;
use crate::vault::Place;

/// A person may need a while in the browser; nobody needs longer.
const LIFETIME_MS: i64 = 15 * 60 * 1000;
const SEALED_MAX_BYTES: usize = 8 * 1024;

/// What is remembered between two rounds of one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestState {
    /// Through which client it was asked.
    client: String,
    /// The request it belongs to.
    request: String,
    expires_at: Timestamp,
    /// How often the client was answered so far.
    pub round: u8,
    /// What the request itself wants to know again.
    pub data: Value,
}

impl RequestState {
    pub(super) fn new(app: &App, caller: &Caller, request: &Named<'_>, round: u8, data: Value) -> Self {
        Self {
            client: session::client(caller),
            request: request.digest(),
            expires_at: app.clock.now().plus_ms(LIFETIME_MS),
            round,
            data,
        }
    }

    pub(super) fn seal(&self, app: &App, caller: &Caller) -> String {
        let text = serde_json::to_vec(self).expect("plain fields become JSON");
        URL_SAFE_NO_PAD.encode(app.vault.seal(place(caller), &text))
    }

    /// The state a client sent back.
    ///
    /// Invariant: it opens for the same person, environment, client, method, name and arguments only, and for a time.
    pub(super) fn open(app: &App, caller: &Caller, request: &Named<'_>, sealed: &str) -> Result<Self, Failure> {
        let refused = || Failure::invalid_params("expected the `requestState` that belongs to this very request");
        let bytes = Some(sealed)
            .filter(|it| it.len() <= SEALED_MAX_BYTES)
            .ok_or_else(refused)?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| refused())?;
        let text = app.vault.open(place(caller), &bytes).map_err(|_| refused())?;
        let state: Self = serde_json::from_slice(&text).map_err(|_| refused())?;
        let is_ours = state.client == session::client(caller) && state.request == request.digest();
        if is_ours && app.clock.now() < state.expires_at {
            Ok(state)
        } else {
            Err(refused())
        }
    }
}

/// The seal is bound to the person and the environment, so it opens for nobody else.
fn place(caller: &Caller) -> Place<'_> {
    Place {
        table: "mcp",
        column: "request_state",
        row: &caller.person.0,
        environment: &caller.environment.0,
    }
}

/// A request by what it does: its method, the name in it, and its arguments.
pub(super) struct Named<'a> {
    pub method: &'a str,
    pub name: &'a str,
    pub arguments: &'a Value,
}

impl Named<'_> {
    fn digest(&self) -> String {
        let mut digest = Context::new(&SHA256);
        // Lengths keep the parts apart.
        for part in [self.method, self.name, &canonical(self.arguments)] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(digest.finish())
    }
}

/// JSON with the members of objects in the order of their names, however the client wrote them this time.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            let member =
                |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), canonical(value));
            let parts: Vec<String> = sorted.into_iter().map(member).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(entries) => {
            let parts: Vec<String> = entries.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}
