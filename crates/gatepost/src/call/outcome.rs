//! What comes back from Power BI: whole when it is small, streamed when it is not.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;

use crate::powerbi::{AnswerBody, PowerBiFailure, SendError};

/// Answers up to this size are read whole before the closing entry is written.
pub(super) const WHOLE_BYTES: usize = 1024 * 1024;

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
    /// All of it, if it is at most `most` bytes.
    pub async fn bytes(self, most: usize) -> Result<Bytes, SendError> {
        match self {
            Self::Whole(bytes) if bytes.len() <= most => Ok(bytes),
            Self::Whole(_) => Err(SendError::TooLarge),
            Self::Stream(stream) => {
                let mut all = BytesMut::new();
                let mut stream = Box::pin(stream);
                while let Some(frame) = stream.frame().await {
                    if let Ok(data) = frame?.into_data() {
                        if most < all.len() + data.len() {
                            return Err(SendError::TooLarge);
                        }
                        all.extend_from_slice(&data);
                    }
                }
                Ok(all.freeze())
            }
        }
    }
}

/// The beginning already read, then the rest as it comes; says at its end how much there was.
pub struct Streamed {
    first: Option<Bytes>,
    rest: AnswerBody,
    bytes: u64,
    whole: bool,
    ended: Option<Box<dyn FnOnce(u64, bool) + Send>>,
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

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SendError>>> {
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

/// Reads a body whole if it is small.
pub(super) async fn gather(mut body: AnswerBody) -> Result<Content, SendError> {
    let mut first = BytesMut::new();
    loop {
        match body.frame().await {
            None => return Ok(Content::Whole(first.freeze())),
            Some(frame) => {
                if let Ok(data) = frame?.into_data() {
                    first.extend_from_slice(&data);
                }
            }
        }
        if WHOLE_BYTES < first.len() {
            return Ok(Content::Stream(Streamed {
                first: Some(first.freeze()),
                rest: body,
                bytes: 0,
                whole: false,
                ended: None,
            }));
        }
    }
}
