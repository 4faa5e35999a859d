//! Every face under one roof, and the probes.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use tokio::net::TcpListener;
use url::Url;

use super::accept::{self, Limits};
use super::filter::{Filter, Hosts};
use super::headers::SecurityHeaders;
use super::ready::Readiness;
use crate::app::App;
use crate::config::Settings;
use crate::connect;
use crate::mcp;
use crate::oauth;
use crate::portal;
use crate::rest;
use crate::sign_in;

/// The addresses of the gateway.
pub fn routes(app: &App) -> Router {
    with_probes(app, Readiness::of(app.clone()))
}

fn with_probes(app: &App, readiness: Readiness) -> Router {
    Router::new()
        .merge(connect::router(app.clone()))
        .merge(oauth::router(app.clone()))
        .merge(mcp::router(app.clone()))
        .merge(rest::router(app.clone()))
        .merge(sign_in::router(app.clone()))
        .merge(portal::router(app.clone()))
        .merge(probes(readiness))
}

fn probes(readiness: Readiness) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    readiness.probe().await
}

/// Serves the gateway until `shutdown` ends and the requests under way are done.
///
/// After `shutdown` it first says for a moment that it is not ready, so that whoever shares out the calls sends no more.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let public_url = Url::parse(&app.settings.public_url).expect("the public URL was checked at start");
    let is_https = public_url.scheme() == "https";
    let readiness = Readiness::of(app.clone());
    let service = SecurityHeaders::new(with_probes(&app, readiness.clone()), is_https);
    let service = Filter::new(service, Hosts::new(&public_url, &[]));
    let notice = std::time::Duration::from_secs(app.settings.unready_seconds);
    let shutdown = async {
        shutdown.await;
        readiness.stop();
        tracing::info!(
            seconds = app.settings.unready_seconds,
            "stopping: not ready any more, and calls are still taken for a moment"
        );
        tokio::time::sleep(notice).await;
    };
    accept::serve(listener, service, limits(&app.settings), shutdown).await;
}

fn limits(settings: &Settings) -> Limits {
    let seconds = std::time::Duration::from_secs;
    Limits {
        head: seconds(settings.header_seconds),
        first_byte: seconds(settings.header_seconds),
        idle: seconds(settings.idle_seconds),
        drain: seconds(settings.drain_seconds),
        connections: settings.connections,
        connections_per_address: settings.connections_per_address,
        proxies: settings.proxies(),
        ..Limits::default()
    }
}
