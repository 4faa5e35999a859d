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
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::Interval;

use crate::mcp::rpc;
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

/// Where a request's progress is told, if its sender wants to know.
pub(super) struct Told {
    pub token: Value,
    pub steps: watch::Receiver<Option<Step>>,
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
    match tokio::time::timeout(PATIENCE, &mut work).await {
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
                ended = &mut self.work => return (event(&ended.last_event), None),
                _ = self.ticks.tick() => {
                    if let Some(event) = self.due() {
                        self.sent_at = Instant::now();
                        return (event, Some(self));
                    }
                }
            }
        }
    }

    /// What is to be sent now: progress, else a sign of life now and then.
    fn due(&mut self) -> Option<Bytes> {
        let progress = self.progress();
        let is_quiet = KEEP_ALIVE <= self.sent_at.elapsed();
        progress.or_else(|| is_quiet.then(|| Bytes::from_static(b": still working\n\n")))
    }

    fn progress(&mut self) -> Option<Bytes> {
        let told = self.told.as_mut()?;
        if !told.steps.has_changed().unwrap_or(false) {
            return None;
        }
        let step = told.steps.borrow_and_update().clone()?;
        if step.done <= self.last {
            return None;
        }
        self.last = step.done;
        let mut params = json!({ "progressToken": told.token, "progress": number(step.done), "message": step.message });
        if let Some(total) = step.total {
            params["total"] = number(total);
        }
        Some(event(rpc::notification("notifications/progress", &params).as_bytes()))
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
