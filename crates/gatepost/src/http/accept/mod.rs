//! Accepts connections and closes those that stall; hyper alone never closes a silent one.

mod framing;
mod pace;
mod peer;
mod slots;
#[cfg(test)]
mod tests;
mod wire;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceExt as _};

use self::pace::{Activity, AnswerBody, PacedBody};
use self::slots::{Slot, Slots};
use self::wire::Wire;
use super::filter::{LARGEST_HEAD, MOST_HEADERS};

/// Pause after the operating system refused a connection, for want of file handles for example.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
const MOST_STREAMS: u32 = 128;
const PING_INTERVAL: Duration = Duration::from_secs(20);
const SEND_BUFFER_BYTES: usize = 256 * 1024;

/// How long a peer may take and how many there may be.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// Between two requests of a connection.
    pub idle: Duration,
    /// For a request body; longer by one second for each `body_bytes_per_s` received.
    pub body: Duration,
    pub body_bytes_per_s: u64,
    /// While an answer cannot be written because the peer does not read.
    pub write: Duration,
    /// After the end of serving, for requests under way.
    pub drain: Duration,
    /// Connections in all; further ones wait.
    pub connections: usize,
    /// Connections of one address (of one /64 for IPv6); further ones are closed.
    pub connections_per_address: usize,
    /// Proxies of ours: they carry many people's connections, and are believed who asked (`X-Forwarded-For`).
    pub proxies: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            first_byte: seconds(8),
            head: seconds(8),
            idle: seconds(75),
            body: seconds(25),
            body_bytes_per_s: 8 * 1024,
            write: seconds(30),
            drain: seconds(30),
            connections: 10_000,
            connections_per_address: 512,
            proxies: Vec::new(),
        }
    }
}

/// Serves `service` on `listener` until `shutdown` ends, then lets requests under way finish.
pub async fn serve<S>(listener: TcpListener, service: S, limits: Limits, shutdown: impl Future<Output = ()>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let slots = Slots::new(&limits);
    let limits = Arc::new(limits);
    let builder = Arc::new(protocols(&limits));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer, slot) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let connection = Connection {
            peer,
            limits: Arc::clone(&limits),
            _slot: slot,
        };
        tokio::spawn(connection.serve(stream, Arc::clone(&builder), service.clone(), graceful.watcher()));
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way at the end of the drain time and are cut off");
    }
}

/// The next connection that has a slot; failures to accept end with the want that caused them.
async fn accept(listener: &TcpListener, slots: &Slots) -> (TcpStream, SocketAddr, Slot) {
    loop {
        let any = slots.any().await;
        match listener.accept().await {
            Ok((stream, peer)) => match slots.of(any, peer.ip()) {
                Some(slot) => return (stream, peer, slot),
                None => tracing::debug!(client.address = %peer.ip(), "too many connections of one address"),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

fn protocols(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // `Wire` checks heads and keeps time for HTTP/1. Hyper's own timer only makes it read again after an answer,
    // so that `Wire` notices when a connection becomes idle.
    let later_than_wire = limits.first_byte + limits.idle + limits.head;
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(later_than_wire)
        .max_headers(MOST_HEADERS)
        .max_buf_size(4 * LARGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(LARGEST_HEAD as u32)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .adaptive_window(true)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

struct Connection {
    peer: SocketAddr,
    limits: Arc<Limits>,
    _slot: Slot,
}

impl Connection {
    async fn serve<S>(self, stream: TcpStream, builder: Arc<Builder<TokioExecutor>>, service: S, watcher: Watcher)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        // Answers are written whole: waiting for more would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it was served");
            return;
        }
        let activity = Activity::default();
        let wire = Wire::new(stream, Arc::clone(&self.limits), activity.clone());
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let guard = activity.begin();
            let mut request = request.map(|body| Body::new(PacedBody::new(body, &self.limits)));
            let client = peer::client_of(self.peer, request.headers(), &self.limits.proxies);
            request.extensions_mut().insert(ConnectInfo(client));
            let answering = service.clone().oneshot(request);
            async move {
                answering
                    .await
                    .map(|answer| answer.map(|body| AnswerBody::new(body, guard)))
            }
        });
        let connection = builder.serve_connection(TokioIo::new(wire), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(client.address = %self.peer.ip(), %error, "a connection ended early");
        }
    }
}
