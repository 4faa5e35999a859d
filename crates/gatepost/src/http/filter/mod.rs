//! Turns away requests that two readers could read in two ways, or that are meant for somebody else.

mod head;
mod host;
mod target;
#[cfg(test)]
mod tests;

pub use host::Hosts;

pub(super) use head::{Body, HeadProblem, LARGEST_HEAD, MOST_HEADERS, check_head};

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body as AnswerBody;
use futures_util::FutureExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use tower::Service;

/// Paths that any well-formed `Host` may ask for: probes come by address.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// A service that sees only well-formed requests for one of our hosts; a panic in it ends one request.
#[derive(Clone)]
pub struct Filter<S> {
    inner: S,
    hosts: Arc<Hosts>,
}

impl<S> Filter<S> {
    /// Puts the filter before `inner`.
    pub fn new(inner: S, hosts: Hosts) -> Self {
        Self {
            inner,
            hosts: Arc::new(hosts),
        }
    }
}

impl<S, B> Service<Request<B>> for Filter<S>
where
    S: Service<Request<B>, Response = Response<AnswerBody>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Err(status) = check(&request, &self.hosts) {
            tracing::debug!(status = status.as_u16(), "request turned away");
            return Box::pin(std::future::ready(Ok(refusal(status))));
        }
        // The instance that was polled ready is the one to use.
        let waiting = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, waiting);
        Box::pin(async move {
            let answer = AssertUnwindSafe(async { ready.call(request).await })
                .catch_unwind()
                .await;
            match answer {
                Ok(answer) => answer,
                Err(_) => {
                    // The panic hook has written where; what it holds could be anything and is not shown.
                    tracing::error!("a request ended in a panic");
                    Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR))
                }
            }
        })
    }
}

/// Checks what is left to see once hyper has read the request; HTTP/1 heads were checked as bytes before.
fn check<B>(request: &Request<B>, hosts: &Hosts) -> Result<(), StatusCode> {
    let uri = request.uri();
    let headers = request.headers();
    let is_http2 = request.version() == Version::HTTP_2;
    let malformed = Err(StatusCode::BAD_REQUEST);
    if *request.method() == Method::CONNECT {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    if !is_http2 && (uri.scheme().is_some() || uri.authority().is_some()) {
        return malformed;
    }
    let target = uri.path_and_query().map_or("", |it| it.as_str());
    if !target::is_plain(target) {
        return malformed;
    }
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        return malformed;
    }
    if MOST_HEADERS < headers.len() {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let named = match named_host(request, is_http2) {
        Some(host) => host,
        None if is_old_probe(request) => return Ok(()),
        None => return malformed,
    };
    match host::name_of(named) {
        None => malformed,
        Some(name) if hosts.allows(&name) || PROBES.contains(&uri.path()) => Ok(()),
        Some(_) => Err(StatusCode::MISDIRECTED_REQUEST),
    }
}

/// Whether a load balancer asks in HTTP/1.0, which knows no `Host`.
fn is_old_probe<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_10
        && !request.headers().contains_key(HOST)
        && PROBES.contains(&request.uri().path())
}

/// The one host a request names: RFC 9112 §3.2, RFC 9113 §8.3.1.
fn named_host<B>(request: &Request<B>, is_http2: bool) -> Option<&str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let header = match first {
        Some(value) => Some(value.to_str().ok()?),
        None => None,
    };
    if second.is_some() {
        return None;
    }
    match (header, request.uri().authority()) {
        (Some(header), None) => Some(header),
        (None, Some(authority)) if is_http2 => Some(authority.as_str()),
        (Some(header), Some(authority)) if is_http2 && header.eq_ignore_ascii_case(authority.as_str()) => Some(header),
        _ => None,
    }
}

fn refusal(status: StatusCode) -> Response<AnswerBody> {
    let reason = match status {
        StatusCode::MISDIRECTED_REQUEST => {
            "this gateway does not answer for that host name; check its public URL setting\n"
        }
        StatusCode::INTERNAL_SERVER_ERROR => {
            "something went wrong in the gateway; the administrator finds the reason in its log\n"
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the request has too many headers\n",
        StatusCode::NOT_IMPLEMENTED => "the gateway is no tunnel\n",
        _ => {
            "the request can be read in two ways and was refused: expected one Host, one of Content-Length and Transfer-Encoding, and a path without `.` and `..` segments, `//`, `\\`, encoded slashes or dots outside of ids, and double percent-encoding\n"
        }
    };
    let mut answer = Response::new(AnswerBody::from(reason));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
