//! One answer: JSON if it comes soon, otherwise a stream of events that tells of progress and ends with the answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header::ACCEPT;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::Interval;

use crate::mcp::rpc;
use crate::tools::Progress;
use crate::tools::Step;

/// Until then an answer is worth waiting for: a stream costs more, and some clients read JSON only.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The least time between two progress notifications.
const PROGRESS_PAUSE: Duration = Duration::from_millis(500);
/// Proxies and clients give up on a stream that says nothing for long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The work on a request.
pub(super) type Work = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// What the work came to.
pub(super) struct Ended {
    /// The answer where nothing has been sent yet.
    pub answer: Response,
    /// The JSON-RPC response that ends a stream, whose status was sent long ago.
    pub last_event: Bytes,
}

/// What a request tells its sender while it runs.
pub(super) enum Told {
    /// Steps, the newest of which is worth telling now and then.
    Progress {
        token: Value,
        steps: watch::Receiver<Option<Step>>,
    },
    /// Notifications of which none may be lost or wait.
    Notes(mpsc::UnboundedReceiver<Value>),
}

/// Where a request tells of itself while it runs.
#[derive(Default)]
pub(super) struct Feed {
    pub progress: Progress,
    /// The token that its sender gave for progress.
    pub token: Option<Value>,
    notes: Option<mpsc::UnboundedSender<Value>>,
}

impl Feed {
    /// A feed, and where it arrives.
    pub(super) fn new(token: Option<Value>, is_prompt: bool) -> (Self, Option<Told>) {
        if is_prompt {
            let (notes, received) = mpsc::unbounded_channel();
            let feed = Self {
                token,
                notes: Some(notes),
                ..Self::default()
            };
            return (feed, Some(Told::Notes(received)));
        }
        let Some(token) = token else {
            return (Self::default(), None);
        };
        let (sender, steps) = watch::channel(None);
        let feed = Self {
            progress: Progress::to(move |step| drop(sender.send_replace(Some(step)))),
            token: Some(token.clone()),
            notes: None,
        };
        (feed, Some(Told::Progress { token, steps }))
    }

    /// Sends a notification at once, where the request has a stream for such.
    pub(super) fn note(&self, method: &str, params: &Value) {
        if let Some(notes) = &self.notes {
            // Nobody listens any more when the sender has gone away.
            let _ = notes.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
        }
    }
}

/// Whether the sender reads streams: only one who says so.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
    let mut kinds = values
        .flat_map(|it| it.split(','))
        .map(|it| it.split(';').next().unwrap_or_default().trim());
    kinds.any(|it| it.eq_ignore_ascii_case("text/event-stream"))
}

/// The answer once the work is done, or a stream that will end with it.
///
/// Dropping the answer drops the work: the sender who goes away has cancelled the request.
pub(super) async fn answer(mut work: Work, told: Option<Told>, may_stream: bool) -> Response {
    if !may_stream {
        return work.await.answer;
    }
    let patience = match &told {
        Some(Told::Notes(_)) => Duration::ZERO,
        Some(Told::Progress { .. }) | None => PATIENCE,
    };
    match tokio::time::timeout(patience, &mut work).await {
        Ok(ended) => ended.answer,
        Err(_) => streamed(work, told),
    }
}

fn streamed(work: Work, told: Option<Told>) -> Response {
    let events = Events::new(work, told);
    let stream = stream::unfold(Some(events), |events| async {
        let (event, rest) = events?.next().await;
        Some((Ok::<_, Infallible>(event), rest))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            http::HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (StatusCode::OK, headers, Body::from_stream(stream)).into_response()
}

/// A stream that is under way.
struct Events {
    work: Work,
    told: Option<Told>,
    ticks: Interval,
    /// When something was last sent.
    sent_at: Instant,
    /// What was last told; a client must see it grow.
    last: f64,
}

impl Events {
    fn new(work: Work, told: Option<Told>) -> Self {
        let mut ticks = tokio::time::interval(PROGRESS_PAUSE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            work,
            told,
            ticks,
            sent_at: Instant::now(),
            last: f64::NEG_INFINITY,
        }
    }

    /// The next event, and the stream after it unless that was the answer.
    async fn next(mut self) -> (Bytes, Option<Self>) {
        loop {
            tokio::select! {
                biased;
                ended = &mut self.work => return (self.last(&ended), None),
                Some(note) = note(&mut self.told) => {
                    self.sent_at = Instant::now();
                    return (event(note.to_string().as_bytes()), Some(self));
                }
                _ = self.ticks.tick() => {
                    if let Some(event) = self.due() {
                        self.sent_at = Instant::now();
                        return (event, Some(self));
                    }
                }
            }
        }
    }

    /// The answer, after what was told before it and not yet sent.
    fn last(&mut self, ended: &Ended) -> Bytes {
        let mut last = Vec::new();
        if let Some(Told::Notes(notes)) = &mut self.told {
            while let Ok(note) = notes.try_recv() {
                last.extend_from_slice(&event(note.to_string().as_bytes()));
            }
        }
        last.extend_from_slice(&event(&ended.last_event));
        last.into()
    }

    /// What is to be sent now: progress, else a sign of life now and then.
    fn due(&mut self) -> Option<Bytes> {
        let progress = self.progress();
        let is_quiet = KEEP_ALIVE <= self.sent_at.elapsed();
        progress.or_else(|| is_quiet.then(|| Bytes::from_static(b": still working\n\n")))
    }

    fn progress(&mut self) -> Option<Bytes> {
        let Some(Told::Progress { token, steps }) = &mut self.told else {
            return None;
        };
        if !steps.has_changed().unwrap_or(false) {
            return None;
        }
        let step = steps.borrow_and_update().clone()?;
        if step.done <= self.last {
            return None;
        }
        self.last = step.done;
        let mut params = json!({ "progressToken": token, "progress": number(step.done), "message": step.message });
        if let Some(total) = step.total {
            params["total"] = number(total);
        }
        Some(event(rpc::notification("notifications/progress", &params).as_bytes()))
    }
}

/// The next notification; forever none where there are none of that kind, or no more.
async fn note(told: &mut Option<Told>) -> Option<Value> {
    match told {
        Some(Told::Notes(notes)) => notes.recv().await,
        Some(Told::Progress { .. }) | None => None,
    }
}

/// A whole number is written as one.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if value.fract() == 0.0 && value.abs() < 1e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// JSON without line breaks, which is one line of data.
fn event(data: &[u8]) -> Bytes {
    Bytes::from([b"event: message\ndata: ", data, b"\n\n"].concat())
}
