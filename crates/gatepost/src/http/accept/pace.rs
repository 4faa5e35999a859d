//! Bodies in motion: a request's must come at a decent pace, an answer's says when the request is over.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// How many requests of a connection are under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<Requests>);

#[derive(Debug, Default)]
struct Requests {
    underway: AtomicUsize,
    has_begun: AtomicBool,
}

/// One request under way.
#[derive(Debug)]
pub(super) struct Underway(Activity);

impl Activity {
    pub(super) fn begin(&self) -> Underway {
        self.0.underway.fetch_add(1, Ordering::Relaxed);
        self.0.has_begun.store(true, Ordering::Relaxed);
        Underway(self.clone())
    }

    /// Whether there ever was a request.
    pub(super) fn has_begun(&self) -> bool {
        self.0.has_begun.load(Ordering::Relaxed)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.underway.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.0.underway.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request body that fails when it comes too slowly.
pub(super) struct PacedBody {
    inner: Incoming,
    /// When its reading began: whoever waits for a turn before reading takes nothing from the peer's time.
    started: Option<Instant>,
    grace: Duration,
    bytes_per_s: u64,
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BodyProblem {
    #[error("the request body came too slowly")]
    Slow,
    #[error("the request body could not be read")]
    Broken(#[from] hyper::Error),
}

impl PacedBody {
    pub(super) fn new(inner: Incoming, limits: &Limits) -> Self {
        let bytes_per_s = limits.body_bytes_per_s.max(1);
        Self {
            inner,
            started: None,
            grace: limits.body,
            bytes_per_s,
            received: 0,
            timer: None,
        }
    }

    fn deadline(&mut self) -> Instant {
        let started = *self.started.get_or_insert_with(Instant::now);
        started + self.grace + Duration::from_secs(self.received / self.bytes_per_s)
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = BodyProblem;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyProblem>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                self.received += frame.data_ref().map_or(0, |it| it.len() as u64);
            }
            return Poll::Ready(frame.map(|it| it.map_err(BodyProblem::Broken)));
        }
        let deadline = self.deadline();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyProblem::Slow)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body; its end is the end of the request.
pub(super) struct AnswerBody {
    inner: Body,
    _underway: Underway,
}

impl AnswerBody {
    pub(super) fn new(inner: Body, underway: Underway) -> Self {
        Self {
            inner,
            _underway: underway,
        }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
