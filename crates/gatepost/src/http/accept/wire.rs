//! A connection between the network and hyper: passes on only well-formed HTTP/1 and keeps time.
//!
//! What is malformed is replaced by bytes that hyper answers with 400 or 431 and a close.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::framing::{Framing, Step};
use super::pace::Activity;

const READ_BYTES: usize = 16 * 1024;
/// After a refusal, what still comes is read and dropped for so long and so much: a close with bytes unread would
/// reset the connection and could take the answer with it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

/// What a silent peer is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    FirstByte,
    /// Of HTTP/2, whose preface may be all that ever comes.
    FirstRequest,
    Head,
    NextRequest,
}

/// The stream hyper reads and writes.
pub(super) struct Wire<T> {
    io: T,
    limits: Arc<Limits>,
    activity: Activity,
    framing: Framing,
    /// Read from the network and not judged yet.
    raw: BytesMut,
    /// Judged, for hyper.
    judged: BytesMut,
    has_begun: bool,
    awaited: Option<Awaited>,
    read_timer: Pin<Box<Sleep>>,
    is_write_stalled: bool,
    write_timer: Pin<Box<Sleep>>,
    /// Bytes dropped after the last answer was sent.
    lingered: Option<usize>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    pub(super) fn new(io: T, limits: Arc<Limits>, activity: Activity) -> Self {
        let far = || Box::pin(sleep_until(Instant::now() + Duration::from_secs(86_400)));
        Self {
            io,
            limits,
            activity,
            framing: Framing::default(),
            raw: BytesMut::new(),
            judged: BytesMut::new(),
            has_begun: false,
            awaited: None,
            read_timer: far(),
            is_write_stalled: false,
            write_timer: far(),
            lingered: None,
        }
    }

    /// Reads more from the network into `raw`; says whether the peer is done sending.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        if Pin::new(&mut self.io).poll_read(cx, &mut buffer)?.is_pending() {
            ready!(self.poll_read_deadline(cx));
            return Poll::Ready(Err(silent()));
        }
        let read = buffer.filled();
        self.has_begun |= !read.is_empty();
        self.raw.extend_from_slice(read);
        Poll::Ready(Ok(read.is_empty()))
    }

    /// Ready when the peer was waited for long enough.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let awaited = self.now_awaited();
        if awaited != self.awaited {
            self.awaited = awaited;
            let wait = match awaited {
                None => return Poll::Pending,
                Some(Awaited::FirstByte) => self.limits.first_byte,
                Some(Awaited::FirstRequest | Awaited::Head) => self.limits.head,
                Some(Awaited::NextRequest) => self.limits.idle,
            };
            self.read_timer.as_mut().reset(Instant::now() + wait);
        }
        match self.awaited {
            None => Poll::Pending,
            Some(_) => self.read_timer.as_mut().poll(cx),
        }
    }

    /// While a request is under way its own deadlines count; HTTP/2 has pings.
    fn now_awaited(&self) -> Option<Awaited> {
        match () {
            () if !self.has_begun => Some(Awaited::FirstByte),
            () if self.framing.is_open() && !self.activity.has_begun() => Some(Awaited::FirstRequest),
            () if self.framing.is_open() || !self.activity.is_idle() => None,
            () if self.framing.is_between_requests() && self.raw.is_empty() => Some(Awaited::NextRequest),
            () => Some(Awaited::Head),
        }
    }

    /// Ready when the peer has closed too, or had its chance.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut dropped = self.lingered.unwrap_or(0);
        while dropped < LINGER_BYTES && self.read_timer.as_mut().poll(cx).is_pending() {
            let mut space = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => dropped += buffer.filled().len(),
                _ => break,
            }
            self.lingered = Some(dropped);
        }
        Poll::Ready(())
    }

    /// Turns a pending write into an error when the peer has not read for too long.
    fn paced<R>(&mut self, written: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.is_write_stalled = false;
            return written;
        }
        if !self.is_write_stalled {
            self.is_write_stalled = true;
            self.write_timer.as_mut().reset(Instant::now() + self.limits.write);
        }
        ready!(self.write_timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer did not read for too long",
        )))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.judged.is_empty() {
                let length = this.judged.len().min(buf.remaining());
                buf.put_slice(&this.judged[..length]);
                this.judged.advance(length);
                return Poll::Ready(Ok(()));
            }
            if this.framing.passes(buf.remaining()) && this.raw.is_empty() {
                return this.poll_passing(cx, buf);
            }
            match this.framing.step(&mut this.raw, &mut this.judged) {
                Step::Passed => {}
                Step::Wanting => {
                    let is_end = ready!(this.poll_more(cx))?;
                    if is_end {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// Reads straight into hyper's buffer: HTTP/2, or the middle of a body.
    fn poll_passing(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Frames that belong to no request win no time: a flood of them would keep this from ever being pending.
        if self.framing.is_open() && self.now_awaited().is_some() && self.poll_read_deadline(cx).is_ready() {
            return Poll::Ready(Err(silent()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut self.io).poll_read(cx, buf) {
            Poll::Ready(result) => {
                self.framing.passed(buf.filled().len() - before);
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(self.poll_read_deadline(cx));
                Poll::Ready(Err(silent()))
            }
        }
    }
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer was silent for too long")
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.paced(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.paced(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.paced(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingered.is_none() {
            let closed = Pin::new(&mut self.io).poll_shutdown(cx);
            ready!(self.paced(closed, cx))?;
            self.read_timer.as_mut().reset(Instant::now() + LINGER);
            self.lingered = Some(0);
        }
        if self.framing.is_refused() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
