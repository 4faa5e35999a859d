//! One message of a known caller and its answer.

use std::time::Duration;

use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use serde_json::Map;

use crate::app::App;
use crate::call::AuthFailure;
use crate::call::CallError;
use crate::call::Standing;
use crate::caller::Caller;
use crate::mcp::as_json;
use crate::mcp::cancel;
use crate::mcp::challenge;
use crate::mcp::client::Client;
use crate::mcp::era;
use crate::mcp::era::Era;
use crate::mcp::fixture;
use crate::mcp::method;
use crate::mcp::request;
use crate::mcp::request::Called;
use crate::mcp::rpc;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Id;
use crate::mcp::rpc::Message;
use crate::mcp::session::Session;
use crate::mcp::stream;
use crate::mcp::stream::Ended;
use crate::mcp::stream::Feed;
use crate::mcp::stream::Work;
use crate::memory::Held;

/// Tools wait for less; whatever its progress, no call takes longer.
const CALL_MAX: Duration = Duration::from_secs(10 * 60);
const SESSION_HEADER: HeaderName = HeaderName::from_static("mcp-session-id");

/// What one message is answered with.
pub(super) struct Exchange<'a> {
    pub app: &'a App,
    /// The environment as the address names it.
    pub slug: Option<&'a str>,
    pub caller: Caller,
    pub headers: HeaderMap,
    /// The memory that the message takes.
    pub held: Held,
}

impl Exchange<'_> {
    /// The answer to a message, in the manner of its era.
    pub(super) async fn answer(mut self, message: Message) -> Response {
        let era = match era::of(&self.headers, &message) {
            Ok(era) => era,
            Err(failure) => return as_json(failure.status, failure.response(message.id.as_ref())),
        };
        let Some(id) = message.id.clone() else {
            // In the modern era nothing follows from a notification: a stream that is closed cancels its request.
            if era == Era::Legacy {
                cancel::hear(self.app, &self.caller, &message);
            }
            return StatusCode::ACCEPTED.into_response();
        };
        let client = match self.client(era, &message) {
            Ok(client) => client,
            Err(failure) => return as_json(failure.status, failure.response(Some(&id))),
        };
        if let Some(trace) = method::trace_of(&message) {
            // Ours stays unique, whatever a client sends; theirs leads from the record to their own.
            self.caller.trace = format!("{}.{trace}", self.caller.trace);
        }
        let answered = match message.method.as_str() {
            "initialize" if era == Era::Legacy => self.initialize(&id, &message),
            method if method::may_take_long(method) => self.perform(&id, message, client).await,
            _ => {
                let result = method::at_once(self.app, &self.caller, &client, &message).await;
                result.map(|result| done(&id, &result))
            }
        };
        answered.unwrap_or_else(|failure| as_json(status(era, &failure), failure.response(Some(&id))))
    }

    fn initialize(&self, id: &Id, message: &Message) -> Result<Response, Failure> {
        let (result, session) = method::initialize(self.app, &self.caller, message)?;
        let session = HeaderValue::from_str(&session.seal(&self.app.vault)).map_err(|_| Failure::internal())?;
        let mut answer = done(id, &result);
        answer.headers_mut().insert(SESSION_HEADER, session);
        Ok(answer)
    }

    /// What is known of the client. One that names no session is served all the same: nothing depends on one.
    fn client(&self, era: Era, message: &Message) -> Result<Client, Failure> {
        if era == Era::Modern {
            return Ok(Client::modern(message));
        }
        let mut client = Client {
            era,
            version: era::legacy_version(&self.headers).to_owned(),
            capabilities: Map::new(),
        };
        if message.method == "initialize" {
            return Ok(client);
        }
        let mut named = self.headers.get_all(SESSION_HEADER).iter();
        let session = match (named.next(), named.next()) {
            (None, _) => return Ok(client),
            (Some(session), None) => {
                let session = session.to_str().unwrap_or_default();
                Session::of(&self.app.vault, &self.caller, session)
            }
            (Some(_), Some(_)) => None,
        };
        let Some(session) = session else {
            let message = "the session is unknown; initialize again";
            return Err(Failure::new(StatusCode::NOT_FOUND, rpc::INVALID_REQUEST, message));
        };
        client.version = session.version().to_owned();
        client.capabilities = session.capabilities();
        Ok(client)
    }

    async fn perform(self, id: &Id, message: Message, client: Client) -> Result<Response, Failure> {
        let token = method::progress_token(&message)?;
        let (feed, told) = Feed::new(token, fixture::tells_at_once(self.app, &message));
        let may_stream = stream::is_accepted(&self.headers);
        let is_modern = client.is_modern();
        let run = Run {
            app: self.app.clone(),
            slug: self.slug.map(str::to_owned),
            caller: self.caller,
            id: id.clone(),
            client,
            _held: self.held,
        };
        let stopped = run.failed(&Failure::internal());
        // Only a notification cancels in the legacy era; a lost connection does not.
        let running =
            (!is_modern).then(|| cancel::Running::new(cancel::Key::of(&run.app, &run.caller, run.id.value())));
        let cancelled = run.failed(&Failure::cancelled());
        let work = run.until_done(message, feed);
        let work: Work = match running {
            None => Box::pin(work),
            Some(running) => {
                let task = tokio::spawn(async move {
                    tokio::select! {
                        ended = work => ended,
                        () = running.cancelled() => cancelled,
                    }
                });
                Box::pin(async move { task.await.unwrap_or(stopped) })
            }
        };
        Ok(stream::answer(work, told, may_stream).await)
    }
}

