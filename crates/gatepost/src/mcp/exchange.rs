//! One message of a known caller and its answer.

use std::time::Duration;

use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use tokio::sync::watch;

use crate::app::App;
use crate::caller::Caller;
use crate::mcp::challenge;
use crate::mcp::era;
use crate::mcp::era::Era;
use crate::mcp::json;
use crate::mcp::method;
use crate::mcp::method::Called;
use crate::mcp::rpc;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Id;
use crate::mcp::rpc::Message;
use crate::mcp::session::Session;
use crate::mcp::stream;
use crate::mcp::stream::Ended;
use crate::mcp::stream::Told;
use crate::mcp::stream::Work;
use crate::tools::Progress;

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
}

impl Exchange<'_> {
    /// The answer to a message, in the manner of its era.
    pub(super) async fn answer(self, message: Message) -> Response {
        let era = match era::of(&self.headers, &message) {
            Ok(era) => era,
            Err(failure) => return json(failure.status, failure.response(message.id.as_ref())),
        };
        let Some(id) = message.id.clone() else {
            // Nothing follows from a notification: a stream that is closed cancels its request.
            return StatusCode::ACCEPTED.into_response();
        };
        let answered = match era {
            Era::Modern => self.modern(&id, message).await,
            Era::Legacy => self.legacy(&id, message).await,
        };
        answered.unwrap_or_else(|failure| json(status(era, &failure), failure.response(Some(&id))))
    }

    async fn modern(self, id: &Id, message: Message) -> Result<Response, Failure> {
        match message.method.as_str() {
            "server/discover" => Ok(done(id, &method::discover())),
            "tools/list" => Ok(done(
                id,
                &method::list_tools(self.app, &self.caller, &message, true).await?,
            )),
            "tools/call" => self.call_tool(id, message, Era::Modern).await,
            _ => Err(Failure::method_not_found()),
        }
    }

    async fn legacy(self, id: &Id, message: Message) -> Result<Response, Failure> {
        if message.method == "initialize" {
            let (result, session) = method::initialize(&self.caller, &message)?;
            let session = HeaderValue::from_str(&session.seal(&self.app.vault)).map_err(|_| Failure::internal())?;
            let mut answer = done(id, &result);
            answer.headers_mut().insert(SESSION_HEADER, session);
            return Ok(answer);
        }
        self.check_session()?;
        match message.method.as_str() {
            "ping" => Ok(done(id, b"{}")),
            "tools/list" => Ok(done(
                id,
                &method::list_tools(self.app, &self.caller, &message, false).await?,
            )),
            "tools/call" => self.call_tool(id, message, Era::Legacy).await,
            _ => Err(Failure::method_not_found()),
        }
    }

    /// A client that names no session is served all the same: nothing depends on one.
    fn check_session(&self) -> Result<(), Failure> {
        let mut named = self.headers.get_all(SESSION_HEADER).iter();
        let is_known = match (named.next(), named.next()) {
            (None, _) => true,
            (Some(session), None) => {
                let session = session.to_str().unwrap_or_default();
                Session::is_of(&self.app.vault, &self.caller, session)
            }
            (Some(_), Some(_)) => false,
        };
        if is_known {
            return Ok(());
        }
        let message = "the session is unknown; initialize again";
        Err(Failure::new(StatusCode::NOT_FOUND, rpc::INVALID_REQUEST, message))
    }

    async fn call_tool(self, id: &Id, message: Message, era: Era) -> Result<Response, Failure> {
        let (progress, told) = match method::progress_token(&message)? {
            None => (Progress::none(), None),
            Some(token) => {
                let (sender, steps) = watch::channel(None);
                let progress = Progress::to(move |step| drop(sender.send_replace(Some(step))));
                (progress, Some(Told { token, steps }))
            }
        };
        let may_stream = stream::is_accepted(&self.headers);
        let run = Run {
            app: self.app.clone(),
            slug: self.slug.map(str::to_owned),
            caller: self.caller,
            id: id.clone(),
            era,
        };
        let stopped = run.failed(&Failure::internal());
        let work = run.until_done(message, progress);
        let work: Work = match era {
            Era::Modern => Box::pin(work),
            // Only a notification cancels in the legacy era; a lost connection does not.
            Era::Legacy => {
                let task = tokio::spawn(work);
                Box::pin(async move { task.await.unwrap_or(stopped) })
            }
        };
        Ok(stream::answer(work, told, may_stream).await)
    }
}

/// A call of a tool, which may outlive the request it came with.
struct Run {
    app: App,
    slug: Option<String>,
    caller: Caller,
    id: Id,
    era: Era,
}

impl Run {
    async fn until_done(self, message: Message, progress: Progress) -> Ended {
        let is_modern = self.era == Era::Modern;
        let called = method::call_tool(&self.app, &self.caller, message, is_modern, &progress);
        match tokio::time::timeout(CALL_MAX, called).await {
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

    fn failed(&self, failure: &Failure) -> Ended {
        Ended::of(status(self.era, failure), failure.response(Some(&self.id)))
    }
}

impl Ended {
    fn of(status: StatusCode, response: Bytes) -> Self {
        Self {
            answer: json(status, response.clone()),
            last_event: response,
        }
    }
}

fn done(id: &Id, result: &[u8]) -> Response {
    json(StatusCode::OK, rpc::response(id, result))
}

/// Legacy clients take 404 for a lost session, so that an unknown method is told in the body alone.
fn status(era: Era, failure: &Failure) -> StatusCode {
    match (era, failure.code) {
        (Era::Legacy, rpc::METHOD_NOT_FOUND) => StatusCode::OK,
        _ => failure.status,
    }
}
