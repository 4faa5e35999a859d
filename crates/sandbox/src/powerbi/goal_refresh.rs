//! Values of goals that come from semantic models: asking them again, what came of it, and cutting the connection.

use std::sync::Arc;

use http::StatusCode;

use crate::data;
use crate::dax;
use crate::dax::Cell;
use crate::dax::Identity;
use crate::dax::Limits;
use crate::dax::ResultSet;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::goals;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::scorecards;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::scorecards::Connection;
use crate::world::scorecards::Goal;
use crate::world::scorecards::GoalRefresh;
use crate::world::scorecards::RefreshEnd;
use crate::world::scorecards::Side;
use crate::world::time;

/// How long a refresh takes.
const TAKES_MS: i64 = 2_000;
/// Refreshes a goal remembers.
const MOST_REMEMBERED: usize = 100;

pub(super) fn refresh_current(call: &Call) -> Result<Answer, Refusal> {
    refresh(call, Side::Current)
}

pub(super) fn refresh_target(call: &Call) -> Result<Answer, Refusal> {
    refresh(call, Side::Target)
}

fn refresh(call: &Call, side: Side) -> Result<Answer, Refusal> {
    let (goal, connection, source) = {
        let mut world = call.world();
        let goal = scorecards::find_goal(call, &mut world, Role::Contributor)?;
        let (id, connection) = (goal.id, connection(goal, side).clone().ok_or_else(not_connected)?);
        let source = source(&world, &connection);
        (id, connection, source)
    };
    // Working out the number may take a while, and must not hold up others.
    let (end, pending) = match source {
        Err(end) => (end, Vec::new()),
        Ok((data, identity)) => {
            match dax::run_at(&data, &connection.query, &identity, &Limits::default(), call.now_ms) {
                Err(error) => (RefreshEnd::QueryExecutionError(error.message), Vec::new()),
                Ok(result) => numbers(&result, call.now_ms),
            }
        }
    };
    let mut world = call.world();
    let refresh = GoalRefresh {
        activity: world.fresh.id(Kind::Refresh),
        side,
        ends_ms: call.now_ms + TAKES_MS,
        end,
        pending,
    };
    let known = scorecards::find_goal(call, &mut world, Role::Contributor)?;
    debug_assert_eq!(known.id, goal);
    known.refreshes.push(refresh);
    let surplus = known.refreshes.len().saturating_sub(MOST_REMEMBERED);
    known.refreshes.drain(..surplus);
    Ok(Answer::empty().status(StatusCode::ACCEPTED))
}

fn connection(goal: &mut Goal, side: Side) -> &mut Option<Connection> {
    match side {
        Side::Current => &mut goal.current,
        Side::Target => &mut goal.target,
    }
}

fn not_connected() -> Refusal {
    Refusal::bad("the value of the goal is not connected to a semantic model")
}

/// The rows to ask and as whom, or why not.
fn source(world: &World, connection: &Connection) -> Result<(Arc<data::Model>, Identity), RefreshEnd> {
    let model = world
        .model(connection.model)
        .ok_or(RefreshEnd::ConnectedDatasetDeleted)?;
    let rights = world.model_rights(&connection.owner, model);
    if !rights.explore {
        return Err(RefreshEnd::UserNotAuthorized);
    }
    let identity = Identity {
        upn: connection.owner.upn.clone(),
        roles: None,
        bypass: rights.write,
    };
    Ok((model.data.clone(), identity))
}

/// The numbers of an answer, by day: those of two columns of days and numbers, or a single one for today.
fn numbers(result: &ResultSet, now_ms: i64) -> (RefreshEnd, Vec<(i64, f64)>) {
    let number = |cell: &Cell| match cell {
        Cell::Int(whole) => Some(*whole as f64),
        Cell::Number(number) => Some(*number).filter(|number| number.is_finite()),
        _ => None,
    };
    let today_ms = now_ms.div_euclid(time::DAY_MS) * time::DAY_MS;
    let point = |row: &Vec<Cell>| match row.as_slice() {
        [Cell::DateTime(ms), cell] => Some((ms.div_euclid(time::DAY_MS) * time::DAY_MS, number(cell)?)),
        [cell] if result.rows.len() == 1 => Some((today_ms, number(cell)?)),
        _ => None,
    };
    let is_blank = |row: &Vec<Cell>| row.last().is_none_or(|cell| *cell == Cell::Null);
    let rows: Vec<&Vec<Cell>> = result.rows.iter().filter(|row| !is_blank(row)).collect();
    if rows.is_empty() {
        return (RefreshEnd::EmptyGoalValues, Vec::new());
    }
    match rows.into_iter().map(point).collect() {
        Some(points) => (RefreshEnd::Succeeded, points),
        None => (RefreshEnd::QueryResultError, Vec::new()),
    }
}

pub(super) fn history(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Viewer)?;
    let item = |refresh: &GoalRefresh| {
        let (status, message) = words(refresh, call.now_ms);
        let side = match refresh.side {
            Side::Current => "Current",
            Side::Target => "Target",
        };
        object([
            ("goalId", goal.id.to_string().into()),
            ("connectionType", side.into()),
            ("status", status.into()),
            ("timestamp", time::with_ticks(refresh.ends_ms.min(call.now_ms)).into()),
            ("rootActivityId", refresh.activity.to_string().into()),
            ("message", message.into()),
        ])
    };
    let set = "Collection(Microsoft.PowerBI.ServiceContracts.Api.GoalRefreshHistory)";
    Ok(odata::list(call, set, goal.refreshes.iter().map(item)))
}

/// The status of a refresh, and what it means.
fn words(refresh: &GoalRefresh, now_ms: i64) -> (&'static str, String) {
    if now_ms < refresh.ends_ms {
        return ("NotProcessed", "the refresh is waiting for its turn".to_owned());
    }
    let plain = |status, message: &str| (status, message.to_owned());
    match &refresh.end {
        RefreshEnd::Succeeded => plain("Succeeded", "the value was brought up to date"),
        RefreshEnd::UserNotAuthorized => plain(
            "UserNotAuthorized",
            "whoever connected the goal may not build on the semantic model",
        ),
        RefreshEnd::ConnectedDatasetDeleted => plain("ConnectedDatasetDeleted", "the semantic model is gone"),
        RefreshEnd::QueryExecutionError(error) => ("QueryExecutionError", error.clone()),
        RefreshEnd::QueryResultError => plain("QueryResultError", "the query gave something else than numbers"),
        RefreshEnd::EmptyGoalValues => plain("EmptyGoalValues", "the query gave nothing"),
    }
}

pub(super) fn disconnect_current(call: &Call) -> Result<Answer, Refusal> {
    disconnect(call, Side::Current)
}

pub(super) fn disconnect_target(call: &Call) -> Result<Answer, Refusal> {
    disconnect(call, Side::Target)
}

/// Cuts the connection; what it brought stays.
fn disconnect(call: &Call, side: Side) -> Result<Answer, Refusal> {
    let id = call.id("goal")?;
    let mut world = call.world();
    let scorecard = scorecards::find(call, &mut world, Role::Contributor)?;
    let goal = scorecard.goal_mut(id).ok_or_else(Refusal::not_found)?;
    connection(goal, side).take().ok_or_else(not_connected)?;
    goal.modified_ms = call.now_ms;
    let goal = goal.clone();
    Ok(goals::answer(call, scorecard, &goal))
}
