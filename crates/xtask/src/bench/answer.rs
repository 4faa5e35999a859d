//! One HTTP/1.1 answer, read from a connection that is kept: the head, then the body by its length or in chunks.

use std::io::BufRead;
use std::io::Read;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use serde_json::Value;

/// What comes before the body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// The header lines, each with its line break.
    lines: String,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Head {
    /// Reads up to the empty line.
    pub(crate) fn read(stream: &mut impl BufRead) -> Result<Self> {
        let first = line(stream)?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("no HTTP status line: {first}"))?;
        let mut lines = String::new();
        loop {
            let before = lines.len();
            ensure!(stream.read_line(&mut lines)? != 0, CUT);
            if lines[before..].trim_end().is_empty() {
                return Ok(Self { status, lines });
            }
        }
    }

    /// Every value of a header, whose name is given in lower case.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.lines().filter_map(move |line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The first value of a header.
    pub(crate) fn find<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Whether a header holds this word, in lower case.
    fn says(&self, name: &str, word: &str) -> bool {
        self.all(name).any(|value| value.to_ascii_lowercase().contains(word))
    }

    /// Whether the other side closes the connection after this answer.
    pub(crate) fn is_last(&self) -> bool {
        self.says("connection", "close")
    }
}

impl Answer {
    /// Reads head and body.
    pub(crate) fn read(stream: &mut impl BufRead) -> Result<Self> {
        let head = Head::read(stream)?;
        let body = if head.says("transfer-encoding", "chunked") {
            chunks(stream)?
        } else if let Some(length) = head.find("content-length") {
            exactly(stream, length.parse()?)?
        } else if head.status == 204 || head.status == 304 {
            Vec::new()
        } else {
            bail!("an answer without a length on a connection that is kept")
        };
        Ok(Self { head, body })
    }

    /// The body as JSON, when the status is the expected one.
    pub(crate) fn json(&self, expected: u16) -> Result<Value> {
        self.expect(expected)?;
        serde_json::from_slice(&self.body).context("expected JSON")
    }

    /// An error with the body in it when the status is another.
    pub(crate) fn expect(&self, expected: u16) -> Result<()> {
        let status = self.head.status;
        ensure!(status == expected, "expected {expected}, got {status}: {}", self.text());
        Ok(())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

const CUT: &str = "the connection was closed in the middle of an answer";

fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(stream)?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        body.extend(exactly(stream, size)?);
        let end = line(stream)?;
        ensure!(end.is_empty(), "a chunk longer than it says");
        if size == 0 {
            return Ok(body);
        }
    }
}

fn exactly(stream: &mut impl Read, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut text = String::new();
    ensure!(stream.read_line(&mut text)? != 0, CUT);
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer::read(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn bodies_with_a_length_and_in_chunks_are_read() {
        let with_length = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!((with_length.head.status, &*with_length.body), (200, &b"hi"[..]));
        let chunked =
            answer("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n");
        assert_eq!((chunked.head.status, &*chunked.body), (403, &b"abc"[..]));
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        let head = answer("HTTP/1.1 204 No\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nConnection: Close\r\n\r\n").head;
        assert_eq!(head.all("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(head.find("location"), None);
        assert!(head.is_last());
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(Answer::read(&mut "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".as_bytes()).is_err());
        assert!(Answer::read(&mut "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n".as_bytes()).is_err());
        assert!(Answer::read(&mut "".as_bytes()).is_err());
    }

    #[test]
    fn an_unexpected_status_is_told_with_the_body() {
        let error = answer("HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nwhy?")
            .json(200)
            .unwrap_err();
        assert_eq!(error.to_string(), "expected 200, got 401: why?");
    }
}
