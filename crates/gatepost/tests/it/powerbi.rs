//! One upstream call against hostile servers and the pretend Power BI (security rows PRX-06, PRX-21, PRX-22, UPS-10, UPS-14, UPS-15).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use catalogue::clouds::Cloud;
use gatepost::clock::{Clock, Timestamp};
use gatepost::entra::{Class, Entra, Tenant, http_client};
use gatepost::powerbi::{Body, Kind, Limits, PowerBi, SendError, Upstream, UpstreamAnswer};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::pretend_microsoft::{Microsoft, START_MS};

/// A server that answers every connection's request with fixed bytes and then holds or closes the connection.
struct Canned {
    cloud: Cloud,
    requests: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Hold,
}

impl Canned {
    async fn start(answers: &'static [&'static str], then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
                        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let turn = counted.fetch_add(1, Ordering::SeqCst);
                    let answer = answers[turn.min(answers.len() - 1)];
                    drop(stream.write_all(answer.as_bytes()).await);
                    if then == Then::Hold {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        let cloud = Cloud::custom(&url, "https://resource.test", &url, &url).unwrap();
        Self { cloud, requests }
    }

    async fn send(&self, method: Method, limits: Limits) -> Result<UpstreamAnswer, SendError> {
        let token = SecretString::from("a-token");
        let client = PowerBi::new(Clock::real()).unwrap();
        let request = Upstream {
            method,
            path_and_query: "/v1.0/myorg/groups",
            headers: &HeaderMap::new(),
            body: Body::empty(),
            token: &token,
            limits,
        };
        client.send(&self.cloud, request).await
    }

    async fn body(&self, limits: Limits) -> Result<Vec<u8>, SendError> {
        self.send(Method::GET, limits)
            .await?
            .body
            .bytes(u64::MAX)
            .await
            .map(|it| it.to_vec())
    }
}

fn limits() -> Limits {
    Limits {
        first_byte: Duration::from_secs(10),
        idle: Duration::from_secs(10),
        total: Duration::from_secs(10),
        most_bytes: 1000,
        most_upload_bytes: 1000,
        may_be_compressed: false,
    }
}

/// PRX-06
#[tokio::test]
async fn redirects_are_not_followed() {
    let answers = [
        "HTTP/1.1 301 x\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 x\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 308 x\r\nLocation: /v1.0/other\r\nContent-Length: 0\r\n\r\n",
    ];
    for (answer, status) in answers.into_iter().zip([301, 307, 308]) {
        let server = Canned::start(Box::leak(Box::new([answer])), Then::Close).await;
        assert_eq!(
            server.send(Method::GET, limits()).await.unwrap_err(),
            SendError::Redirected { status }
        );
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    }
}

