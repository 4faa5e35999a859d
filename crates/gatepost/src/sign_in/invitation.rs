//! `/invitation/{token}`: the way in for somebody who was invited. Opening it uses nothing up.

use std::net::IpAddr;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{Extensions, HeaderMap, StatusCode};
use serde_json::json;

use super::{alone, broken, peer, too_many};
use crate::admin::throttle::{self, Guess};
use crate::app::App;
use crate::connections;
use crate::page::{self, Message};
use crate::session;
use crate::store;
use crate::store::environments::{self, Environment};
use crate::store::invitations::{self, Invitation};

/// An invitation that can still be used, with its environment; `Err` with the seconds to wait when too many that are not
/// valid were tried.
pub(super) async fn open(
    app: &App,
    address: Option<IpAddr>,
    token: &str,
) -> store::Result<Result<Option<Opened>, u64>> {
    let counted = match throttle::guess(app, address, "") {
        Ok(counted) => counted,
        Err(seconds) => return Ok(Err(seconds)),
    };
    let found = judge(app, &counted, token).await?;
    if found.is_some() {
        counted.right(app);
    }
    Ok(Ok(found))
}

type Opened = (Invitation, Environment);

async fn judge(app: &App, _counted: &Guess, token: &str) -> store::Result<Option<Opened>> {
    let now = app.clock.now();
    let found = invitations::find_by_token(&app.db, &session::hash(token)).await?;
    let Some(invitation) = found.filter(|it| it.used_at.is_none() && now < it.expires_at) else {
        return Ok(None);
    };
    if !connections::inviter_may_still(app, &invitation).await? {
        return Ok(None);
    }
    let environment = environments::find(&app.db, &invitation.environment_id).await?;
    Ok(environment.map(|it| (invitation, it)))
}

/// `GET /invitation/{token}`
pub(super) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    Path(token): Path<String>,
) -> Response {
    let (invitation, environment) = match open(&app, peer(&extensions), &token).await {
        Ok(Ok(Some(found))) => found,
        Ok(Ok(None)) => return over(),
        Ok(Err(seconds)) => return too_many(seconds),
        Err(error) => return broken(&error),
    };
    let ways = match super::local::ways(&app, &environment.id).await {
        Ok(ways) => ways,
        Err(error) => return broken(&error),
    };
    let details = json!({
        "environment": environment.name, "email": invitation.email, "is_exact": invitation.is_exact, "token": token,
        "integrations": ways.integrations, "provider": ways.provider,
    });
    alone(
        &app,
        &headers,
        StatusCode::OK,
        &ways.leaving,
        "invitation.html",
        "You are invited",
        details,
    )
}

/// One page for every reason, so that nobody learns which links exist.
pub(super) fn over() -> Response {
    page::message(
        StatusCode::NOT_FOUND,
        Message {
            title: "This invitation is over",
            text: "The link is not complete, was used, was taken back, is older than seven days, or comes from somebody who may not invite any more.",
            who: "Whoever invited you",
            how: "They make a new one under People.",
            links: &[("/sign-in", "To the sign-in")],
            ..Message::default()
        },
    )
}
