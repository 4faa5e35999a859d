//! An upload on its way through: counted, bounded, and given up when neither side moves any more.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::{Instant, sleep_until};

use super::SendError;
use super::body::BoxError;

const SOUND: u8 = 0;
const TOO_LARGE: u8 = 1;
const BROKEN: u8 = 2;

/// The body of an upload.
pub(super) struct Upload {
    inner: UnsyncBoxBody<Bytes, BoxError>,
    left_bytes: u64,
    state: Arc<State>,
}

/// What the sender sees of an upload that is under way.
pub(super) struct Watch(Arc<State>);

struct State {
    started: Instant,
    /// Milliseconds after the start at which the last piece went on.
    moved_ms: AtomicU64,
    fault: AtomicU8,
}

impl Upload {
    /// The upload, which fails beyond `most_bytes`, and how it is watched.
    pub(super) fn new(inner: UnsyncBoxBody<Bytes, BoxError>, most_bytes: u64) -> (Self, Watch) {
        let state = Arc::new(State {
            started: Instant::now(),
            moved_ms: AtomicU64::new(0),
            fault: AtomicU8::new(SOUND),
        });
        let watch = Watch(state.clone());
        (
            Self {
                inner,
                left_bytes: most_bytes,
                state,
            },
            watch,
        )
    }

    fn fail(&self, fault: u8, error: SendError) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.state.fault.store(fault, Ordering::Relaxed);
        Poll::Ready(Some(Err(error.into())))
    }
}

impl Watch {
    /// Ends when nothing has moved for `idle`.
    pub(super) async fn stalled(&self, idle: Duration) {
        loop {
            let moved = Duration::from_millis(self.0.moved_ms.load(Ordering::Relaxed));
            let end = self.0.started + moved + idle;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }

    /// What was wrong with the upload itself.
    pub(super) fn fault(&self) -> Option<SendError> {
        match self.0.fault.load(Ordering::Relaxed) {
            TOO_LARGE => Some(SendError::UploadTooLarge),
            BROKEN => Some(SendError::UploadBroken),
            _ => None,
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return self.fail(BROKEN, SendError::UploadBroken),
            None => return Poll::Ready(None),
        };
        let length = frame.data_ref().map_or(0, |it| it.len() as u64);
        let Some(left) = self.left_bytes.checked_sub(length) else {
            return self.fail(TOO_LARGE, SendError::UploadTooLarge);
        };
        self.left_bytes = left;
        let moved = u64::try_from(self.state.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.state.moved_ms.store(moved, Ordering::Relaxed);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
