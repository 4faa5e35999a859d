//! Step four of the funnel: the token, one request to Power BI, and the one retry that is always safe.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::outcome::{Answer, Content, gather};
use super::{CallError, Request};
use crate::app::App;
use crate::entra::{self, AccessError, AccessToken, Means};
use crate::policy::Permit;
use crate::powerbi::{Body, Kind, Limits, Refusal, Upstream, UpstreamAnswer};
use crate::store::connections::{self, Connection};
use crate::store::integrations;

/// Longer waits are told to the caller at once instead of being waited for.
const LONGEST_WAIT_S: u64 = 5;

pub(super) async fn send(
    app: &App,
    permit: &Permit,
    connection: &Connection,
    request: Request,
) -> Result<Answer, CallError> {
    let integration = integrations::find(&app.db, &connection.integration_id).await?;
    let integration = integration.ok_or_else(|| CallError::Internal("the connection's integration is gone".into()))?;
    let cloud = entra::cloud_of(&integration.cloud).map_err(|error| CallError::Access(error.into()))?;
    let mut token = entra::access_token(app.means(), permit, connection)
        .await
        .map_err(|error| at_link(app, error))?;
    connections::touch(&app.db, &connection.id, app.clock.now()).await?;
    let again = match &request.body {
        Body::Bytes(bytes) => Some(bytes.clone()),
        Body::Stream(_) => None,
    };
    let mut first = Some(request.body);
    let mut tries = Tries::default();
    loop {
        let body = first
            .take()
            .or_else(|| again.clone().map(Body::Bytes))
            .unwrap_or_else(Body::empty);
        let upstream = Upstream {
            method: http::Method::from_bytes(request.operation.method.as_str().as_bytes())
                .map_err(|error| CallError::Internal(error.to_string()))?,
            path_and_query: &request.bound.path_and_query,
            headers: &request.headers,
            body,
            token: &token.secret,
            limits: limits(app),
        };
        let answer = app.power_bi.send(&cloud, upstream).await.map_err(CallError::Send)?;
        if answer.status.as_u16() < 400 {
            return whole(answer).await;
        }
        let refusal = answer.refusal(&app.clock).await;
        match tries.next(&refusal, again.as_ref(), request.operation.effect) {
            Next::Refresh => token = fresh(app, permit, connection, &token).await?,
            Next::Wait(seconds) => pause(seconds).await,
            Next::Done => {
                if let Kind::ClaimsChallenge { claims } = &refusal.failure.kind {
                    reconnect_with(app, connection, &token, claims).await?;
                }
                return Ok(refused(refusal));
            }
        }
    }
}

impl App {
    /// What a token refresh needs of the gateway.
    pub fn means(&self) -> Means<'_> {
        Means {
            db: &self.db,
            clock: &self.clock,
            vault: &self.vault,
            entra: &self.entra,
            access: &self.access,
            replica: &self.replica,
        }
    }
}

fn limits(app: &App) -> Limits {
    Limits {
        first_byte: Duration::from_secs(app.settings.power_bi_timeout_seconds),
        total: Duration::from_secs(3600),
        ..Limits::default()
    }
}

#[derive(Default)]
struct Tries {
    refreshed: bool,
    waited: bool,
}

enum Next {
    Refresh,
    Wait(u64),
    Done,
}

impl Tries {
    /// A stale token is refreshed once (403 at Power BI; 401 is a matter of rights). A short throttle of a read is waited for once.
    fn next(&mut self, refusal: &Refusal, again: Option<&Bytes>, effect: catalogue::Effect) -> Next {
        let failure = &refusal.failure;
        if again.is_none() {
            return Next::Done;
        }
        match (&failure.kind, failure.retry_after_s) {
            (Kind::TokenExpired, _) if !self.refreshed => {
                self.refreshed = true;
                Next::Refresh
            }
            (Kind::Throttled, Some(seconds))
                if !self.waited && seconds <= LONGEST_WAIT_S && effect == catalogue::Effect::Read =>
            {
                self.waited = true;
                Next::Wait(seconds)
            }
            _ => Next::Done,
        }
    }
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds.max(1))).await;
}

async fn fresh(
    app: &App,
    permit: &Permit,
    connection: &Connection,
    stale: &AccessToken,
) -> Result<AccessToken, CallError> {
    entra::expire(app.means(), connection, stale.generation)
        .await
        .map_err(CallError::Access)?;
    let row = connections::find(&app.db, &connection.id)
        .await?
        .ok_or_else(|| CallError::Internal("the connection is gone".into()))?;
    entra::access_token(app.means(), permit, &row)
        .await
        .map_err(|error| at_link(app, error))
}

async fn reconnect_with(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    claims: &str,
) -> Result<(), CallError> {
    let reason = "Your organisation asks for another proof of who you are. Connect again.";
    crate::store::refresh::save_dead(
        &app.db,
        &connection.id,
        token.generation,
        reason,
        "insufficient_claims",
        Some(claims),
    )
    .await?;
    Ok(())
}

fn at_link(app: &App, error: AccessError) -> CallError {
    match error {
        AccessError::NotConnected { reason, .. } => CallError::NotConnected {
            link: app.settings.url("/connections"),
            reason,
        },
        AccessError::Sealed => CallError::NotConnected {
            link: app.settings.url("/connections"),
            reason: "the stored tokens cannot be used; connect again".into(),
        },
        other => CallError::Access(other),
    }
}

async fn whole(answer: UpstreamAnswer) -> Result<Answer, CallError> {
    let mut headers = answer.headers;
    if let Some(location) = answer.location.as_deref().and_then(|it| it.parse().ok()) {
        headers.insert(http::header::LOCATION, location);
    }
    let content = gather(answer.body).await.map_err(CallError::Send)?;
    Ok(Answer {
        status: answer.status,
        headers,
        content,
        request_id: answer.request_id,
        failure: None,
        trace: String::new(),
    })
}

fn refused(refusal: Refusal) -> Answer {
    let headers: HeaderMap = refusal.headers;
    Answer {
        status: refusal.status,
        headers,
        content: Content::Whole(refusal.body.into()),
        request_id: refusal.failure.request_id.clone(),
        failure: Some(refusal.failure),
        trace: String::new(),
    }
}
