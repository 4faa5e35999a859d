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
    Router::new()
        .merge(connect::router(app.clone()))
        .merge(oauth::router(app.clone()))
        .merge(mcp::router(app.clone()))
        .merge(rest::router(app.clone()))
        .merge(sign_in::router(app.clone()))
        .merge(portal::router(app.clone()))
        .merge(probes(app.clone()))
}

fn probes(app: App) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(app)
}

/// Ready when the database answers.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.db.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(error = %error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}

/// Serves the gateway until `shutdown` ends and the requests under way are done.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let public_url = Url::parse(&app.settings.public_url).expect("the public URL was checked at start");
    let is_https = public_url.scheme() == "https";
    let service = SecurityHeaders::new(routes(&app), is_https);
    let service = Filter::new(service, Hosts::new(&public_url, &[]));
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
