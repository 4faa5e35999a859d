//! Where each HTTP/1 request of a connection begins and ends, told strictly.

use bytes::{Buf as _, BytesMut};

use crate::http::filter::{Body, HeadProblem, LARGEST_HEAD, MOST_HEADERS, check_head};

/// The first bytes of HTTP/2 with prior knowledge (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What hyper answers with 400 and a close, as a head or as a chunk.
const MALFORMED: &[u8] = b"\0\r\n\r\n";
/// What the filter answers with 400, words and a close: a path that is never taken, and nothing of the peer's own.
const NO_PLAIN_PATH: &[u8] = b"GET // HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";
/// A chunk's size in hexadecimal: 15 digits are more than enough.
const LONGEST_SIZE: usize = 15;

/// Where in the conversation the next byte belongs.
#[derive(Debug, Default)]
pub(super) enum Framing {
    /// Nothing was read yet: it may be HTTP/2.
    #[default]
    Start,
    /// Before or in a head; this much of it was searched for its end.
    Head {
        searched: usize,
    },
    /// In a body with this many bytes to come.
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    /// After the chunk of size zero.
    LastLine,
    /// HTTP/2, whose framing is not ours.
    Open,
    /// Malformed: everything further is dropped.
    Refused,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Bytes were passed on, or the state changed.
    Passed,
    /// More must be read first.
    Wanting,
}

impl Framing {
    /// Whether HTTP/2 is spoken.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Whether something malformed came and nothing further is read.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused)
    }

    /// Whether the next byte begins a request.
    pub(super) fn is_between_requests(&self) -> bool {
        matches!(self, Self::Start | Self::Head { .. })
    }

    /// Whether up to `length` bytes may be read past the judge.
    pub(super) fn passes(&self, length: usize) -> bool {
        match self {
            Self::Open => true,
            Self::Length(left) | Self::ChunkData(left) => length as u64 <= *left,
            _ => false,
        }
    }

    /// Says that `length` bytes were read past the judge.
    pub(super) fn passed(&mut self, length: usize) {
        match self {
            Self::Length(left) | Self::ChunkData(left) => *left -= length as u64,
            _ => {}
        }
    }

    /// Judges some of `raw` and moves what is well-formed to `judged`.
    pub(super) fn step(&mut self, raw: &mut BytesMut, judged: &mut BytesMut) -> Step {
        match self {
            Self::Start => self.start(raw),
            Self::Head { searched } => {
                let searched = *searched;
                self.head(searched, raw, judged)
            }
            Self::Length(0) => self.to(Self::Head { searched: 0 }),
            Self::ChunkData(0) => self.to(Self::ChunkEnd),
            Self::Length(left) | Self::ChunkData(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(raw.len());
                if length == 0 {
                    return Step::Wanting;
                }
                *left -= length as u64;
                judged.unsplit(raw.split_to(length));
                Step::Passed
            }
            Self::ChunkSize => self.chunk_size(raw, judged),
            Self::ChunkEnd => self.line_end(raw, judged, Self::ChunkSize),
            Self::LastLine => self.line_end(raw, judged, Self::Head { searched: 0 }),
            Self::Open if raw.is_empty() => Step::Wanting,
            Self::Open => {
                judged.unsplit(raw.split());
                Step::Passed
            }
            Self::Refused => {
                raw.clear();
                Step::Wanting
            }
        }
    }

    fn to(&mut self, next: Self) -> Step {
        *self = next;
        Step::Passed
    }

    fn start(&mut self, raw: &BytesMut) -> Step {
        let common = raw.len().min(PREFACE.len());
        match raw[..common] == PREFACE[..common] {
            false => self.to(Self::Head { searched: 0 }),
            true if common == PREFACE.len() => self.to(Self::Open),
            true => Step::Wanting,
        }
    }

    fn head(&mut self, searched: usize, raw: &mut BytesMut, judged: &mut BytesMut) -> Step {
        // RFC 9112 §2.2: an empty line before a request is passed over.
        if raw.starts_with(b"\r\n") {
            raw.advance(2);
            return self.to(Self::Head { searched: 0 });
        }
        let from = searched.saturating_sub(3);
        let end = raw[from..]
            .windows(4)
            .position(|it| it == b"\r\n\r\n")
            .map(|at| from + at + 4);
        let length = end.unwrap_or(raw.len());
        if LARGEST_HEAD < length {
            return self.refuse(HeadProblem::TooLarge, judged);
        }
        let Some(end) = end else {
            // A line feed alone never completes a head here: say so at once.
            let has_lone_feed = (from..raw.len()).any(|at| raw[at] == b'\n' && (at == 0 || raw[at - 1] != b'\r'));
            if has_lone_feed {
                return self.refuse(HeadProblem::Lines, judged);
            }
            *self = Self::Head { searched: raw.len() };
            return Step::Wanting;
        };
        match check_head(&raw[..end]) {
            Ok(body) => {
                judged.unsplit(raw.split_to(end));
                self.to(match body {
                    Body::Length(length) => Self::Length(length),
                    Body::Chunked => Self::ChunkSize,
                })
            }
            Err(problem) => self.refuse(problem, judged),
        }
    }

    /// A size in hexadecimal and CR LF; extensions are used by nobody but smugglers.
    fn chunk_size(&mut self, raw: &mut BytesMut, judged: &mut BytesMut) -> Step {
        let digits = raw
            .iter()
            .take(LONGEST_SIZE + 1)
            .take_while(|it| it.is_ascii_hexdigit())
            .count();
        let line_end = &raw[digits..raw.len().min(digits + 2)];
        if LONGEST_SIZE < digits || !b"\r\n".starts_with(line_end) || (digits == 0 && !line_end.is_empty()) {
            return self.refuse(HeadProblem::BodyLength, judged);
        }
        if line_end.len() < 2 {
            return Step::Wanting;
        }
        let line = raw.split_to(digits + 2);
        let text = std::str::from_utf8(&line[..digits]).expect("hexadecimal digits are ASCII");
        let size = u64::from_str_radix(text, 16).expect("at most 15 hexadecimal digits fit");
        judged.unsplit(line);
        self.to(if size == 0 {
            Self::LastLine
        } else {
            Self::ChunkData(size)
        })
    }

    /// CR LF and nothing else: after a chunk, or after the last one, where trailers could be.
    fn line_end(&mut self, raw: &mut BytesMut, judged: &mut BytesMut, next: Self) -> Step {
        let found = &raw[..raw.len().min(2)];
        if !b"\r\n".starts_with(found) {
            return self.refuse(HeadProblem::BodyLength, judged);
        }
        if found.len() < 2 {
            return Step::Wanting;
        }
        judged.unsplit(raw.split_to(2));
        self.to(next)
    }

    fn refuse(&mut self, problem: HeadProblem, judged: &mut BytesMut) -> Step {
        tracing::debug!(%problem, "a malformed request is refused");
        match problem {
            HeadProblem::TooLarge => {
                judged.clear();
                judged.extend_from_slice(b"GET / HTTP/1.1\r\n");
                // One header more than hyper takes: it answers 431.
                (0..=MOST_HEADERS).for_each(|_| judged.extend_from_slice(b"a:b\r\n"));
                judged.extend_from_slice(b"\r\n");
            }
            HeadProblem::Target => judged.extend_from_slice(NO_PLAIN_PATH),
            _ => judged.extend_from_slice(MALFORMED),
        }
        self.to(Self::Refused)
    }
}
