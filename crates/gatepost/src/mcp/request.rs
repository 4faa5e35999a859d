//! The requests that may take long or come back with a person's answer: `tools/call`, `prompts/get`, `resources/read`.

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::caller::Scope;
use crate::mcp::asks;
use crate::mcp::client::Client;
use crate::mcp::fixture;
use crate::mcp::lists;
use crate::mcp::prompts;
use crate::mcp::request_state::Named;
use crate::mcp::request_state::RequestState;
use crate::mcp::resources;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::mcp::stream::Feed;
use crate::tools;
use crate::tools::Challenge;
use crate::tools::Outcome;

/// What such a request comes to.
#[derive(Debug)]
pub(super) enum Called {
    /// The result, as JSON.
    Result(Bytes),
    Failure(Failure),
    /// The token lacks this scope; the result says so to those who cannot be challenged any more.
    Scope(Scope, Bytes),
}

/// One request, read.
pub(super) struct Request<'a> {
    pub app: &'a App,
    pub caller: &'a Caller,
    pub client: &'a Client,
    pub method: String,
    /// The tool, the prompt, or the address of the resource.
    pub name: String,
    /// Always an object.
    pub arguments: Value,
    /// What the person answered, by the name of the question. Nothing is believed of it that was not asked.
    pub answers: Map<String, Value>,
    /// What the gateway remembered, if this is not the first round.
    pub state: Option<RequestState>,
    /// Whether the client wants to hear what is logged.
    pub wants_log: bool,
    pub feed: &'a Feed,
}

/// Performs a request.
pub(super) async fn perform(app: &App, caller: &Caller, client: &Client, message: Message, feed: &Feed) -> Called {
    let request = match Request::read(app, caller, client, message, feed) {
        Ok(request) => request,
        Err(failure) => return Called::Failure(failure),
    };
    if let Some(called) = fixture::perform(&request).await {
        return called.unwrap_or_else(Called::Failure);
    }
    match request.method.as_str() {
        "tools/call" => asks::call_tool(&request).await,
        "prompts/get" => match prompts::get(app, caller, &request.name, request.members()).await {
            Ok(result) => request.complete(result),
            Err(failure) => Called::Failure(failure),
        },
        _ => read_resource(&request).await,
    }
}

impl<'a> Request<'a> {
    fn read(
        app: &'a App,
        caller: &'a Caller,
        client: &'a Client,
        message: Message,
        feed: &'a Feed,
    ) -> Result<Self, Failure> {
        let Message { method, mut params, .. } = message;
        let place = if method == "resources/read" { "uri" } else { "name" };
        let name = match params.remove(place) {
            Some(Value::String(name)) => name,
            _ => return Err(Failure::invalid_params(format!("expected `{place}` to be a text"))),
        };
        let arguments = match params.remove("arguments") {
            None | Some(Value::Null) => json!({}),
            Some(arguments @ Value::Object(_)) => arguments,
            Some(_) => return Err(Failure::invalid_params("expected `arguments` to be an object")),
        };
        let answers = match params.remove("inputResponses") {
            None => Map::new(),
            Some(Value::Object(answers)) => answers,
            Some(_) => return Err(Failure::invalid_params("expected `inputResponses` to be an object")),
        };
        let state = match params.remove("requestState") {
            None => None,
            Some(Value::String(sealed)) => {
                let named = Named {
                    method: &method,
                    name: &name,
                    arguments: &arguments,
                };
                Some(RequestState::open(app, caller, &named, &sealed)?)
            }
            Some(_) => return Err(Failure::invalid_params("expected `requestState` to be a text")),
        };
        let level = params
            .get("_meta")
            .and_then(|it| it.get("io.modelcontextprotocol/logLevel"));
        Ok(Self {
            app,
            caller,
            client,
            method,
            name,
            arguments,
            answers,
            state,
            // A legacy client says once, in another message, what it wants to hear.
            wants_log: !client.is_modern() || level.is_some(),
            feed,
        })
    }

    /// The arguments by name.
    pub(super) fn members(&self) -> &Map<String, Value> {
        self.arguments.as_object().expect("read as an object")
    }

    /// The state for the next round, sealed.
    pub(super) fn state(&self, round: u8, data: Value) -> String {
        let named = Named {
            method: &self.method,
            name: &self.name,
            arguments: &self.arguments,
        };
        RequestState::new(self.app, self.caller, &named, round, data).seal(self.app, self.caller)
    }

    /// A whole result in the form of the client's era.
    pub(super) fn complete(&self, mut result: Value) -> Called {
        if self.client.is_modern() {
            result["resultType"] = "complete".into();
        }
        Called::Result(result.to_string().into())
    }

    /// A tool's answer.
    pub(super) fn told(&self, outcome: &Outcome) -> Called {
        if outcome.unknown {
            return Called::Failure(Failure::invalid_params(outcome.text.clone()));
        }
        match (self.complete(result_of(outcome)), outcome.auth) {
            (Called::Result(result), Some(Challenge::Scope(needed))) => Called::Scope(needed, result),
            (called, _) => called,
        }
    }
}

/// A tool's answer as a result.
pub(super) fn result_of(outcome: &Outcome) -> Value {
    let mut result = json!({ "content": [{ "type": "text", "text": outcome.text }], "isError": outcome.is_error });
    if let Some(structured) = &outcome.structured {
        result["structuredContent"] = structured.clone();
    }
    result
}

async fn read_resource(request: &Request<'_>) -> Called {
    let not_found = || {
        let data = Some(json!({ "uri": request.name }));
        Called::Failure(Failure {
            data,
            ..Failure::invalid_params("there is no such resource")
        })
    };
    let Some((tool, arguments)) = resources::tool_of(&request.name) else {
        return not_found();
    };
    let outcome = tools::call(request.app, request.caller, tool, arguments, &request.feed.progress).await;
    match outcome.auth {
        Some(Challenge::Scope(needed)) => return Called::Scope(needed, Bytes::from_static(b"{}")),
        _ if outcome.not_found || outcome.invalid => return not_found(),
        _ if outcome.is_error => {
            let data = Some(json!({ "uri": request.name }));
            return Called::Failure(Failure {
                data,
                ..Failure::refused(outcome.text)
            });
        }
        _ => {}
    }
    let contents = json!([{ "uri": request.name, "mimeType": "text/plain", "text": outcome.text }]);
    Called::Result(lists::written(request.client, json!({ "contents": contents })))
}
