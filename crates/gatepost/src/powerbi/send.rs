//! Sends one request and hands back its answer while it is still coming in.

use std::time::Duration;

use bytes::Bytes;
use catalogue::clouds::Cloud;
use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::body::{AnswerBody, Body, Outgoing, whole};
use super::failure::{PowerBiFailure, parse_error};
use super::upload::Upload;
use super::{address, headers};
use crate::clock::Clock;
use crate::vault;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE: Duration = Duration::from_secs(60);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How much of a refusal is read.
const LARGEST_REFUSAL: usize = 256 * 1024;

/// How long a call may take and how much may come back.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the answer's headers; for an upload, between two pieces of it and from the last one on.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// For everything.
    pub total: Duration,
    pub most_bytes: u64,
    pub most_upload_bytes: u64,
    /// A file is passed on as it is, compressed or not; anything else is read here, and a small answer that unpacks to a
    /// huge one is not.
    pub may_be_compressed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            first_byte: seconds(100),
            idle: seconds(30),
            total: seconds(300),
            most_bytes: 256 * 1024 * 1024,
            most_upload_bytes: 1024 * 1024 * 1024,
            may_be_compressed: false,
        }
    }
}

/// One request to Power BI.
#[derive(Debug)]
pub struct Upstream<'a> {
    pub method: Method,
    /// Begins with `/v1.0/`; ids in it are percent-encoded.
    pub path_and_query: &'a str,
    /// A caller's headers; only those on the list are sent.
    pub headers: &'a HeaderMap,
    pub body: Body,
    pub token: &'a SecretString,
    pub limits: Limits,
}

/// What came back; the body is still coming.
pub struct UpstreamAnswer {
    pub status: StatusCode,
    /// Only what a caller may see.
    pub headers: HeaderMap,
    pub body: AnswerBody,
    /// The id Microsoft's support asks for.
    pub request_id: Option<String>,
    /// Ours, as sent.
    pub client_request_id: String,
    /// Why a bearer was not taken.
    pub error_info: Option<String>,
    /// Path and query of the address the answer names, if it is the API's own.
    pub location: Option<String>,
    all_headers: HeaderMap,
    /// The token it was asked with.
    token: SecretString,
}

impl UpstreamAnswer {
    /// Reads a refusal to its end.
    pub async fn failure(self, clock: &Clock) -> PowerBiFailure {
        self.refusal(clock).await.failure
    }
}

/// A refusal as it came, to be passed on, and as it reads.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    /// Only what a caller may see.
    pub headers: HeaderMap,
    /// At most the first 256 KiB.
    pub body: Vec<u8>,
    pub failure: PowerBiFailure,
}

impl UpstreamAnswer {
    /// Reads a refusal to its end and keeps what came.
    pub async fn refusal(self, clock: &Clock) -> Refusal {
        // Invariant: whatever a refusal repeats of the token, no caller, log or entry sees it.
        let mut body = self.body.beginning(LARGEST_REFUSAL).await;
        if body.len() == LARGEST_REFUSAL {
            body.truncate(LARGEST_REFUSAL.saturating_sub(vault::longest_spelling(&self.token)));
        }
        let body = vault::without(&self.token, &body);
        let failure = parse_error(self.status, &self.all_headers, &body, clock.now());
        Refusal {
            status: self.status,
            headers: self.headers,
            body,
            failure,
        }
    }
}

impl std::fmt::Debug for UpstreamAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamAnswer")
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// Why there is no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("Power BI did not answer in time")]
    Timeout,
    #[error("Power BI could not be reached")]
    Unreachable,
    #[error("the connection to Power BI ended in the middle of the request")]
    Broken,
    #[error("Power BI answered with a redirect ({status}), which the gateway does not follow")]
    Redirected { status: u16 },
    #[error("the answer of Power BI is larger than allowed")]
    TooLarge,
    #[error("the answer of Power BI ended too early")]
    Truncated,
    #[error("the answer of Power BI is compressed although that was not asked for")]
    Compressed,
    #[error("the access under which the answer was read was taken back")]
    TakenBack,
    #[error("the upload is larger than allowed")]
    UploadTooLarge,
    #[error("the upload did not come whole")]
    UploadBroken,
    #[error("the request is not one that goes to Power BI: expected a path below /v1.0/ and a cloud over https")]
    Address,
}

/// The client for Power BI: pooled connections to the fixed hosts of the clouds. Cheap to clone.
#[derive(Clone)]
pub struct PowerBi {
    clock: Clock,
    client: Client<HttpsConnector<HttpConnector>, Outgoing>,
}

