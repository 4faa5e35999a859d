//! Looking through the audit log: every filter ends at the entries it finds, by an index, however long the log is.

use super::audit::{COLUMNS, Row};
use super::audit_hours;
use super::list::Statement;
use super::{Db, Result};
use crate::caller::EnvironmentId;
use crate::clock::Timestamp;

/// The most kinds of one search.
const MOST_KINDS: usize = 40;
/// The most entries of one page.
pub const MOST_ROWS: i64 = 500;

/// Which entries of an environment are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    pub person: Option<&'a str>,
    /// Any of these kinds; none means every kind.
    pub kinds: &'a [&'a str],
    pub trace: Option<&'a str>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Which end of the log comes first, and behind which entry to go on.
#[derive(Clone, Copy, Debug)]
pub enum Direction {
    /// The newest first, those before this number.
    Back(i64),
    /// The oldest first, those after this number.
    Forth(i64),
}

/// The wanted entries of an environment, at most `limit` and [`MOST_ROWS`].
pub async fn search(
    db: &Db,
    environment: &EnvironmentId,
    wanted: &Wanted<'_>,
    direction: Direction,
    limit: i64,
) -> Result<Vec<Row>> {
    let Some(span) = audit_hours::span(db, environment, wanted.since, wanted.until).await? else {
        return Ok(Vec::new());
    };
    statement(db, environment, wanted, direction, span, limit)
        .rows(db)
        .await
}

/// A statement that uses one index exactly. Several kinds are several searches, each in the order of the whole, because one
/// search over all of them would have to sort everything it finds.
pub(super) fn statement(
    db: &Db,
    environment: &EnvironmentId,
    wanted: &Wanted<'_>,
    direction: Direction,
    span: (i64, i64),
    limit: i64,
) -> Statement {
    let limit = limit.clamp(0, MOST_ROWS);
    let order = match direction {
        Direction::Back(_) => " ORDER BY seq DESC LIMIT ",
        Direction::Forth(_) => " ORDER BY seq LIMIT ",
    };
    let mut all = Statement::default();
    all.text("SELECT ").text(COLUMNS).text(" FROM (");
    let kinds: Vec<Option<&str>> = match wanted.kinds {
        [] => vec![None],
        kinds => kinds.iter().take(MOST_KINDS).map(|it| Some(*it)).collect(),
    };
    // Left to itself, SQLite may take the environment's index and read the whole log for a rare kind. PostgreSQL knows what
    // is rare, and has no such words.
    let by = match db {
        Db::Sqlite(_) => format!(" INDEXED BY {}", index(wanted)),
        Db::Postgres(_) => String::new(),
    };
    for (at, kind) in kinds.into_iter().enumerate() {
        if 0 < at {
            all.text(" UNION ALL ");
        }
        all.text("SELECT * FROM (");
        all.text("SELECT ").text(COLUMNS).text(" FROM audit_entries").text(&by);
        one_kind(&mut all, environment, wanted, kind, direction, span);
        all.text(order).value(limit).text(") AS found");
    }
    all.text(") AS every_kind").text(order).value(limit);
    all
}

/// The index whose columns are all given, in the order of the answer.
pub(super) fn index(wanted: &Wanted<'_>) -> &'static str {
    match (wanted.trace, wanted.person, wanted.kinds.is_empty()) {
        (Some(_), ..) => "audit_by_trace",
        (None, None, true) => "audit_by_environment",
        (None, Some(_), true) => "audit_by_person",
        (None, None, false) => "audit_by_kind",
        (None, Some(_), false) => "audit_by_person_and_kind",
    }
}

fn one_kind(
    to: &mut Statement,
    environment: &EnvironmentId,
    wanted: &Wanted<'_>,
    kind: Option<&str>,
    direction: Direction,
    (first, last): (i64, i64),
) {
    match wanted.trace {
        // A trace is a handful of entries; its index is the best one however little is known of the others.
        Some(trace) => to
            .text(" WHERE trace = ")
            .value(trace)
            .text(" AND environment_id || '' = "),
        None => to.text(" WHERE environment_id = "),
    };
    to.value(environment.0.as_str());
    let column = |name: &str, is_kept_apart: bool| {
        if is_kept_apart {
            format!("{name} || ''")
        } else {
            name.to_owned()
        }
    };
    let by_trace = wanted.trace.is_some();
    if let Some(person) = wanted.person {
        to.text(&format!(" AND {} = ", column("person_id", by_trace)))
            .value(person);
    }
    if let Some(kind) = kind {
        to.text(&format!(" AND {} = ", column("kind", by_trace))).value(kind);
    }
    let (first, last) = match direction {
        Direction::Back(before) => (first, last.min(before.saturating_sub(1))),
        Direction::Forth(after) => (first.max(after.saturating_add(1)), last),
    };
    to.text(" AND seq >= ").value(first).text(" AND seq <= ").value(last);
    if let Some(since) = wanted.since {
        to.text(" AND time >= ").value(since.0);
    }
    if let Some(until) = wanted.until {
        to.text(" AND time < ").value(until.0);
    }
}
