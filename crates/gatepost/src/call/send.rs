//! Step four of the funnel: the token, one request to Power BI, and the few repeats that are safe.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catalogue::{Effect, Operation};
use http::HeaderMap;

use super::outcome::{Answer, Content, gather};
use super::repeat::{Next, Tries};
use super::taken::Taken;
use super::{CallError, Request, Standing};
use crate::app::App;
use crate::entra::{self, AccessError, AccessToken, Means};
use crate::memory::Held;
use crate::policy::Permit;
use crate::powerbi::{Body, Budget, Kind, Limits, Refusal, SendError, Turn, Upstream, UpstreamAnswer};
use crate::store::connections::{self, Connection};
use crate::store::integrations::{self, Integration};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn send(
    app: &App,
    permit: &Permit,
    connection: &Connection,
    budget: &Budget,
    request: Request,
    approval: &mut Taken,
    standing: &Standing,
) -> Result<Answer, CallError> {
    let integration = integrations::find(&app.db, &connection.integration_id).await?;
    let integration = integration.ok_or_else(|| CallError::Internal("the connection's integration is gone".into()))?;
    let cloud = entra::cloud_of(&app.clouds, &integration.cloud).map_err(|error| CallError::Access(error.into()))?;
    let mut token = entra::access_token(&app.means(), permit, &integration, connection)
        .await
        .map_err(|error| at_link(app, error))?;
    connections::touch(&app.db, &connection.id, connection.used_at, app.clock.now()).await?;
    app.budgets.count();
    let again = match &request.body {
        Body::Bytes(bytes) => Some(bytes.clone()),
        Body::Stream(_) => None,
    };
    let limits = limits(app, request.operation, again.is_none());
    let mut body = request.body;
    let mut tries = Tries::new(app, connection, request.operation, again.is_some());
    loop {
        // The token may have taken its time, and so may a pause before a repeat.
        standing.check().await?;
        let upstream = Upstream {
            method: http::Method::from_bytes(request.operation.method.as_str().as_bytes())
                .map_err(|error| CallError::Internal(error.to_string()))?,
            path_and_query: &request.bound.path_and_query,
            headers: &request.headers,
            body,
            token: &token.secret,
            limits,
        };
        let sent = match app.power_bi.send(&cloud, upstream).await {
            Ok(answer) if answer.status.as_u16() < 400 => {
                let held = app.memory.nothing(&connection.person_id);
                whole(answer, held).await.map_err(Failed::Nothing)
            }
            Ok(answer) => Err(Failed::Refused(Box::new(answer.refusal(&app.clock).await))),
            Err(error) => Err(Failed::Nothing(error)),
        };
        if may_be_done(&sent) {
            approval.reached();
        }
        let failed = match sent {
            Ok(answer) => {
                if tries.has_waited() {
                    app.budgets.reopen(budget).await;
                }
                return Ok(answer);
            }
            Err(failed) => failed,
        };
        let next = match &failed {
            Failed::Refused(refusal) => {
                close_budget(app, budget, refusal).await?;
                tries.after_refusal(&refusal.failure)
            }
            Failed::Nothing(error) => tries.after_failure(*error),
        };
        match next {
            Next::Refresh => token = fresh(app, permit, &integration, connection, &token).await?,
            Next::Wait { ms } => app.clock.pause(ms).await,
            // A repeat is a call like any other to whoever counts them.
            Next::Repeat { ms } if is_turn(app, budget).await? => app.clock.pause(ms).await,
            Next::Repeat { .. } | Next::Done => {
                return ended(app, connection, request.operation, &token, failed).await;
            }
        }
        body = again.clone().map_or_else(Body::empty, Body::Bytes);
    }
}

/// Whether Power BI may have done what was asked, or has refused it for good.
fn may_be_done(sent: &Result<Answer, Failed>) -> bool {
    match sent {
        Ok(_) => true,
        // A token that has ended is refused before anything begins, and the call is sent once more.
        Err(Failed::Refused(refusal)) => refusal.failure.kind != Kind::TokenExpired,
        Err(Failed::Nothing(error)) => !matches!(error, SendError::Unreachable | SendError::Address),
    }
}

