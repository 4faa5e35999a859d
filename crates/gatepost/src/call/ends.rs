//! Calls that were opened and never closed: their end is put on record as not known, by their own process or by the next.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::App;
use crate::audit::{Entry, Standing};
use crate::caller::{EnvironmentId, PersonId};
use crate::store;
use crate::store::audit::{self, Row};
use crate::store::replicas::{self, Replica};

/// A process that has said nothing for so long is gone; each says so twice a minute.
const SILENT_SECONDS: i64 = 5 * 60;
const PAGE: i64 = 1_000;

/// Says that this process runs, stores ends that the log refused before, and closes what processes that are gone left open.
pub async fn look_after(app: &App) -> store::Result<()> {
    tell_ends(app).await;
    say_alive(app).await?;
    let now = app.clock.now();
    if let Err(error) = app.audit.store_counts(now, false).await {
        tracing::warn!(%error, "counts of repeated refusals are not on record");
    }
    for it in replicas::gone(&app.db, &app.replica, now.plus_seconds(-SILENT_SECONDS)).await? {
        // Whoever takes it has as long as a process may be silent.
        if replicas::take(&app.db, &it, now).await? && close_after(app, &it).await? {
            replicas::remove(&app.db, &it.id).await?;
        }
    }
    Ok(())
}

/// Waits for calls under way, then puts those on record that have not ended. The last a process does before it closes its log.
pub async fn leave(app: &App, patience: Duration) {
    app.audit.open_calls().wait(patience).await;
    tell_ends(app).await;
    if let Err(error) = app.audit.store_counts(app.clock.now(), true).await {
        tracing::warn!(%error, "counts of repeated refusals are not on record");
    }
    let me = Replica {
        id: app.replica.to_string(),
        started_at: app.clock.now(),
        seen_at: app.clock.now(),
        from_seq: app.audit.open_calls().oldest().map_or(i64::MAX, |it| it - 1),
    };
    let done = match me.from_seq {
        i64::MAX => Ok(true),
        _ => close_after(app, &me).await,
    };
    match done {
        Ok(true) => {
            if let Err(error) = replicas::remove(&app.db, &me.id).await {
                tracing::warn!(%error, "this process is still listed as running; the next one closes its calls");
            }
        }
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "calls that have not ended are closed by the next process"),
    }
}

async fn tell_ends(app: &App) {
    for (opened, standing) in app.audit.open_calls().all() {
        if let Standing::Ended(entry) = standing
            && app.audit.append(*entry).await.is_ok()
        {
            app.audit.open_calls().close(opened);
        }
    }
}

/// Lists this process as running. Done before it serves: calls of a process that nobody knew of would be closed by none.
pub async fn say_alive(app: &App) -> store::Result<()> {
    let head = audit::head(&app.db).await?.map_or(0, |it| it.seq);
    // An entry that was stored before the last time is noted as open by now. At the first time nothing was opened yet, or
    // only a moment ago.
    let before = match app.audit.swap_noted(head) {
        0 => (head - PAGE).max(0),
        before => before,
    };
    let oldest = app.audit.open_calls().oldest().map_or(before, |it| it - 1);
    let me = Replica {
        id: app.replica.to_string(),
        started_at: app.clock.now(),
        seen_at: app.clock.now(),
        from_seq: before.min(oldest),
    };
    replicas::save(&app.db, &me).await
}

/// Closes what a process opened and did not close; true when all of it is on record.
async fn close_after(app: &App, replica: &Replica) -> store::Result<bool> {
    for (opened, left) in left_open(app, replica).await? {
        if app.audit.append(left.end(opened)).await.is_err() {
            return Ok(false);
        }
        app.audit.open_calls().close(opened);
    }
    Ok(true)
}

/// A call without an end on record.
struct Left {
    row: Row,
    operation: Value,
    /// Its answer had begun to be passed on.
    streams: bool,
}

impl Left {
    fn end(&self, opened: i64) -> Entry {
        let reason = "the gateway stopped before the end was known";
        let details = if self.streams {
            json!({ "opened": opened, "operation": self.operation, "whole": false, "outcome": "unknown", "reason": reason })
        } else {
            json!({ "opened": opened, "operation": self.operation, "outcome": "unknown", "reason": reason })
        };
        Entry {
            kind: if self.streams { "call.streamed" } else { "call.closed" },
            environment: self.row.environment_id.clone().map(EnvironmentId),
            person: self.row.person_id.clone().map(PersonId),
            trace: self.row.trace.clone(),
            details,
        }
    }
}

async fn left_open(app: &App, replica: &Replica) -> store::Result<BTreeMap<i64, Left>> {
    let (mut open, mut after) = (BTreeMap::new(), replica.from_seq);
    loop {
        let rows = audit::after(&app.db, after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(open) };
        after = last.seq;
        for row in rows.into_iter().filter(|it| it.kind.starts_with("call.")) {
            let entry: Value = serde_json::from_str(&row.entry).unwrap_or(Value::Null);
            let details = &entry["details"];
            let opened = details["opened"].as_i64().unwrap_or(row.seq);
            match row.kind.as_str() {
                "call.opened" if details["replica"] == *replica.id => {
                    let operation = details["operation"].clone();
                    let left = Left {
                        row,
                        operation,
                        streams: false,
                    };
                    drop(open.insert(left.row.seq, left));
                }
                "call.closed" if details["outcome"] == "streaming" => {
                    if let Some(left) = open.get_mut(&opened) {
                        left.streams = true;
                    }
                }
                "call.closed" | "call.streamed" => drop(open.remove(&opened)),
                _ => {}
            }
        }
    }
}