/// UPS-10
#[tokio::test]
async fn silence_and_dripping_end_at_the_deadline() {
    let short = Duration::from_millis(200);
    let silent = Canned::start(&[""], Then::Hold).await;
    let first = Limits {
        first_byte: short,
        ..limits()
    };
    assert_eq!(silent.send(Method::GET, first).await.unwrap_err(), SendError::Timeout);
    let stalled = Canned::start(&["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], Then::Hold).await;
    assert_eq!(
        stalled
            .body(Limits {
                idle: short,
                ..limits()
            })
            .await
            .unwrap_err(),
        SendError::Timeout
    );
    assert_eq!(
        stalled
            .body(Limits {
                total: short,
                ..limits()
            })
            .await
            .unwrap_err(),
        SendError::Timeout
    );
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_refused_before_or_while_it_comes() {
    let declared = Canned::start(&["HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"], Then::Hold).await;
    assert_eq!(
        declared.send(Method::GET, limits()).await.unwrap_err(),
        SendError::TooLarge
    );
    let endless: &'static str = Box::leak(
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            "a\r\n0123456789\r\n".repeat(1000)
        )
        .into_boxed_str(),
    );
    let endless = Canned::start(Box::leak(Box::new([endless])), Then::Hold).await;
    assert_eq!(endless.body(limits()).await.unwrap_err(), SendError::TooLarge);
}

#[tokio::test]
async fn an_answer_cut_short_is_never_taken_for_whole() {
    let by_length = Canned::start(&["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], Then::Close).await;
    assert_eq!(by_length.body(limits()).await.unwrap_err(), SendError::Truncated);
    let by_chunk = Canned::start(
        &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
        Then::Close,
    )
    .await;
    assert_eq!(by_chunk.body(limits()).await.unwrap_err(), SendError::Truncated);
}

#[tokio::test]
async fn an_answer_that_is_compressed_unasked_is_refused() {
    let bomb = Canned::start(
        &["HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
        Then::Close,
    )
    .await;
    assert_eq!(
        bomb.send(Method::GET, limits()).await.unwrap_err(),
        SendError::Compressed
    );
}

#[tokio::test]
async fn a_read_is_sent_once_more_when_its_connection_was_closed_and_a_write_never() {
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let answers: &'static [&'static str] = Box::leak(Box::new(["", good]));
    let server = Canned::start(answers, Then::Close).await;
    assert_eq!(server.body(limits()).await.unwrap(), b"ok");
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
    let server = Canned::start(answers, Then::Close).await;
    assert_eq!(
        server.send(Method::POST, limits()).await.unwrap_err(),
        SendError::Broken
    );
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let server = Canned {
        cloud: Cloud::custom(&url, "https://resource.test", &url, &url).unwrap(),
        requests: Arc::default(),
    };
    assert_eq!(
        server.send(Method::GET, limits()).await.unwrap_err(),
        SendError::Unreachable
    );
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_not_talked_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let options = sandbox::Options {
        url: url.clone(),
        start: Some(START_MS),
        seed: 7,
    };
    let sandbox = sandbox::Sandbox::new(options);
    let folder = tempfile::tempdir().unwrap();
    let (served, path) = (sandbox.clone(), folder.path().to_owned());
    tokio::spawn(async move { sandbox::serve_tls(served, listener, &path, std::future::pending()).await });
    let server = Canned {
        cloud: Cloud::custom(&url, "https://resource.test", &url, &url).unwrap(),
        requests: Arc::default(),
    };
    assert_eq!(
        server.send(Method::GET, limits()).await.unwrap_err(),
        SendError::Unreachable
    );
    let entra = Entra::new(Clock::real(), http_client(None).unwrap());
    let error = entra
        .tenant_id(&server.cloud, &Tenant::any_organization())
        .await
        .unwrap_err();
    assert_eq!((error.class, error.error.as_str()), (Class::Transient, "unreachable"));
    assert!(sandbox.ledger().entries(&sandbox::ledger::Filter::default()).is_empty());
}

/// A name that cannot be looked up is told as that, and not as something Microsoft said.
#[tokio::test]
async fn a_name_that_is_not_found_is_not_told_as_an_answer_of_microsoft() {
    let away = "https://login.gatepost.invalid";
    let cloud = Cloud::custom(away, "https://resource.test", away, away).unwrap();
    let entra = Entra::new(Clock::real(), http_client(None).unwrap());
    let error = entra.tenant_id(&cloud, &Tenant::any_organization()).await.unwrap_err();
    assert_eq!((error.class, error.error.as_str()), (Class::Transient, "unknown_host"));
    let told = format!("{error} {}", error.explanation().tell);
    assert!(told.contains("DNS") && !told.contains("answered"), "{told}");
}

async fn ask(microsoft: &Microsoft, token: &SecretString, path: &str) -> UpstreamAnswer {
    let client = PowerBi::new(microsoft.clock.clone()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("cookie", "secret=1".parse().unwrap());
    headers.insert("x-forwarded-for", "10.0.0.1".parse().unwrap());
    let request = Upstream {
        method: Method::GET,
        path_and_query: path,
        headers: &headers,
        body: Body::empty(),
        token,
        limits: Limits::default(),
    };
    client.send(&microsoft.cloud(), request).await.unwrap()
}

#[tokio::test]
async fn the_token_of_a_sign_in_reads_workspaces() {
    let microsoft = Microsoft::start().await;
    let (tokens, _) = microsoft.sign_in(&microsoft.registration(""), "bo@contoso.test").await;
    let answer = ask(&microsoft, &tokens.access_token, "/v1.0/myorg/groups").await;
    assert_eq!(answer.status, 200);
    assert!(answer.request_id.is_some());
    let body: serde_json::Value = serde_json::from_slice(&answer.body.bytes(1_000_000).await.unwrap()).unwrap();
    assert!(!body["value"].as_array().unwrap().is_empty());
    let filter = sandbox::ledger::Filter {
        kind: Some(sandbox::ledger::Kind::PowerBi),
        ..Default::default()
    };
    let entries = microsoft.sandbox.ledger().entries(&filter);
    let mut names: Vec<_> = entries[0].headers.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert!(
        names.contains(&"client-request-id") && !names.contains(&"cookie") && !names.contains(&"x-forwarded-for"),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_malformed_and_an_old_token_are_told_from_a_missing_right() {
    let microsoft = Microsoft::start().await;
    let clock = Clock::set(Timestamp(START_MS), 1);
    let malformed = ask(&microsoft, &SecretString::from("nonsense"), "/v1.0/myorg/groups").await;
    assert_eq!(malformed.status, 403);
    assert_eq!(malformed.failure(&clock).await.kind, Kind::TokenExpired);
    let (tokens, _) = microsoft.sign_in(&microsoft.registration(""), "flo@contoso.test").await;
    let foreign = ask(
        &microsoft,
        &tokens.access_token,
        "/v1.0/myorg/groups/00000000-0000-4000-8000-000000000001/reports",
    )
    .await;
    let failure = foreign.failure(&clock).await;
    assert!(matches!(failure.kind, Kind::Rights | Kind::NotFound), "{failure:?}");
    microsoft.sandbox.clock().advance(2 * 3600 * 1000);
    let old = ask(&microsoft, &tokens.access_token, "/v1.0/myorg/groups")
        .await
        .failure(&clock)
        .await;
    assert_eq!(
        (&old.kind, old.code.as_deref()),
        (&Kind::TokenExpired, Some("TokenExpired"))
    );
    assert!(!format!("{old:?}").contains(tokens.access_token.expose_secret()));
}
