//! Certificates that do not hold, shown by whoever stands where Power BI should: no token is given away, and the call says why.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::rest::problem;
use crate::rest::streams::Program;
use crate::world::{BO, World};

/// What the server shows.
#[derive(Clone, Copy, Debug)]
enum Shows {
    Certificate(&'static [u8]),
    /// A greeting in TLS 1.1, whose ways were broken long ago.
    OldVersion,
}

const CASES: [(&str, Shows); 4] = [
    ("expired", Shows::Certificate(include_bytes!("tls/expired.pem"))),
    ("another name", Shows::Certificate(include_bytes!("tls/wrong_name.pem"))),
    (
        "signed by itself",
        Shows::Certificate(include_bytes!("tls/self_signed.pem")),
    ),
    ("TLS 1.1", Shows::OldVersion),
];

/// A server on loopback, what it shows, and the requests it could read.
struct Impostor {
    url: String,
    shows: Arc<Mutex<Shows>>,
    read: Arc<Mutex<Vec<String>>>,
}

impl Impostor {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (shows, read) = (Arc::new(Mutex::new(CASES[0].1)), Arc::<Mutex<Vec<String>>>::default());
        let (shown, noted) = (shows.clone(), read.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shows = *shown.lock().unwrap();
                tokio::spawn(meet(stream, shows, noted.clone()));
            }
        });
        Self { url, shows, read }
    }
}

async fn meet(mut stream: TcpStream, shows: Shows, noted: Arc<Mutex<Vec<String>>>) {
    let Shows::Certificate(certificate) = shows else {
        let mut bytes = [0; 4096];
        let _ = stream.read(&mut bytes).await;
        // A ServerHello of version 3.2, with TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA.
        let mut hello = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        hello.extend([7; 32]);
        hello.extend([0, 0xc0, 0x13, 0]);
        let _ = stream.write_all(&hello).await;
        let _ = stream.read(&mut bytes).await;
        return;
    };
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from_pem_slice(certificate).unwrap()], key)
            .unwrap();
    let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
        return;
    };
    let mut bytes = [0; 8192];
    if let Ok(length @ 1..) = stream.read(&mut bytes).await {
        noted
            .lock()
            .unwrap()
            .push(String::from_utf8_lossy(&bytes[..length]).into_owned());
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\nconnection: close\r\n\r\n{\"value\":[]}";
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

/// PRX-21
#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_whose_certificate_does_not_hold_gets_no_token() {
    let impostor = Impostor::start().await;
    let world = World::calling(&impostor.url).await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bounds/tls/authority.pem");
    let program = Program::serve_trusting(&world, &authority).await;
    let ask = || {
        world
            .http
            .get(format!("{}/powerbi/v1.0/myorg/groups", program.url))
            .bearer_auth(&key)
            .send()
    };
    for (what, shows) in CASES {
        *impostor.shows.lock().unwrap() = shows;
        let found = problem(ask().await.unwrap()).await;
        assert_eq!(
            (found.0, found.1.as_str()),
            (502, "power_bi_unreachable"),
            "{what}: {}",
            found.2
        );
        assert!(
            impostor.read.lock().unwrap().is_empty(),
            "{what}: it could read what is for Power BI alone"
        );
    }
    // The same server with a certificate that holds is called: nothing else was wrong.
    *impostor.shows.lock().unwrap() = Shows::Certificate(include_bytes!("tls/good.pem"));
    assert_eq!(ask().await.unwrap().status(), 200);
    assert_eq!(impostor.read.lock().unwrap().len(), 1);
}
