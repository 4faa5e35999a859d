//! HTTP/2 requests that no proper client can make, frame by frame (security row PRX-15).

use std::time::Duration;

use gatepost::http::accept::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::front::Front;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// Frame types of RFC 9113 §6.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
/// `END_STREAM` and `END_HEADERS`.
const WHOLE: u8 = 0x5;

const GOOD: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "gate.example"),
    (":path", "/"),
];

/// What the front made of a request.
#[derive(Debug, PartialEq)]
enum Made {
    /// An answer with this status.
    Answer(u16),
    /// The stream or the connection ended in error.
    Refused,
}

/// A header block of literals that are neither indexed nor compressed (RFC 7541 §6.2.2).
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

async fn send(front: &Front, fields: &[(&str, &str)]) -> Made {
    let mut stream = TcpStream::connect(front.address).await.unwrap();
    let block = block(fields);
    let length = u8::try_from(block.len()).unwrap();
    let mut bytes = PREFACE.to_vec();
    bytes.extend(SETTINGS);
    bytes.extend([0, 0, length, HEADERS, WHOLE, 0, 0, 0, 1]);
    bytes.extend(block);
    stream.write_all(&bytes).await.unwrap();
    timeout(Duration::from_secs(20), outcome(&mut stream))
        .await
        .expect("the front answers or closes")
}

async fn outcome(stream: &mut TcpStream) -> Made {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return Made::Refused;
        }
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        stream.read_exact(&mut payload).await.unwrap();
        match head[3] {
            HEADERS => return Made::Answer(status(&payload)),
            RST_STREAM => return Made::Refused,
            // An error code that is not "no error".
            GOAWAY if payload[4..8] != [0; 4] => return Made::Refused,
            _ => {}
        }
    }
}

/// `:status` comes first: one of the seven in the static table, or a literal under its name (RFC 7541 appendix A).
fn status(block: &[u8]) -> u16 {
    match block[0] {
        indexed @ 0x88..=0x8e => [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)],
        0x08 | 0x48 => {
            let value = &block[2..];
            if block[1] & 0x80 == 0 {
                std::str::from_utf8(&value[..3]).unwrap().parse().unwrap()
            } else {
                // Only digits are expected: five bits for 0 to 2, six for the others (RFC 7541 appendix B).
                let bits = value
                    .iter()
                    .take(3)
                    .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
                digits(bits, 24)
            }
        }
        other => panic!("expected a status, not {other:#x}"),
    }
}

fn digits(bits: u32, length: u32) -> u16 {
    let (mut left, mut number) = (length, 0);
    for _ in 0..3 {
        let five = bits >> (left - 5) & 0x1f;
        let (digit, used) = if five < 3 {
            (five, 5)
        } else {
            ((bits >> (left - 6) & 0x3f) - 0x19 + 3, 6)
        };
        number = number * 10 + digit;
        left -= used;
    }
    u16::try_from(number).unwrap()
}

/// PRX-15
#[tokio::test]
async fn malformed_http2_requests_end_in_an_error_and_reach_nobody() {
    let front = Front::start(Limits::default()).await;
    assert_eq!(send(&front, GOOD).await, Made::Answer(200));
    let with = |more: &[(&'static str, &'static str)]| [GOOD, more].concat();
    let instead = |name: &str, value: &'static str| {
        let mut fields = GOOD.to_vec();
        fields.iter_mut().filter(|it| it.0 == name).for_each(|it| it.1 = value);
        fields
    };
    for (what, fields) in [
        ("a line break in a value", with(&[("x-a", "b\r\nevil: 1")])),
        ("a line feed in a value", with(&[("x-a", "b\nevil: 1")])),
        ("a zero in a value", with(&[("x-a", "b\0c")])),
        ("a line break in a name", with(&[("x-a\r\nevil", "b")])),
        ("a colon in a name", with(&[("x:a", "b")])),
        ("a capital in a name", with(&[("X-A", "b")])),
        ("two paths", with(&[(":path", "/echo")])),
        ("two methods", with(&[(":method", "POST")])),
        ("two authorities", with(&[(":authority", "evil.example")])),
        (
            "a pseudo-header after others",
            [&GOOD[..3], &[("x-a", "b")], &GOOD[3..]].concat(),
        ),
        ("an unknown pseudo-header", with(&[(":evil", "1")])),
        ("no path", GOOD[..3].to_vec()),
        ("no method", GOOD[1..].to_vec()),
        ("a status in a request", with(&[(":status", "200")])),
        ("transfer-encoding", with(&[("transfer-encoding", "chunked")])),
        ("connection", with(&[("connection", "x-a")])),
        ("te that is not trailers", with(&[("te", "gzip")])),
        ("an empty path", instead(":path", "")),
        ("a path without its slash", instead(":path", "evil")),
        ("a path that is an address", instead(":path", "http://evil.example/")),
        ("a path with a line break", instead(":path", "/\r\nx")),
        ("a method with a blank", instead(":method", "GET /x")),
        ("another host", instead(":authority", "evil.example")),
        ("a host with a user", instead(":authority", "x@gate.example")),
        ("a host that differs", with(&[("host", "evil.example")])),
        ("two hosts", with(&[("host", "gate.example"), ("host", "gate.example")])),
        ("a length that is none", with(&[("content-length", "+5")])),
        ("two lengths", with(&[("content-length", "0"), ("content-length", "5")])),
    ] {
        let made = send(&front, &fields).await;
        assert!(
            matches!(made, Made::Refused | Made::Answer(400 | 404 | 405 | 421)),
            "{what}: {made:?}"
        );
    }
    assert_eq!(front.served(), 1, "only the proper one reached a handler");
}
