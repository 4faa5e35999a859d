//! The web server of a client's maker, and a listener that nobody may ever connect to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatepost::client_metadata::{Names, Reach, StandIn};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An answer that comes one byte at a time.
pub(super) const DRIPS: &str = "drips";

/// Serves what it was told, over TLS, and counts who asks.
pub(super) struct Maker {
    pub(super) address: SocketAddr,
    answers: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<AtomicUsize>,
}

impl Maker {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, asked) = (Arc::new(Mutex::new(HashMap::new())), Arc::new(AtomicUsize::new(0)));
        let (tls, known, counted) = (acceptor(), answers.clone(), asked.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(tls.clone(), stream, known.clone()));
            }
        });
        Self {
            address,
            answers,
            asked,
        }
    }

    /// How this server is reached: by `names`, and only at its own address.
    pub(super) fn reach(&self, names: Names) -> Reach {
        Reach {
            names: Some(names),
            stand_in: Some(StandIn {
                address: self.address,
                authority_pem: include_bytes!("authority.pem").to_vec(),
            }),
        }
    }

    pub(super) fn raw(&self, path: &str, answer: &str) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer.to_owned());
    }

    pub(super) fn json(&self, path: &str, body: &Value) {
        self.cached(path, body, "max-age=3600");
    }

    pub(super) fn cached(&self, path: &str, body: &Value, cache: &str) {
        let body = body.to_string();
        let length = body.len();
        self.raw(path, &format!("HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncache-control: {cache}\r\ncontent-length: {length}\r\n\r\n{body}"));
    }

    /// How many connections there were.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("key.pem")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn answer(tls: TlsAcceptor, stream: TcpStream, answers: Arc<Mutex<HashMap<String, String>>>) {
    let Ok(mut stream) = tls.accept(stream).await else {
        return;
    };
    let (mut head, mut buffer) = (String::new(), [0; 4096]);
    while !head.contains("\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.push_str(&String::from_utf8_lossy(&buffer[..read])),
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let told = answers.lock().unwrap().get(&path).cloned();
    let text = told.unwrap_or_else(|| "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned());
    if text == DRIPS {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n")
            .await;
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if stream.write_all(b" ").await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
    if text.is_empty() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A listener that counts who connects.
pub(super) struct Sentinel {
    pub(super) address: SocketAddr,
    connects: Arc<AtomicUsize>,
}

impl Sentinel {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, connects) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = connects.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { address, connects }
    }

    pub(super) fn connects(&self) -> usize {
        self.connects.load(Ordering::SeqCst)
    }
}
