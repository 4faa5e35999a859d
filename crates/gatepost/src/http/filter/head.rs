//! Reads the head of an HTTP/1 request as bytes, strictly, before the HTTP library reads it leniently.
//!
//! The library drops a `Content-Length` beside a `Transfer-Encoding`, takes line feeds for line ends and cuts a
//! fragment off the target; a proxy before us may not. What passes here has one reading only (RFC 9112).

use super::target;

/// The largest head that is read.
pub(in crate::http) const LARGEST_HEAD: usize = 32 * 1024;
/// The most headers a request may have.
pub(in crate::http) const MOST_HEADERS: usize = 100;

/// How the body after a head is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Body {
    /// This many bytes, or none.
    Length(u64),
    Chunked,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum HeadProblem {
    #[error("lines do not end with CR LF or hold a control character")]
    Lines,
    #[error("the request line is not `METHOD /path HTTP/1.1`")]
    RequestLine,
    #[error("the path has more than one reading")]
    Target,
    #[error("a header is malformed")]
    Header,
    #[error("expected exactly one Host")]
    Host,
    #[error("the length of the body is not stated exactly once")]
    BodyLength,
    #[error("the head is too large")]
    TooLarge,
}

/// Checks a whole head, from the request line to the empty line.
pub(in crate::http) fn check_head(head: &[u8]) -> Result<Body, HeadProblem> {
    let text = head.strip_suffix(b"\r\n\r\n").ok_or(HeadProblem::Lines)?;
    let mut lines = lines(text);
    let is_http_10 = check_request_line(lines.next().unwrap_or_default())?;
    let mut seen = Seen::default();
    for line in lines {
        seen.count += 1;
        if MOST_HEADERS < seen.count {
            return Err(HeadProblem::TooLarge);
        }
        seen.header(line)?;
    }
    seen.body(is_http_10)
}

/// Lines between CR LF; a lone CR or LF stays inside of a line, where it is refused.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match text.windows(2).position(|it| it == b"\r\n") {
            Some(at) => {
                rest = Some(&text[at + 2..]);
                Some(&text[..at])
            }
            None => rest.take(),
        }
    })
}

/// Says whether the request is HTTP/1.0.
fn check_request_line(line: &[u8]) -> Result<bool, HeadProblem> {
    let line = std::str::from_utf8(line).map_err(|_| HeadProblem::RequestLine)?;
    let mut parts = line.split(' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(HeadProblem::RequestLine);
    };
    let is_method = (1..=32).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    // RFC 9112 §3.2.4: asterisk-form belongs to OPTIONS; no route needs it.
    if !is_method || method == "CONNECT" || !target.starts_with('/') {
        return Err(HeadProblem::RequestLine);
    }
    if !target::is_plain(target) {
        return Err(HeadProblem::Target);
    }
    match version {
        "HTTP/1.1" => Ok(false),
        "HTTP/1.0" => Ok(true),
        _ => Err(HeadProblem::RequestLine),
    }
}

#[derive(Default)]
struct Seen {
    count: usize,
    hosts: usize,
    length: Option<u64>,
    is_chunked: bool,
}

impl Seen {
    fn header(&mut self, line: &[u8]) -> Result<(), HeadProblem> {
        let at = line.iter().position(|b| *b == b':').ok_or(HeadProblem::Header)?;
        let (name, value) = (&line[..at], line[at + 1..].trim_ascii());
        // A line that begins with a space (obs-fold) or has one before the colon has no such name.
        if name.is_empty() || !name.iter().all(is_name_byte) || !value.iter().all(is_value_byte) {
            return Err(HeadProblem::Header);
        }
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            self.content_length(value)?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadProblem::BodyLength);
            }
            self.is_chunked = true;
        }
        Ok(())
    }

    /// One header of digits only: no sign, no list, no second header even if it says the same.
    fn content_length(&mut self, value: &[u8]) -> Result<(), HeadProblem> {
        let is_number = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(value)
            .ok()
            .filter(|_| is_number && self.length.is_none())
            .and_then(|it| it.parse().ok());
        self.length = Some(number.ok_or(HeadProblem::BodyLength)?);
        Ok(())
    }

    fn body(&self, is_http_10: bool) -> Result<Body, HeadProblem> {
        match (self.hosts, self.is_chunked, self.length) {
            (1, false, length) => Ok(Body::Length(length.unwrap_or(0))),
            (1, true, None) if !is_http_10 => Ok(Body::Chunked),
            (1, true, _) => Err(HeadProblem::BodyLength),
            // RFC 9112 §3.2 asks HTTP/1.1 for a Host. Old probes send none; the filter gives them the probes alone.
            (0, false, None) if is_http_10 => Ok(Body::Length(0)),
            _ => Err(HeadProblem::Host),
        }
    }
}

/// RFC 9110 §5.6.2.
fn is_name_byte(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b)
}

/// Visible characters, spaces, tabs, and bytes beyond ASCII; no control character, CR and LF included.
fn is_value_byte(b: &u8) -> bool {
    *b == b'\t' || (b' '..=b'~').contains(b) || 0x80 <= *b
}
