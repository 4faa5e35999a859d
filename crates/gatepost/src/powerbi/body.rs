//! Bodies in both directions: what is sent, and an answer that is streamed within bounds of size and time.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::SendError;
use super::until::{Ended, Until};

/// An error of a body somebody else produces.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(super) type Outgoing = UnsyncBoxBody<Bytes, BoxError>;

/// What is sent.
pub enum Body {
    /// Nothing, or bytes in memory; only such a body can be sent a second time.
    Bytes(Bytes),
    /// An upload, passed on as it comes.
    Stream(std::sync::Mutex<UnsyncBoxBody<Bytes, BoxError>>),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    /// The same, whose upload fails once `ended` is over.
    pub fn until(self, ended: Ended) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes),
            Self::Stream(body) => {
                let body = body.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
                Self::stream(Until::new(body, ended))
            }
        }
    }

    /// An upload, passed on as it comes.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::Stream(std::sync::Mutex::new(body.map_err(Into::into).boxed_unsync()))
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

pub(super) fn whole(bytes: Bytes) -> Outgoing {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// An answer's body as it comes; it fails rather than grow too large, come too slowly or stop short.
pub struct AnswerBody {
    inner: Incoming,
    left_bytes: u64,
    idle: Duration,
    end: Instant,
    timer: Pin<Box<Sleep>>,
}

impl AnswerBody {
    pub(super) fn new(inner: Incoming, most_bytes: u64, idle: Duration, end: Instant) -> Self {
        let timer = Box::pin(sleep_until(end.min(Instant::now() + idle)));
        Self {
            inner,
            left_bytes: most_bytes,
            idle,
            end,
            timer,
        }
    }

    /// All of it, if it is at most `most_bytes`.
    pub async fn bytes(mut self, most_bytes: u64) -> Result<Bytes, SendError> {
        self.left_bytes = self.left_bytes.min(most_bytes);
        Ok(self.collect().await?.to_bytes())
    }

    /// As much of it as comes without error, at most `most_bytes`; for answers that are only to be explained.
    pub(super) async fn beginning(mut self, most_bytes: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(Ok(frame)) = self.frame().await {
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(&data[..data.len().min(most_bytes - bytes.len())]);
            }
            if bytes.len() == most_bytes {
                break;
            }
        }
        bytes
    }

    fn charge(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, SendError> {
        let length = frame.data_ref().map_or(0, |it| it.len() as u64);
        self.left_bytes = self.left_bytes.checked_sub(length).ok_or(SendError::TooLarge)?;
        self.timer.as_mut().reset(self.end.min(Instant::now() + self.idle));
        Ok(frame)
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = SendError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, SendError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            return Poll::Ready(frame.map(|it| match it {
                Ok(frame) => self.charge(frame),
                Err(_) => Err(SendError::Truncated),
            }));
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(SendError::Timeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