/// Why there is nothing to pass on yet.
enum Failed {
    Refused(Box<Refusal>),
    Nothing(SendError),
}

async fn ended(
    app: &App,
    connection: &Connection,
    operation: &'static Operation,
    token: &AccessToken,
    failed: Failed,
) -> Result<Answer, CallError> {
    match failed {
        Failed::Nothing(error) => Err(CallError::Send(error)),
        Failed::Refused(mut refusal) => {
            match &refusal.failure.kind {
                Kind::ClaimsChallenge { claims } => reconnect_with(app, connection, token, claims).await?,
                // Microsoft's lists are not exact enough to refuse a call by them, but they explain a refusal.
                Kind::Rights => {
                    let granted: Vec<&str> = connection.scopes.split_ascii_whitespace().collect();
                    refusal.failure.lacks = operation.scopes.missing(&granted);
                }
                _ => {}
            }
            Ok(refused(*refusal))
        }
    }
}

/// Whatever the service says of "too many" holds for everybody who draws on the same budget.
async fn close_budget(app: &App, budget: &Budget, refusal: &Refusal) -> Result<(), CallError> {
    let Some(seconds) = refusal
        .failure
        .retry_after_s
        .filter(|_| refusal.failure.kind == Kind::Throttled)
    else {
        return Ok(());
    };
    let now = app.clock.now();
    let until = now.plus_seconds(i64::try_from(seconds).unwrap_or(0));
    Ok(app.budgets.close(&app.db, now, budget, until).await?)
}

async fn is_turn(app: &App, budget: &Budget) -> Result<bool, CallError> {
    Ok(app.budgets.take(&app.db, app.clock.now(), budget).await? == Turn::Now)
}

impl App {
    /// What a token refresh needs of the gateway.
    pub fn means(&self) -> Means {
        Means {
            db: self.db.clone(),
            clock: self.clock.clone(),
            vault: self.vault.clone(),
            clouds: self.clouds.clone(),
            entra: self.entra.clone(),
            access: Arc::clone(&self.access),
            replica: Arc::clone(&self.replica),
        }
    }
}

/// How long a call may take and how much may come, by what it does.
fn limits(app: &App, operation: &Operation, is_upload: bool) -> Limits {
    use catalogue::Answer::{Arrow, Binary};
    let is_file = matches!(operation.answer, Binary | Arrow);
    let total = match operation.effect {
        _ if is_file || is_upload => 60 * MINUTE,
        Effect::Read => 5 * MINUTE,
        Effect::Run | Effect::Create | Effect::Update | Effect::Delete | Effect::Share | Effect::Admin => 10 * MINUTE,
    };
    let usual = Limits::default();
    Limits {
        first_byte: Duration::from_secs(app.settings.power_bi_timeout_seconds),
        total,
        most_bytes: if is_file {
            app.settings.download_bytes
        } else {
            usual.most_bytes
        },
        most_upload_bytes: app.settings.upload_bytes,
        may_be_compressed: is_file,
        ..usual
    }
}

async fn fresh(
    app: &App,
    permit: &Permit,
    integration: &Integration,
    connection: &Connection,
    stale: &AccessToken,
) -> Result<AccessToken, CallError> {
    entra::expire(&app.means(), connection, stale.generation)
        .await
        .map_err(CallError::Access)?;
    let row = connections::find(&app.db, &connection.id)
        .await?
        .ok_or_else(|| CallError::Internal("the connection is gone".into()))?;
    entra::access_token(&app.means(), permit, integration, &row)
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

async fn whole(answer: UpstreamAnswer, held: Held) -> Result<Answer, SendError> {
    let mut headers = answer.headers;
    if let Some(location) = answer.location.as_deref().and_then(|it| it.parse().ok()) {
        headers.insert(http::header::LOCATION, location);
    }
    let content = gather(answer.body, held).await?;
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
        content: Content::Whole(Bytes::from(refusal.body)),
        request_id: refusal.failure.request_id.clone(),
        failure: Some(refusal.failure),
        trace: String::new(),
    }
}
