//! The HTTP front over raw sockets: stalled peers, smuggling, foreign hosts, caps and the end of serving.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use gatepost::http::accept::{Limits, serve};
use gatepost::http::filter::{Filter, Hosts};
use gatepost::http::headers::SecurityHeaders;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Long enough never to decide a test on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    /// Requests that reached a handler.
    served: Arc<AtomicUsize>,
    /// Lets the handler of `/slow` go on.
    go_on: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (served, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counted, waiting) = (Arc::clone(&served), Arc::clone(&go_on));
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/echo", post(|body: String| async { body }))
            .route(
                "/peer",
                get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
            )
            .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
            .route(
                "/slow",
                get(move || async move {
                    waiting.notified().await;
                    "late"
                }),
            )
            .route("/large", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
            .layer(axum::middleware::map_request(
                move |request: axum::http::Request<Body>| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    async move { request }
                },
            ));
        let hosts = Hosts::new(&url::Url::parse("https://gate.example").unwrap(), &[]);
        let service = SecurityHeaders::new(Filter::new(router, hosts), true);
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let serving = tokio::spawn(serve(listener, service, limits, shutdown));
        Self {
            address,
            served,
            go_on,
            stop: Some(stop),
            serving,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes back for these bytes until the other side closes.
    async fn exchange(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is a close too.
    drop(
        timeout(PATIENCE, stream.read_to_end(&mut bytes))
            .await
            .expect("the front closes the connection"),
    );
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.ends_with(end) {
        let read = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .expect("an answer comes")
            .unwrap();
        assert!(0 < read, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

fn short() -> Limits {
    Limits {
        first_byte: SHORT,
        head: SHORT,
        idle: SHORT,
        body: SHORT,
        write: SHORT,
        drain: PATIENCE,
        ..Limits::default()
    }
}

pub(crate) fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn a_plain_request_is_answered_with_security_headers() {
    let front = Front::start(Limits::default()).await;
    let answer = front
        .exchange("GET / HTTP/1.1\r\nHost: gate.example\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"),
        "{answer}"
    );
    let mut headers: Vec<_> = answer
        .lines()
        .skip(1)
        .filter(|it| it.contains(": ") && !it.starts_with("date"))
        .collect();
    headers.sort_unstable();
    insta::assert_debug_snapshot!(headers, @r#"
    [
        "cache-control: no-store",
        "connection: close",
        "content-length: 5",
        "content-security-policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
        "content-type: text/plain; charset=utf-8",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
        "permissions-policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "referrer-policy: no-referrer",
        "strict-transport-security: max-age=31536000",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
    ]
    "#);
}

/// PRX-14
#[tokio::test]
async fn what_has_two_readings_is_answered_with_400_and_a_close() {
    let front = Front::start(Limits::default()).await;
    let smuggled = "GET / HTTP/1.1\r\nHost: gate.example\r\n\r\n";
    let heads = [
        "POST /echo HTTP/1.1\r\nHost: gate.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: gate.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: gate.example\r\nContent-Length: +5\r\n\r\nhello",
        "POST /echo HTTP/1.1\r\nHost: gate.example\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "POST /echo HTTP/1.0\r\nHost: gate.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\nHost: gate.example\n\n",
        "GET / HTTP/1.1\r\nHost: gate.example\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: gate.example\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: gate.example\r\n\r\n",
        "GET /healthz/../mcp HTTP/1.1\r\nHost: gate.example\r\n\r\n",
        "GET /%2e%2e/mcp HTTP/1.1\r\nHost: gate.example\r\n\r\n",
        "GET //mcp HTTP/1.1\r\nHost: gate.example\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: gate.example\r\n\r\n",
    ];
    for head in heads {
        let answer = front.exchange(&format!("{head}{smuggled}")).await;
        assert_eq!(status_of(&answer), "400", "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head:?}: {answer}");
    }
    assert_eq!(front.served(), 0);
}

#[tokio::test]
async fn a_broken_chunk_ends_the_connection_and_nothing_after_it_is_a_request() {
    let front = Front::start(Limits::default()).await;
    let head = "POST /echo HTTP/1.1\r\nHost: gate.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "3;x=y\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcX\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "0\r\nX: y\r\n\r\n",
    ] {
        let answer = front
            .exchange(&format!("{head}{body}GET / HTTP/1.1\r\nHost: gate.example\r\n\r\n"))
            .await;
        assert!(!answer.contains("hello"), "{body:?}: {answer}");
    }
}

#[tokio::test]
async fn pipelined_requests_and_bodies_are_told_apart() {
    let front = Front::start(Limits::default()).await;
    let requests = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\none\
                    POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n\
                    GET /peer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = front.exchange(requests).await;
    let bodies: Vec<_> = answer
        .split("\r\n\r\n")
        .skip(1)
        .map(|it| it.split("HTTP/1.1").next().unwrap())
        .collect();
    assert_eq!(bodies, ["one", "two", "127.0.0.1"], "{answer}");
}

#[tokio::test]
async fn a_large_body_comes_through_whole() {
    let front = Front::start(Limits::default()).await;
    let body: String = (0..300_000).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let answer = front.exchange(&format!("{head}{body}")).await;
    assert!(answer.ends_with(&body), "{} of {}", answer.len(), body.len());
}

#[tokio::test]
async fn foreign_hosts_are_misdirected_and_large_heads_too_large() {
    let front = Front::start(Limits::default()).await;
    let foreign = front
        .exchange("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status_of(&foreign), "421");
    assert!(foreign.contains("content-security-policy: "), "{foreign}");
    let many = format!(
        "GET / HTTP/1.1\r\nHost: gate.example\r\n{}\r\n",
        "a: b\r\n".repeat(10_000)
    );
    let long = format!("GET /{} HTTP/1.1\r\nHost: gate.example\r\n\r\n", "x".repeat(100_000));
    for large in [many, long] {
        assert_eq!(status_of(&front.exchange(&large).await), "431");
    }
    assert_eq!(front.served(), 0);
}

/// DOS-18
#[tokio::test]
async fn a_panic_ends_one_request() {
    let front = Front::start(Limits::default()).await;
    let mut stream = front.connect().await;
    stream
        .write_all(b"GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let answer = read_until(&mut stream, "in its log\n").await;
    assert_eq!(status_of(&answer), "500");
    assert!(!answer.contains("on purpose"));
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(status_of(&read_until(&mut stream, "hello").await), "200");
}

/// DOS-01
#[tokio::test]
async fn stalled_peers_are_cut_off_and_others_are_served_meanwhile() {
    let front = Front::start(short()).await;
    let beginnings = [
        "",
        "G",
        "GET / HTTP/1.1\r\nHost: loc",
        "PRI * HTTP/2.0\r\n\r\nSM",
        "GET / HTTP/1.1\r\nHost: localhost\r\n",
    ];
    let mut stalled = Vec::new();
    for n in 0..100 {
        let mut stream = front.connect().await;
        stream
            .write_all(beginnings[n % beginnings.len()].as_bytes())
            .await
            .unwrap();
        stalled.push(stream);
    }
    let answer = front
        .exchange("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status_of(&answer), "200");
    for mut stream in stalled {
        read_to_end(&mut stream).await;
    }
    assert_eq!(front.served(), 1);
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_however_steadily_it_drips() {
    let front = Front::start(short()).await;
    let mut stream = front.connect().await;
    let dripping = async {
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "
            .iter()
            .chain(std::iter::repeat_n(&b'x', 2000))
        {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never cut off");
    };
    timeout(PATIENCE, dripping).await.unwrap();
    assert_eq!(front.served(), 0);
}

/// DOS-02
#[tokio::test]
async fn a_body_that_stalls_is_cut_off() {
    let front = Front::start(short()).await;
    let answer = front
        .exchange("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        .await;
    assert_eq!(status_of(&answer), "400", "{answer}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_with_a_request_under_way_is_not() {
    let front = Front::start(short()).await;
    let mut idle = front.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut busy = front.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    // The idle one is closed when its time is over; the busy one, begun at the same time, is not.
    let answer = read_to_end(&mut idle).await;
    assert!(answer.ends_with("hello"));
    let mut silent = front.connect().await;
    read_to_end(&mut silent).await;
    front.go_on.notify_one();
    assert_eq!(status_of(&read_until(&mut busy, "late").await), "200");
    assert_eq!(read_to_end(&mut busy).await, "", "it is idle now");
}

/// DOS-03
#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let front = Front::start(short()).await;
    let mut stream = front.connect().await;
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut other = front.connect().await;
    read_to_end(&mut other).await;
    let mut again = front.connect().await;
    read_to_end(&mut again).await;
    let mut bytes = Vec::new();
    drop(
        timeout(PATIENCE, stream.read_to_end(&mut bytes))
            .await
            .expect("the connection was given up"),
    );
    assert!(bytes.len() < 64 * 1024 * 1024, "{}", bytes.len());
}

#[tokio::test]
async fn connections_of_one_address_are_capped_and_places_are_given_back() {
    let front = Front::start(Limits {
        connections_per_address: 3,
        first_byte: PATIENCE,
        ..Limits::default()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = front.connect().await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        read_until(&mut stream, "hello").await;
        held.push(stream);
    }
    assert_eq!(read_to_end(&mut front.connect().await).await, "", "one too many");
    held.pop();
    let recovered = async {
        while status_of(
            &front
                .exchange("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .await,
        ) != "200"
        {}
    };
    timeout(PATIENCE, recovered).await.unwrap();
}

#[tokio::test]
async fn at_the_end_requests_under_way_are_finished_and_idle_connections_closed() {
    let mut front = Front::start(Limits::default()).await;
    let mut busy = front.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut idle = front.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut idle, "hello").await;
    while front.served() < 2 {
        tokio::task::yield_now().await;
    }
    front.stop.take().unwrap().send(()).unwrap();
    assert_eq!(read_to_end(&mut idle).await, "");
    front.go_on.notify_one();
    let answer = read_to_end(&mut busy).await;
    assert!(answer.ends_with("late"), "{answer}");
    timeout(PATIENCE, front.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(front.address).await.is_err());
}

async fn over_http2(front: &Front, authority: &str, path: &str, host: Option<&str>) -> (u16, String) {
    let stream = hyper_util::rt::TokioIo::new(front.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
    tokio::spawn(connection);
    let mut request = axum::http::Request::get(format!("http://{authority}{path}"));
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let answer = timeout(PATIENCE, sender.send_request(request.body(Body::empty()).unwrap()))
        .await
        .unwrap()
        .unwrap();
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(Body::new(answer.into_body()), 1_000_000)
        .await
        .unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// PRX-15: see also `http2`.
#[tokio::test]
async fn http2_is_served_under_the_same_rules() {
    let front = Front::start(short()).await;
    assert_eq!(
        over_http2(&front, "gate.example", "/", None).await,
        (200, "hello".to_owned())
    );
    assert_eq!(
        over_http2(&front, "gate.example", "/peer", Some("gate.example")).await,
        (200, "127.0.0.1".to_owned())
    );
    assert_eq!(over_http2(&front, "evil.example", "/", None).await.0, 421);
    assert_eq!(
        over_http2(&front, "gate.example", "/", Some("evil.example")).await.0,
        400
    );
    assert_eq!(over_http2(&front, "gate.example", "/a/../", None).await.0, 400);
    assert_eq!(over_http2(&front, "gate.example", "/panic", None).await.0, 500);
    assert_eq!(front.served(), 3);
}

#[tokio::test]
async fn a_proxy_of_ours_says_who_asks_and_a_stranger_does_not() {
    let request = "GET /peer HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9, 198.51.100.1\r\nConnection: close\r\n\r\n";
    let direct = Front::start(Limits::default()).await;
    assert!(direct.exchange(request).await.ends_with("127.0.0.1"));
    let behind = Front::start(Limits {
        proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Limits::default()
    })
    .await;
    assert!(behind.exchange(request).await.ends_with("198.51.100.1"));
}
