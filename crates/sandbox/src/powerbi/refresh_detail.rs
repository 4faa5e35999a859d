//! The detail of one refresh: objects, attempts, messages.

use http::StatusCode;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::model::Model;
use crate::world::refresh::AttemptEnd;
use crate::world::refresh::Object;
use crate::world::refresh::Phase;
use crate::world::refresh::Refresh;
use crate::world::time;

/// What the service calls a failed refresh in general; the cause stands in the messages.
const PROCESSING_ERROR: &str = "ModelRefresh_ShortMessage_ProcessingError";

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("refresh")?;
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    let refresh = model
        .refreshes
        .iter()
        .find(|refresh| refresh.id == id)
        .ok_or_else(Refusal::not_found)?;
    let status = if refresh.is_running(call.now_ms) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok(Answer::json(&shape(model, refresh, call.now_ms)).status(status))
}

fn shape(model: &Model, refresh: &Refresh, now_ms: i64) -> Value {
    let phase = refresh.phase(now_ms);
    let kind = refresh.enhanced.as_ref().map_or("Full", |enhanced| enhanced.kind);
    let attempts = attempts(refresh, now_ms, true);
    let (messages, failure) = match phase {
        Phase::Failed { code, words, .. } => {
            let message = json!([{"code": code, "message": words, "type": "Error"}]);
            (
                message,
                Some(json!({"errorCode": PROCESSING_ERROR, "errorDescription": words}).to_string()),
            )
        }
        Phase::TimedOut { .. } => {
            let message =
                json!([{"code": "0xC11C0020", "message": "the refresh took longer than its timeout", "type": "Error"}]);
            (message, Some(json!({"errorCode": PROCESSING_ERROR}).to_string()))
        }
        _ => (Value::Null, None),
    };
    Value::Object(object([
        ("startTime", time::with_ms(refresh.started_ms).into()),
        ("endTime", phase.ended_ms().map(time::with_ms).into()),
        ("type", kind.into()),
        (
            "commitMode",
            refresh
                .enhanced
                .as_ref()
                .map_or("Transactional", |enhanced| enhanced.commit_mode)
                .into(),
        ),
        ("status", phase.status().into()),
        ("extendedStatus", phase.extended_status().into()),
        ("currentRefreshType", kind.into()),
        ("numberOfAttempts", ended_attempts(refresh, now_ms).into()),
        ("objects", objects(model, refresh, phase)),
        ("messages", messages),
        (
            "refreshAttempts",
            if attempts.is_empty() {
                Value::Null
            } else {
                attempts.into()
            },
        ),
        ("initiatedBy", refresh.via.name().into()),
        ("serviceExceptionJson", failure.into()),
    ]))
}

fn ended_attempts(refresh: &Refresh, now_ms: i64) -> usize {
    refresh
        .attempts
        .iter()
        .filter(|attempt| attempt.ends_ms <= now_ms)
        .count()
}

/// The tables asked for, or all of them, each with a status.
fn objects(model: &Model, refresh: &Refresh, phase: Phase) -> Value {
    let all = || {
        model
            .data
            .tables
            .iter()
            .map(|table| Object {
                table: table.name.clone(),
                partition: None,
            })
            .collect()
    };
    let asked = refresh
        .enhanced
        .as_ref()
        .map(|enhanced| enhanced.objects.clone())
        .filter(|objects| !objects.is_empty());
    let status = phase.extended_status();
    let object = |object: Object| {
        // A table that was never split has one partition of its own name.
        let partition = object.partition.unwrap_or_else(|| object.table.clone());
        json!({"table": object.table, "partition": partition, "status": status})
    };
    asked.unwrap_or_else(all).into_iter().map(object).collect()
}

/// The attempts that have begun: reading the data, then the queries that warm it up.
pub(super) fn attempts(refresh: &Refresh, now_ms: i64, with_metrics: bool) -> Vec<Value> {
    if refresh.is_running(now_ms) && refresh.attempts.len() < 2 {
        return Vec::new();
    }
    let mut shown = Vec::new();
    let mut begins_ms = refresh.started_ms;
    for (number, attempt) in (1..).zip(&refresh.attempts) {
        let stopped_ms = refresh.cancelled_ms.unwrap_or(now_ms);
        if begins_ms > stopped_ms {
            break;
        }
        let has_ended = attempt.ends_ms <= stopped_ms;
        let end_ms = (has_ended || refresh.cancelled_ms.is_some()).then_some(attempt.ends_ms.min(stopped_ms));
        let failure = match attempt.end {
            AttemptEnd::Failed { code, words } if has_ended => {
                Some(json!({"errorCode": code, "errorDescription": words}).to_string())
            }
            _ => None,
        };
        let metrics = end_ms
            .filter(|_| with_metrics && failure.is_none())
            .map(|end_ms| metrics(begins_ms, end_ms));
        shown.push(Value::Object(object([
            ("attemptId", number.into()),
            ("startTime", time::with_ms(begins_ms).into()),
            ("endTime", end_ms.map(time::with_ms).into()),
            ("type", "Data".into()),
            ("serviceExceptionJson", failure.into()),
            ("executionMetrics", metrics.into()),
        ])));
        if has_ended && attempt.end == AttemptEnd::Completed {
            let moment = time::with_ms(attempt.ends_ms);
            shown.push(json!({"attemptId": number, "startTime": moment, "endTime": moment, "type": "Query"}));
        }
        begins_ms = attempt.ends_ms;
    }
    shown
}

fn metrics(begins_ms: i64, ends_ms: i64) -> Value {
    let took_ms = ends_ms - begins_ms;
    json!([{
        "timeStart": time::with_ms(begins_ms), "timeEnd": time::with_ms(ends_ms), "durationMs": took_ms,
        "externalQueryExecutionTimeMs": took_ms / 5, "vertipaqJobCpuTimeMs": took_ms / 12, "totalCpuTimeMs": took_ms / 3,
        "approximatePeakMemConsumptionKB": 41_000,
    }])
}
