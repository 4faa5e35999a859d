//! The smallest HTTP/1.1 client that can keep a connection busy: fixed request bytes out, one whole answer in.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

/// A request that is sent again and again: where to, and its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    address: String,
    bytes: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// `GET url` with a bearer token.
    pub(crate) fn get(url: &str, token: &str) -> Result<Self> {
        let (address, path) = split(url)?;
        let bytes = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
        Ok(Self {
            address,
            bytes: bytes.into_bytes(),
        })
    }

    /// `POST url` with a body.
    pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Result<Self> {
        let (address, path) = split(url)?;
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        let bytes =
            format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        Ok(Self {
            address,
            bytes: bytes.into_bytes(),
        })
    }

    /// A `tools/call` of the stateless revision 2026-07-28, for a tool without arguments.
    pub(crate) fn tool_call(url: &str, token: &str, tool: &str) -> Result<Self> {
        let params = json!({"name": tool, "arguments": {}});
        Self::message(url, token, "tools/call", params, &[("mcp-name", tool)])
    }

    /// A `tools/list` of the same revision.
    pub(crate) fn tool_list(url: &str, token: &str) -> Result<Self> {
        Self::message(url, token, "tools/list", json!({}), &[])
    }

    fn message(url: &str, token: &str, method: &str, mut params: Value, more: &[(&str, &str)]) -> Result<Self> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "gatepost-bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let authorization = format!("Bearer {token}");
        let mut headers = vec![
            ("authorization", &*authorization),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        headers.extend(more);
        Self::post(url, &headers, &body)
    }
}

/// An open connection that is used for one request after the other.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to where the request goes.
    pub(crate) fn open(request: &Request) -> Result<Self> {
        let stream =
            TcpStream::connect(&request.address).with_context(|| format!("cannot reach {}", request.address))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends the request and reads the whole answer.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Answer> {
        self.stream.get_mut().write_all(&request.bytes)?;
        read_answer(&mut self.stream)
    }
}

fn read_answer(stream: &mut impl BufRead) -> Result<Answer> {
    let status = line(stream)?;
    let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let code = code.with_context(|| format!("no HTTP status line: {status}"))?;
    let mut length = None;
    let mut is_chunked = false;
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
        is_chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    let body = match length {
        _ if is_chunked => chunks(stream)?,
        Some(length) => exactly(stream, length)?,
        None if code == 204 || code == 304 => Vec::new(),
        None => bail!("an answer without a length on a connection that is kept"),
    };
    Ok(Answer { status: code, body })
}

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
    ensure!(
        stream.read_line(&mut text)? != 0,
        "the connection was closed in the middle of an answer"
    );
    Ok(text.trim_end().to_owned())
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

    fn answer(text: &str) -> Answer {
        read_answer(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn bodies_with_a_length_and_in_chunks_are_read() {
        let with_length = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!((with_length.status, &*with_length.body), (200, &b"hi"[..]));
        let chunked =
            answer("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n");
        assert_eq!((chunked.status, &*chunked.body), (403, &b"abc"[..]));
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(read_answer(&mut "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".as_bytes()).is_err());
        assert!(read_answer(&mut "".as_bytes()).is_err());
    }

    #[test]
    fn requests_are_whole() {
        let request = Request::get("http://127.0.0.1:8421/v1.0/myorg/groups", "t").unwrap();
        assert_eq!(request.address, "127.0.0.1:8421");
        let text = String::from_utf8(request.bytes).unwrap();
        assert_eq!(
            text,
            "GET /v1.0/myorg/groups HTTP/1.1\r\nhost: 127.0.0.1:8421\r\nauthorization: Bearer t\r\n\r\n"
        );
        assert!(Request::get("https://elsewhere/", "t").is_err());
    }
}
