//! A Power BI of raw HTTP: it answers as a test says, and remembers what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::world::{World, send_calls_to};

pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

/// Status, headers and body of an answer that is known beforehand.
pub(crate) type Canned = (u16, Vec<(&'static str, &'static str)>, &'static str);

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
}

/// A server on loopback.
pub(crate) struct Upstream {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// Answers every request with what `answer` makes of it.
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let noted = seen.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (noted, answer) = (noted.clone(), answer.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let path = request.uri().path_and_query().map_or("", |it| it.as_str());
                    let line = format!("{} {path}", request.method());
                    noted.lock().unwrap().push(Seen {
                        line,
                        headers: request.headers().clone(),
                    });
                    let answer = answer(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let connection = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                tokio::spawn(async move { connection.serve_connection(TokioIo::new(stream), service).await.ok() });
            }
        });
        Self { url, seen }
    }

    /// Answers with these, in order, and with the last one ever after.
    pub(crate) async fn with(answers: Vec<Canned>) -> Self {
        let turn = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        Self::start(move |_| {
            let at = turn
                .fetch_add(1, std::sync::atomic::Ordering::SeqCst)
                .min(answers.len() - 1);
            let (status, headers, body) = answers[at].clone();
            async move { text(status, &headers, body) }
        })
        .await
    }

    /// What was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Somebody's world and key, with this server in Power BI's place.
    pub(crate) async fn world(&self, upn: &str) -> (World, String) {
        self.world_with(upn, |_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn world_with(
        &self,
        upn: &str,
        change: impl FnOnce(&mut gatepost::config::Settings),
    ) -> (World, String) {
        let world = World::with(|settings| {
            send_calls_to(settings, &self.url);
            change(settings);
        })
        .await;
        let guest = world.connect(upn).await;
        let key = world.key(&guest.person).await;
        (world, key)
    }
}

/// A small answer.
pub(crate) fn text(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        answer.headers_mut().append(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    answer
}

/// Whose token a request carries, by the token's own words.
pub(crate) fn bearer_of(headers: &HeaderMap) -> String {
    let token = headers["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap();
    let claims = token.split('.').nth(1).expect("a token of Microsoft's");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["upn"].as_str().unwrap().to_owned()
}