impl PowerBi {
    /// A client that trusts the certificates the operating system trusts.
    pub fn new(clock: Clock) -> std::io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        // Plain http is for a custom cloud on this machine; `address` refuses it elsewhere.
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(rustls::crypto::aws_lc_rs::default_provider())?
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(KEEP_ALIVE)
            .http2_adaptive_window(true)
            .build(connector);
        Ok(Self { clock, client })
    }

    /// Sends `request` to `cloud`. A refusal by Power BI is an answer; only its absence is an error.
    pub async fn send(&self, cloud: &Cloud, request: Upstream<'_>) -> Result<UpstreamAnswer, SendError> {
        let limits = request.limits;
        let started = Instant::now();
        let end = started + limits.total;
        let address = address::of(cloud, request.path_and_query).ok_or(SendError::Address)?;
        let client_request_id = self.clock.new_id();
        let headers =
            headers::outgoing(request.headers, request.token, &client_request_id).ok_or(SendError::Address)?;
        let make = |body: Outgoing| {
            let mut made = Request::new(body);
            *made.method_mut() = request.method.clone();
            *made.uri_mut() = address.clone();
            *made.headers_mut() = headers.clone();
            made
        };
        let answer = match request.body {
            Body::Stream(body) => {
                let body = body.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
                let (upload, watch) = Upload::new(body, limits.most_upload_bytes);
                let answer = tokio::select! {
                    answer = timeout_at(end, self.client.request(make(upload.boxed_unsync()))) => answer,
                    () = watch.stalled(limits.first_byte) => return Err(SendError::Timeout),
                };
                if let (Ok(Err(_)), Some(fault)) = (&answer, watch.fault()) {
                    return Err(fault);
                }
                answer
            }
            Body::Bytes(bytes) => {
                let first = end.min(started + limits.first_byte);
                timeout_at(first, self.send_bytes(&request.method, &bytes, make)).await
            }
        };
        let answer = answer
            .map_err(|_| SendError::Timeout)?
            .map_err(|error| on_the_way(&error))?;
        read_head(cloud, answer, limits, end, client_request_id, request.token)
    }

    /// A read that met a connection just being closed is sent once more; a write never is.
    async fn send_bytes(
        &self,
        method: &Method,
        bytes: &Bytes,
        make: impl Fn(Outgoing) -> Request<Outgoing>,
    ) -> Result<Response<Incoming>, Error> {
        let first = self.client.request(make(whole(bytes.clone()))).await;
        match first {
            Err(error) if method.is_safe() && was_cut_off(&error) => {
                self.client.request(make(whole(bytes.clone()))).await
            }
            other => other,
        }
    }
}

fn read_head(
    cloud: &Cloud,
    answer: Response<Incoming>,
    limits: Limits,
    end: Instant,
    client_request_id: String,
    token: &SecretString,
) -> Result<UpstreamAnswer, SendError> {
    let (mut head, body) = answer.into_parts();
    clean(&mut head.headers, token);
    let status = head.status;
    // RFC 9110 §15.4.5: 304 is an answer, not a redirect.
    if (status.is_redirection() && status != StatusCode::NOT_MODIFIED) || status.is_informational() {
        return Err(SendError::Redirected {
            status: status.as_u16(),
        });
    }
    let is_compressed = head.headers.get(CONTENT_ENCODING).is_some_and(|it| it != "identity");
    if is_compressed && !limits.may_be_compressed {
        return Err(SendError::Compressed);
    }
    if limits.most_bytes < body.size_hint().lower() {
        return Err(SendError::TooLarge);
    }
    Ok(UpstreamAnswer {
        status,
        headers: headers::incoming(&head.headers),
        body: AnswerBody::new(body, limits.most_bytes, limits.idle, end),
        request_id: headers::request_id(&head.headers),
        client_request_id,
        error_info: headers::error_info(&head.headers),
        location: head
            .headers
            .get(LOCATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| address::path_of(cloud, it)),
        all_headers: head.headers,
        token: token.clone(),
    })
}

/// Takes the token out of every header that repeats it.
fn clean(headers: &mut HeaderMap, token: &SecretString) {
    for value in headers.values_mut() {
        let clean = vault::without(token, value.as_bytes());
        if clean != value.as_bytes()
            && let Ok(clean) = HeaderValue::from_bytes(&clean)
        {
            *value = clean;
        }
    }
}

/// The library's error names hosts and is not kept.
fn on_the_way(error: &Error) -> SendError {
    if error.is_connect() {
        SendError::Unreachable
    } else {
        SendError::Broken
    }
}

fn was_cut_off(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|it| it.downcast_ref::<hyper::Error>());
    cause.is_some_and(|it| it.is_incomplete_message() || it.is_canceled() || it.is_closed())
}
