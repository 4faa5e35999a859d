//! Serving a sandbox: one origin for everything, an accept loop that can cut connections, and TLS for those who insist.

mod apply;
mod observe;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::middleware;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::server::graceful::Watcher;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::Sandbox;
use crate::admin;
use crate::entra;
use crate::powerbi;

pub use crate::server::tls::TlsError;

/// The id of a request and its answer; in the request's extensions for every handler.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Closes the connection a request came on; in the request's extensions.
#[derive(Clone, Debug)]
struct Cutter(Arc<Notify>);

/// Everything on one origin.
pub(crate) fn router(sandbox: &Sandbox) -> Router {
    let services = entra::router(sandbox.clone()).merge(powerbi::router(sandbox.clone()));
    services
        .layer(middleware::from_fn_with_state(sandbox.clone(), observe::observe))
        .merge(admin::router(sandbox.clone()))
        .layer(middleware::from_fn_with_state(sandbox.clone(), observe::mark))
}

/// Serves `sandbox` on `listener` until `shutdown` ends; open connections finish their requests, for a while.
pub async fn serve(sandbox: Sandbox, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    accept_loop(sandbox, listener, None, shutdown).await;
}

/// Serves `sandbox` over TLS with a fresh certificate for localhost; its authority is written to `ca.pem` in `tls_dir`.
pub async fn serve_tls(
    sandbox: Sandbox,
    listener: TcpListener,
    tls_dir: &Path,
    shutdown: impl Future<Output = ()>,
) -> Result<(), TlsError> {
    let acceptor = tls::acceptor(tls_dir).await?;
    accept_loop(sandbox, listener, Some(acceptor), shutdown).await;
    Ok(())
}

async fn accept_loop(
    sandbox: Sandbox,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()>,
) {
    const GRACE: Duration = Duration::from_secs(5);
    let router = sandbox.router();
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = Connection {
                    router: router.clone(),
                    peer,
                    watcher: graceful.watcher(),
                };
                tokio::spawn(connection.run(stream, acceptor.clone()));
            }
            // Out of file handles, or the peer left already: the next one may work.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    // Whoever has not finished by then is cut off when the runtime ends.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// One connection, from the handshake to its end.
struct Connection {
    router: Router,
    peer: SocketAddr,
    watcher: Watcher,
}

impl Connection {
    async fn run(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        match acceptor {
            None => self.exchange(stream).await,
            Some(acceptor) => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    self.exchange(stream).await;
                }
            }
        }
    }

    async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let cut = Arc::new(Notify::new());
        let cutter = Cutter(Arc::clone(&cut));
        let (router, peer) = (self.router, self.peer);
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(cutter.clone());
            router.clone().oneshot(request)
        });
        let builder = Builder::new(TokioExecutor::new());
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        tokio::select! {
            _ = self.watcher.watch(connection) => {}
            // Dropping the connection closes it, with whatever was still to be said.
            () = cut.notified() => {}
        }
    }
}
