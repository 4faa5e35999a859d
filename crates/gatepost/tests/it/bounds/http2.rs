//! Floods of HTTP/2 frames, made by hand: the connection is closed, and others are served.

use std::time::{Duration, Instant};

use gatepost::http::accept::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::front::Front;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Frame types of RFC 9113 §6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// As far as any flood goes: an HTTP/2 server that does not mind would take all of it.
const MOST_FRAMES: u32 = 3_000_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A request's header block: literals that are neither indexed nor compressed (RFC 7541 §6.2.2).
fn request(method: &str, path: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", method),
        (":scheme", "http"),
        (":authority", "gate.example"),
        (":path", path),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

fn limits() -> Limits {
    Limits {
        head: Duration::from_secs(2),
        body: Duration::from_secs(2),
        ..Limits::default()
    }
}

/// Sends `opening`, then what `next` makes, until the front closes; how many frames it took and how long.
async fn flood(front: &Front, opening: &[u8], mut next: impl FnMut(u32) -> Vec<u8>) -> Option<(u32, Duration)> {
    let began = Instant::now();
    let stream = TcpStream::connect(front.address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    // Whoever did not read would only be stopped by full buffers.
    let reading = tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while from.read(&mut bytes).await.is_ok_and(|read| 0 < read) {}
    });
    to.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b""), opening].concat())
        .await
        .unwrap();
    let mut sent = 0;
    while sent < MOST_FRAMES && began.elapsed() < Duration::from_secs(90) {
        let mut batch = Vec::new();
        while batch.len() < 16 * 1024 {
            batch.extend(next(sent));
            sent += 1;
        }
        let written = timeout(Duration::from_secs(20), to.write_all(&batch)).await;
        if !matches!(written, Ok(Ok(()))) || reading.is_finished() {
            return Some((sent, began.elapsed()));
        }
    }
    None
}

/// The nth frames of a flood.
type Frames<'a> = Box<dyn FnMut(u32) -> Vec<u8> + 'a>;

/// DOS-04
#[tokio::test(flavor = "multi_thread")]
async fn floods_of_frames_end_in_a_closed_connection() {
    let front = Front::start(limits()).await;
    let id = |at: u32| at * 2 + 1;
    let get = request("GET", "/");
    let reset = |at: u32| {
        [
            frame(HEADERS, END_STREAM | END_HEADERS, id(at), &get),
            frame(RST_STREAM, 0, id(at), &8_u32.to_be_bytes()),
        ]
        .concat()
    };
    let made = |at: u32| {
        [
            frame(HEADERS, END_HEADERS, id(at), &request("POST", "/echo")),
            frame(WINDOW_UPDATE, 0, id(at), &0_u32.to_be_bytes()),
        ]
        .concat()
    };
    let open = frame(HEADERS, END_HEADERS, 1, &request("POST", "/echo"));
    let head = frame(HEADERS, 0, 1, &get);
    // One large field in the dynamic table (RFC 7541 §6.2.1), then thousands of references to it.
    let mut bomb = get.clone();
    bomb.extend([0x40, 1, b'x', 0x7f, 0x80 + 33, 30]);
    bomb.extend([b'y'; 4000]);
    bomb.extend([0xbe; 12_000]);
    let floods: Vec<(&str, Vec<u8>, Frames<'_>)> = vec![
        ("rapid reset", vec![], Box::new(reset)),
        ("resets that the server makes", vec![], Box::new(made)),
        (
            "continuations without an end",
            head,
            Box::new(|_| frame(CONTINUATION, 0, 1, &[0; 1024])),
        ),
        ("empty data", open, Box::new(|_| frame(DATA, 0, 1, b""))),
        ("pings", vec![], Box::new(|_| frame(PING, 0, 0, &[7; 8]))),
        (
            "settings",
            vec![],
            Box::new(|_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])),
        ),
        (
            "windows",
            vec![],
            Box::new(|_| frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        ),
        (
            "a header bomb",
            vec![],
            Box::new(move |at| frame(HEADERS, END_STREAM | END_HEADERS, id(at), &bomb)),
        ),
    ];
    for (what, opening, next) in floods {
        let closed = flood(&front, &opening, next).await;
        println!("{what}: {closed:?}");
        assert!(closed.is_some(), "{what}: the connection stays open");
        let answer = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .get(format!("http://{}/", front.address));
        let answer = answer.header("host", "gate.example").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{what}: others are served");
    }
}

/// A preface is no request.
#[tokio::test(flavor = "multi_thread")]
async fn http2_that_never_asks_for_anything_is_closed() {
    let front = Front::start(limits()).await;
    for opening in [PREFACE.to_vec(), [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()] {
        let mut stream = TcpStream::connect(front.address).await.unwrap();
        stream.write_all(&opening).await.unwrap();
        let began = Instant::now();
        let mut bytes = Vec::new();
        let ended = timeout(Duration::from_secs(15), stream.read_to_end(&mut bytes)).await;
        assert!(ended.is_ok(), "it is still open after {:?}", began.elapsed());
    }
}
