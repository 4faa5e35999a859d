//! Large files both ways, in constant memory, and where they end (security rows PRX-10, PRX-22, DOS-06, UPS-15).

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::problem;
use super::upstream::{Answer, Upstream, text};
use crate::world::{BO, World};

const MIB: u64 = 1024 * 1024;
const UPLOADED: u64 = 2048 * MIB;
const DOWNLOADED: u64 = 500 * MIB;
const MOST_MEMORY: u64 = 150 * MIB;
const PIECE: usize = 256 * 1024;
const EXPORT: &str = "/powerbi/v1.0/myorg/reports/5a4db0c5-0012-4000-8000-000000000001/Export";
const IMPORT: &str = "/powerbi/v1.0/myorg/imports?datasetDisplayName=large.pbix";
const MULTIPART: &str = "multipart/form-data; boundary=gate";

/// As many bytes as are asked for, in pieces.
fn pieces(bytes: u64) -> impl Iterator<Item = Bytes> {
    static PATTERN: [u8; PIECE] = [b'g'; PIECE];
    let whole = usize::try_from(bytes).unwrap() / PIECE;
    let rest = usize::try_from(bytes).unwrap() % PIECE;
    std::iter::repeat_n(Bytes::from_static(&PATTERN), whole)
        .chain((0 < rest).then(|| Bytes::from_static(&PATTERN[..rest])))
}

/// Counts what comes and drops it; gives what is asked for out of nothing.
async fn scales(request: Request<Incoming>) -> Answer {
    if request.method() == Method::GET {
        let body = StreamBody::new(stream::iter(pieces(DOWNLOADED).map(|it| Ok(Frame::data(it)))));
        let mut answer = Response::new(body.boxed_unsync());
        answer
            .headers_mut()
            .insert("content-type", "application/zip".parse().unwrap());
        return answer;
    }
    let (mut body, mut bytes) = (request.into_body(), 0);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Err(_) => return text(500, &[], "cut short"),
        }
    }
    text(
        202,
        &[("content-type", "application/json")],
        json!({"id": "i-1", "bytes": bytes}).to_string(),
    )
}

/// The real binary on a world's database.
pub(crate) struct Program {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Program {
    pub(crate) async fn serve(world: &World) -> Self {
        Self::start(world, &[]).await
    }

    /// One that trusts the certificates of this authority, and of no other.
    pub(crate) async fn serve_trusting(world: &World, authority: &std::path::Path) -> Self {
        Self::start(world, &[("SSL_CERT_FILE", authority.display().to_string())]).await
    }

