//! What comes back from Power BI: whole when it is small, streamed when it is not.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::CallError;
use crate::memory::Held;
use crate::powerbi::{AnswerBody, Ended, PowerBiFailure, SendError};

/// Answers up to this size are read whole before the closing entry is written.
pub(super) const WHOLE_BYTES: usize = 1024 * 1024;

/// What memory for an answer grows by.
const STEP_BYTES: usize = 16 * 1024;

/// Power BI's answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// Only what a caller may see.
    pub headers: HeaderMap,
    pub content: Content,
    pub request_id: Option<String>,
    /// A refusal, read.
    pub failure: Option<PowerBiFailure>,
    /// Names this call in the record.
    pub trace: String,
}

/// A body, as Power BI sent it.
#[derive(Debug)]
pub enum Content {
    Whole(Bytes),
    Stream(Streamed),
}

impl Content {
    /// Lets a stream end with the access under which it is read.
    pub(super) fn end_with(&mut self, access: Ended) {
        if let Self::Stream(stream) = self {
            stream.access = Some(access);
        }
    }

    /// All of it, if it is at most `most` bytes; what is large waits until `held` may hold it.
    pub async fn bytes(self, mut held: Held, most: usize) -> Result<Bytes, CallError> {
        let too_large = CallError::Send(SendError::TooLarge);
        let stream = match self {
            Self::Whole(bytes) if bytes.len() <= most => return Ok(bytes),
            Self::Whole(_) => return Err(too_large),
            Self::Stream(stream) => stream,
        };
        let announced = stream.size_hint().exact();
        let length = announced.map_or(most, |it| usize::try_from(it).unwrap_or(usize::MAX));
        if most < length {
            return Err(too_large);
        }
        // All at once: several that each held a part would wait for each other.
        held.grow_large(length).await?;
        let mut all = BytesMut::new();
        let mut stream = Box::pin(stream);
        while let Some(frame) = stream.frame().await {
            if let Ok(data) = frame.map_err(CallError::Send)?.into_data() {
                if most < all.len() + data.len() {
                    return Err(too_large);
                }
                all.extend_from_slice(&data);
            }
        }
        Ok(held.with(all.freeze()))
    }
}

/// The beginning already read, then the rest as it comes; says at its end how much there was.
pub struct Streamed {
    first: Option<Bytes>,
    rest: AnswerBody,
    bytes: u64,
    whole: bool,
    ended: Option<Box<dyn FnOnce(u64, bool) + Send>>,
    /// Ends once the access is over under which this is read.
    access: Option<Ended>,
}

impl std::fmt::Debug for Streamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streamed")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Streamed {
    /// Calls `ended` once, with the bytes passed on and whether that was all of them.
    pub(super) fn tell(&mut self, ended: impl FnOnce(u64, bool) + Send + 'static) {
        self.ended = Some(Box::new(ended));
    }
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = SendError;

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, |it| it.len() as u64);
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(first + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(first + upper);
        }
        hint
    }

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SendError>>> {
        if let Some(access) = &mut self.access
            && access.as_mut().poll(context).is_ready()
        {
            self.access = None;
            return Poll::Ready(Some(Err(SendError::TakenBack)));
        }
        if let Some(first) = self.first.take() {
            self.bytes += first.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let polled = Pin::new(&mut self.rest).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => self.bytes += frame.data_ref().map_or(0, |it| it.len() as u64),
            Poll::Ready(None) => self.whole = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended(self.bytes, self.whole);
        }
    }
}

/// Reads a body whole if it is small and `held` may grow by it; what may not be held is passed on as it comes.
pub(super) async fn gather(mut body: AnswerBody, mut held: Held) -> Result<Content, SendError> {
    let mut first = BytesMut::new();
    let mut room = 0;
    loop {
        match body.frame().await {
            None => return Ok(Content::Whole(held.with(first.freeze()))),
            Some(frame) => {
                if let Ok(data) = frame?.into_data() {
                    first.extend_from_slice(&data);
                }
            }
        }
        let mut is_held = first.len() <= room;
        if !is_held {
            let more = (first.len() - room).max(STEP_BYTES);
            is_held = held.try_grow(more);
            room += more;
        }
        if WHOLE_BYTES < first.len() || !is_held {
            return Ok(Content::Stream(Streamed {
                first: Some(first.freeze()),
                rest: body,
                bytes: 0,
                whole: false,
                ended: None,
                access: None,
            }));
        }
    }
}
