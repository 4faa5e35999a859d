//! Connecting a goal to a semantic model, which the service lets people do in its portal alone.

use std::sync::PoisonError;

use axum::extract::Path;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::Sandbox;
use crate::admin::Refusal;
use crate::admin::Wish;
use crate::world::access::Who;
use crate::world::scorecards::Connection;

/// Where a value of a goal shall come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionWish {
    side: Side,
    model: Uuid,
    query: String,
    person: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Current,
    Target,
}

pub(super) async fn connect(
    State(sandbox): State<Sandbox>,
    Path(goal): Path<Uuid>,
    Wish(wish): Wish<ConnectionWish>,
) -> Result<StatusCode, Refusal> {
    let person = sandbox.directory().find_person(&wish.person).cloned();
    let person = person.ok_or(Refusal::Unknown("person"))?;
    let connection = Connection {
        model: wish.model,
        query: wish.query,
        owner: Who {
            tid: person.tid,
            oid: person.oid,
            upn: person.upn,
            groups: person.groups,
            app_only: false,
        },
    };
    let mut world = sandbox.world().lock().unwrap_or_else(PoisonError::into_inner);
    world.model(wish.model).ok_or(Refusal::Unknown("semantic model"))?;
    let mut scorecards = world.scorecards.iter_mut();
    let goal = scorecards.find_map(|scorecard| scorecard.goal_mut(goal));
    let goal = goal.ok_or(Refusal::Unknown("goal"))?;
    match wish.side {
        Side::Current => goal.current = Some(connection),
        Side::Target => goal.target = Some(connection),
    }
    Ok(StatusCode::NO_CONTENT)
}