    async fn start(world: &World, more: &[(&str, String)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = format!("http://localhost:{port}");
        let settings = &world.app.settings;
        let child = Command::new(env!("CARGO_BIN_EXE_gatepost"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--public-url", &url])
            .env("GATEPOST_DATA", &settings.data)
            .env("GATEPOST_DATABASE_URL", &settings.database_url)
            .env("GATEPOST_DATABASE_SCHEMA", &settings.database_schema)
            .env("GATEPOST_CLOUDS", crate::processes::clouds(settings))
            .env("GATEPOST_LOG", "warn")
            .envs(more.iter().map(|(name, value)| (name, value)))
            // PRX-10: nobody listens there, and nothing is meant to go there.
            .envs(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"].map(|it| (it, "http://127.0.0.1:9")))
            .spawn()
            .unwrap();
        let program = Self { child, url };
        for _ in 0..600 {
            let ready = world.http.get(format!("{}/readyz", program.url)).send().await;
            if ready.is_ok_and(|it| it.status().is_success()) {
                return program;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program did not become ready");
    }

    /// The most memory it ever held, as the system counts it.
    pub(crate) fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|it| it.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gibibytes_up_and_half_of_one_down_pass_through_the_program_in_constant_memory() {
    let upstream = Upstream::start(scales).await;
    let (world, key) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let program = Program::serve(&world).await;
    let began = Instant::now();

    let body = reqwest::Body::wrap_stream(stream::iter(pieces(UPLOADED).map(Ok::<_, std::io::Error>)));
    let upload = world.http.post(format!("{}{IMPORT}", program.url)).bearer_auth(&key);
    let answer = upload
        .header("content-type", MULTIPART)
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, counted) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    assert_eq!((status, counted["bytes"].as_u64()), (202, Some(UPLOADED)), "{counted}");
    let after_upload = program.peak_bytes();

    let mut answer = world
        .http
        .get(format!("{}{EXPORT}", program.url))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-type"].to_str().unwrap()
        ),
        (200, "application/zip")
    );
    let mut came = 0;
    while let Some(piece) = answer.chunk().await.unwrap() {
        came += piece.len() as u64;
    }
    assert_eq!(came, DOWNLOADED);
    let peak = program.peak_bytes();
    eprintln!(
        "peak memory {} MiB after the upload, {} MiB at the end; {:?}",
        after_upload / MIB,
        peak / MIB,
        began.elapsed()
    );
    assert!(peak < MOST_MEMORY, "{} MiB", peak / MIB);
    let streamed = streamed(&world).await;
    drop(program);
    assert_eq!(streamed.len(), 1);
    assert_eq!(
        (&streamed[0]["details"]["bytes"], &streamed[0]["details"]["whole"]),
        (&json!(DOWNLOADED), &json!(true))
    );
}

/// The entries of streamed answers, which follow the last byte.
async fn streamed(world: &World) -> Vec<Value> {
    for _ in 0..250 {
        let entries = world.entries_of("call.streamed").await;
        if !entries.is_empty() {
            return entries;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    vec![]
}

/// DOS-06
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_beyond_the_limit_ends_with_413_and_never_arrives_whole() {
    let upstream = Upstream::start(scales).await;
    let (world, key) = upstream.world_with(BO, |settings| settings.upload_bytes = MIB).await;
    crate::every_operation::allow_everything(&world).await;
    let declared = world
        .ask(Method::POST, &key, IMPORT)
        .header("content-type", MULTIPART)
        .body(vec![b'g'; 1024 * 1024 + 1]);
    let found = problem(declared.send().await.unwrap()).await;
    assert_eq!((found.0, found.1.as_str()), (413, "upload_too_large"));
    assert!(upstream.seen().is_empty(), "its length was told, so it was not begun");
    let body = reqwest::Body::wrap_stream(stream::iter(pieces(3 * MIB).map(Ok::<_, std::io::Error>)));
    let undeclared = world
        .ask(Method::POST, &key, IMPORT)
        .header("content-type", MULTIPART)
        .body(body);
    let found = problem(undeclared.send().await.unwrap()).await;
    assert_eq!((found.0, found.1.as_str()), (413, "upload_too_large"));
    let closed = world.entries_of("call.closed").await;
    assert_eq!(closed.last().unwrap()["details"]["error"], "upload_too_large");
    let fits = world
        .ask(Method::POST, &key, IMPORT)
        .header("content-type", MULTIPART)
        .body(vec![b'g'; 1024 * 1024]);
    assert_eq!(fits.send().await.unwrap().json::<Value>().await.unwrap()["bytes"], MIB);
}

/// UPS-15: what breaks off does not end as if it were all.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off_is_not_taken_for_whole() {
    let upstream = Upstream::start(|_| async {
        let broken = std::io::Error::other("gone");
        let frames = pieces(4 * MIB).map(|it| Ok(Frame::data(it))).chain([Err(broken)]);
        Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync())
    })
    .await;
    let (world, key) = upstream.world(BO).await;
    let mut answer = world.ask(Method::GET, &key, EXPORT).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut came = 0;
    let error = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => came += piece.len() as u64,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(error.is_some(), "{came} bytes came and looked whole");
    let streamed = streamed(&world).await;
    assert_eq!(streamed[0]["details"]["whole"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_for_a_larger_upload_is_handed_on_and_no_token_goes_there() {
    let location = "{\"@odata.context\":\"x\",\"expirationTime\":\"2026-11-23T13:00:00Z\",\"url\":\"https://contoso.blob.core.windows.net/c/b?sv=2024&sig=a%2Bb%3D\"}";
    let upstream = Upstream::with(vec![
        (200, vec![("content-type", "application/json")], location),
        (202, vec![], "{}"),
    ])
    .await;
    let (world, key) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let ask = world.ask(
        Method::POST,
        &key,
        "/powerbi/v1.0/myorg/imports/createTemporaryUploadLocation",
    );
    assert_eq!(ask.send().await.unwrap().text().await.unwrap(), location);
    let file = json!({"fileUrl": "https://contoso.blob.core.windows.net/c/b?sv=2024&sig=a%2Bb%3D"});
    let import = world.ask(Method::POST, &key, IMPORT).json(&file).send().await.unwrap();
    assert_eq!(import.status(), 202);
    let lines: Vec<_> = upstream.seen().into_iter().map(|it| it.line).collect();
    assert_eq!(
        lines,
        [
            "POST /v1.0/myorg/imports/createTemporaryUploadLocation",
            "POST /v1.0/myorg/imports?datasetDisplayName=large.pbix"
        ]
    );
}

/// Microsoft compresses some files although nobody asked; they are handed on as they are, and say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_compressed_is_handed_on_as_it_came() {
    let upstream = Upstream::with(vec![(
        200,
        vec![("content-encoding", "gzip"), ("content-type", "application/zip")],
        "\u{1f}zz",
    )])
    .await;
    let (world, key) = upstream.world(BO).await;
    let answer = world.ask(Method::GET, &key, EXPORT).send().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-encoding"].to_str().unwrap()
        ),
        (200, "gzip")
    );
    assert_eq!(answer.bytes().await.unwrap(), "\u{1f}zz");
    let list = world.get(&key, "/groups").await;
    assert_eq!(problem(list).await.1, "power_bi_unreachable");
}
