//! The smallest HTTP/1.1 client that can keep a connection busy: fixed request bytes out, one whole answer in.

use std::io::BufReader;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::bench::answer::Answer;
use crate::bench::answer::Head;

/// A request that is sent again and again: where to, and its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) address: String,
    bytes: Vec<u8>,
}

impl Request {
    /// `GET url` with these headers.
    pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Result<Self> {
        Self::of("GET", url, headers, "")
    }

    /// `GET url` with a bearer token.
    pub(crate) fn get_as(url: &str, token: &str) -> Result<Self> {
        Self::get(url, &[("authorization", &format!("Bearer {token}"))])
    }

    /// `DELETE url`.
    pub(crate) fn delete(url: &str) -> Result<Self> {
        Self::of("DELETE", url, &[], "")
    }

    /// `POST url` with a body.
    pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Result<Self> {
        let length = body.len().to_string();
        let mut headers = headers.to_vec();
        headers.push(("content-length", &length));
        Self::of("POST", url, &headers, body)
    }

    /// `POST url` with JSON.
    pub(crate) fn post_json(url: &str, body: &serde_json::Value) -> Result<Self> {
        Self::post(url, &[("content-type", "application/json")], &body.to_string())
    }

    fn of(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Self> {
        let (address, path) = split(url)?;
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let bytes = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n{body}").into_bytes();
        Ok(Self { address, bytes })
    }

    /// Sends it over a connection of its own.
    pub(crate) fn once(&self) -> Result<Answer> {
        Connection::open(&self.address)?.send(self)
    }
}

/// An open connection that is used for one request after the other.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to an address.
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends the request and reads the whole answer.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Answer> {
        self.begin(request)?;
        Answer::read(&mut self.stream)
    }

    /// Sends the request and waits for nothing.
    pub(crate) fn begin(&mut self, request: &Request) -> Result<()> {
        self.stream.get_mut().write_all(&request.bytes)?;
        Ok(())
    }

    /// The beginning of the answer to a request that was begun; its body is left in the connection.
    pub(crate) fn head(&mut self) -> Result<Head> {
        Head::read(&mut self.stream)
    }
}

/// `http://host:port/path` into its address and its path.
fn split(url: &str) -> Result<(String, String)> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("expected an http address, got {url}"))?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok((address.to_owned(), format!("/{path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(request: Request) -> String {
        String::from_utf8(request.bytes).unwrap()
    }

    #[test]
    fn requests_are_whole() {
        let request = Request::get_as("http://127.0.0.1:8421/v1.0/myorg/groups", "t").unwrap();
        assert_eq!(request.address, "127.0.0.1:8421");
        assert_eq!(
            text(request),
            "GET /v1.0/myorg/groups HTTP/1.1\r\nhost: 127.0.0.1:8421\r\nauthorization: Bearer t\r\n\r\n"
        );
        let request = Request::post("http://localhost:1/x?y", &[("a", "b")], "body").unwrap();
        assert_eq!(
            text(request),
            "POST /x?y HTTP/1.1\r\nhost: localhost:1\r\na: b\r\ncontent-length: 4\r\n\r\nbody"
        );
        assert!(Request::get("https://elsewhere/", &[]).is_err());
    }
}
