//! A body that comes to an end with the access under which it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::BoxError;

/// Ends once the access is over.
pub type Ended = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Passes a body on until the access is over, and then fails.
pub(super) struct Until<B> {
    inner: B,
    ended: Ended,
}

/// The access ended while the body was under way.
#[derive(Debug, thiserror::Error)]
#[error("the access under which this is sent was taken back")]
pub(super) struct TakenBack;

impl<B> Until<B> {
    pub(super) fn new(inner: B, ended: Ended) -> Self {
        Self { inner, ended }
    }
}

impl<B> Body for Until<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(TakenBack.into())));
        }
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        frame.map(|it| it.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