/// A request that takes long, which may outlive the connection it came over.
struct Run {
    app: App,
    slug: Option<String>,
    caller: Caller,
    id: Id,
    client: Client,
    _held: Held,
}

impl Run {
    async fn until_done(self, message: Message, feed: Feed) -> Ended {
        let standing = Standing::of(&self.app, &self.caller);
        let called = request::perform(&self.app, &self.caller, &self.client, message, &feed);
        let called = tokio::time::timeout(CALL_MAX, called);
        let ended = tokio::select! {
            ended = called => ended,
            // What only reads stops then, and streams close.
            () = standing.clone().ended() => return self.ended_early(),
        };
        // The funnel may have noticed first; either way no answer is given after the end.
        if let Err(CallError::TakenBack) = standing.check().await {
            return self.ended_early();
        }
        match ended {
            Ok(Called::Result(result)) => Ended::of(StatusCode::OK, rpc::response(&self.id, &result)),
            Ok(Called::Failure(failure)) => self.failed(&failure),
            Ok(Called::Scope(needed, result)) => Ended {
                answer: challenge::insufficient_scope(&self.app, self.slug.as_deref(), needed),
                last_event: rpc::response(&self.id, &result),
            },
            Err(_) => {
                tracing::error!(trace = %self.caller.trace, "a tool took longer than any should");
                self.failed(&Failure::internal())
            }
        }
    }

    fn ended_early(&self) -> Ended {
        let why = AuthFailure::Invalid("it was revoked while the call ran");
        let failure = Failure::new(StatusCode::UNAUTHORIZED, rpc::INVALID_REQUEST, "access was taken back");
        Ended {
            answer: challenge::refused(&self.app, self.slug.as_deref(), &why),
            last_event: failure.response(Some(&self.id)),
        }
    }

    fn failed(&self, failure: &Failure) -> Ended {
        Ended::of(status(self.client.era, failure), failure.response(Some(&self.id)))
    }
}

impl Ended {
    fn of(status: StatusCode, response: Bytes) -> Self {
        Self {
            answer: as_json(status, response.clone()),
            last_event: response,
        }
    }
}

fn done(id: &Id, result: &[u8]) -> Response {
    as_json(StatusCode::OK, rpc::response(id, result))
}

/// Legacy clients take 404 for a lost session, so that an unknown method is told in the body alone.
fn status(era: Era, failure: &Failure) -> StatusCode {
    match (era, failure.code) {
        (Era::Legacy, rpc::METHOD_NOT_FOUND) => StatusCode::OK,
        _ => failure.status,
    }
}
