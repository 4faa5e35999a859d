//! Starting, listing and cancelling refreshes.

use http::HeaderName;
use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refresh_detail;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::ids::Kind;
use crate::world::model::Model;
use crate::world::model::RefreshBehaviour;
use crate::world::refresh::Attempt;
use crate::world::refresh::AttemptEnd;
use crate::world::refresh::Enhanced;
use crate::world::refresh::Object;
use crate::world::refresh::Phase;
use crate::world::refresh::Refresh;
use crate::world::refresh::Via;
use crate::world::time;

/// Refreshes a model on shared capacity may have in one day.
const SHARED_PER_DAY: usize = 8;
/// Entries the history keeps.
const HISTORY: usize = 60;
const NOTIFY: [&str; 3] = ["NoNotification", "MailOnFailure", "MailOnCompletion"];
const TYPES: [&str; 6] = [
    "Full",
    "ClearValues",
    "Calculate",
    "DataOnly",
    "Automatic",
    "Defragment",
];
const COMMIT_MODES: [&str; 2] = ["Transactional", "PartialBatch"];
/// What an enhanced refresh may say besides `notifyOption`.
const ENHANCED_FIELDS: [&str; 8] = [
    "type",
    "commitMode",
    "maxParallelism",
    "retryCount",
    "objects",
    "applyRefreshPolicy",
    "effectiveDate",
    "timeout",
];

/// What a request asked for.
struct Wanted {
    enhanced: Option<Enhanced>,
    retries: i64,
    timeout_ms: i64,
}

pub(super) fn start(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    if !model.is_refreshable() {
        return Err(Refusal::bad(
            "this semantic model keeps no copy of data at a source, so that there is nothing to refresh",
        ));
    }
    let wanted = read(&fields, model)?;
    let on_capacity = world.capacity_of(model.workspace, call.now_ms).is_some();
    if wanted.enhanced.is_some() && !on_capacity {
        return Err(Refusal::bad(
            "on shared capacity a refresh takes no more than notifyOption; enhanced refresh needs Premium or Fabric capacity",
        ));
    }
    if let Some(running) = model.running_refresh(call.now_ms) {
        return Err(Refusal::bad(format!(
            "another refresh request is already executing: {}",
            running.id
        )));
    }
    if !on_capacity && refreshes_of_last_day(model, call.now_ms) >= SHARED_PER_DAY {
        return Err(Refusal::coded(
            "RequestThrottled",
            format!("the limit of {SHARED_PER_DAY} refreshes in the last 24 hours is reached"),
        ));
    }
    // A refresh has the id of the request that started it: that is how programs find theirs in the history.
    let id = call.trace.request_id();
    let (id, number) = (
        id.unwrap_or_else(|| world.fresh.id(Kind::Refresh)),
        world.fresh.number(),
    );
    let model = rights::model_mut(call, &mut world, Need::Write)?;
    let via = if wanted.enhanced.is_some() {
        Via::EnhancedApi
    } else {
        Via::Api
    };
    let attempts = attempts(model.refresh_behaviour, call.now_ms, &wanted);
    let refresh = Refresh {
        id,
        number: 400_000_000 + number,
        via,
        started_ms: call.now_ms,
        attempts,
        cancelled_ms: None,
        enhanced: wanted.enhanced,
    };
    model.refreshes.insert(0, refresh);
    model.refreshes.truncate(HISTORY);
    let accepted = Answer::empty().status(StatusCode::ACCEPTED);
    if via == Via::Api {
        return Ok(accepted);
    }
    let url = call.own_url(&format!("{}/datasets/{}/refreshes/{id}", call.group_path(), model.id));
    Ok(accepted
        .header(HeaderName::from_static("x-ms-request-id"), id.to_string())
        .location(url))
}

fn refreshes_of_last_day(model: &Model, now_ms: i64) -> usize {
    model
        .refreshes
        .iter()
        .filter(|refresh| now_ms - refresh.started_ms < time::DAY_MS)
        .count()
}

/// Plans how a refresh will go: an attempt, and after each failure another one while retries last.
fn attempts(behaviour: RefreshBehaviour, now_ms: i64, wanted: &Wanted) -> Vec<Attempt> {
    let (takes_ms, end) = match behaviour {
        RefreshBehaviour::Completes { takes_ms } => (takes_ms, AttemptEnd::Completed),
        RefreshBehaviour::Fails { takes_ms, code, words } => (takes_ms, AttemptEnd::Failed { code, words }),
    };
    if takes_ms > wanted.timeout_ms {
        return vec![Attempt {
            ends_ms: now_ms + wanted.timeout_ms,
            end: AttemptEnd::TimedOut,
        }];
    }
    let count = if end == AttemptEnd::Completed {
        1
    } else {
        1 + wanted.retries
    };
    (1..=count)
        .map(|number| Attempt {
            ends_ms: now_ms + number * takes_ms,
            end,
        })
        .collect()
}

fn read(fields: &Fields, model: &Model) -> Result<Wanted, Refusal> {
    if let Some(unknown) = fields.names().find(|name| {
        !ENHANCED_FIELDS
            .iter()
            .chain(&["notifyOption"])
            .any(|known| known.eq_ignore_ascii_case(name))
    }) {
        return Err(Refusal::bad(format!("{unknown} is not a field of a refresh request")));
    }
    let notify = fields
        .find_text("notifyOption")?
        .map(|text| word("notifyOption", &NOTIFY, text))
        .transpose()?;
    let is_enhanced = fields.names().any(|name| !name.eq_ignore_ascii_case("notifyOption"));
    if !is_enhanced {
        return Ok(Wanted {
            enhanced: None,
            retries: 0,
            timeout_ms: 5 * time::HOUR_MS,
        });
    }
    if notify.is_some_and(|notify| notify != "NoNotification") {
        return Err(Refusal::bad(
            "an enhanced refresh sends no mail: leave notifyOption out",
        ));
    }
    let kind = fields
        .find_text("type")?
        .map_or(Ok("Automatic"), |text| word("type", &TYPES, text))?;
    let commit_mode = fields
        .find_text("commitMode")?
        .map_or(Ok("Transactional"), |text| word("commitMode", &COMMIT_MODES, text))?;
    if commit_mode == "PartialBatch" && fields.find_bool("applyRefreshPolicy")? == Some(true) {
        return Err(Refusal::bad(
            "commitMode PartialBatch and applyRefreshPolicy exclude each other",
        ));
    }
    if fields.find_integer("maxParallelism")?.is_some_and(|number| number < 1) {
        return Err(Refusal::bad("maxParallelism must be at least 1"));
    }
    let retries = fields.find_integer("retryCount")?.unwrap_or(0);
    if !(0..=10).contains(&retries) {
        return Err(Refusal::bad("retryCount must be from 0 to 10"));
    }
    let timeout_ms = fields.find_text("timeout")?.map_or(Ok(5 * time::HOUR_MS), timeout)?;
    let enhanced = Enhanced {
        kind,
        commit_mode,
        objects: objects(fields, model)?,
    };
    Ok(Wanted {
        enhanced: Some(enhanced),
        retries,
        timeout_ms,
    })
}

/// One word of a list, in any case.
pub(super) fn word(field: &str, known: &[&'static str], text: &str) -> Result<&'static str, Refusal> {
    let found = known.iter().find(|word| word.eq_ignore_ascii_case(text)).copied();
    found.ok_or_else(|| Refusal::bad(format!("{field} must be one of {}", known.join(", "))))
}

/// A span such as `02:00:00`, at most 24 hours.
fn timeout(text: &str) -> Result<i64, Refusal> {
    let parts: Option<Vec<i64>> = text.split(':').map(|part| part.parse().ok()).collect();
    let span_ms = match parts.as_deref() {
        Some([hours @ 0..=24, minutes @ 0..60, seconds @ 0..60]) => {
            ((hours * 60 + minutes) * 60 + seconds) * time::SECOND_MS
        }
        _ => 0,
    };
    if span_ms == 0 || span_ms > time::DAY_MS {
        return Err(Refusal::bad("timeout must be written hh:mm:ss, at most 24 hours"));
    }
    Ok(span_ms)
}

fn objects(fields: &Fields, model: &Model) -> Result<Vec<Object>, Refusal> {
    let mut objects = Vec::new();
    for item in fields.objects("objects")? {
        let table = item.text("table")?;
        let known = model
            .data
            .tables
            .iter()
            .find(|known| known.name.eq_ignore_ascii_case(table));
        let known = known.ok_or_else(|| Refusal::bad(format!("the semantic model has no table {table:?}")))?;
        let partition = item.find_text("partition")?.map(str::to_owned);
        objects.push(Object {
            table: known.name.clone(),
            partition,
        });
    }
    Ok(objects)
}

pub(super) fn history(call: &Call) -> Result<Answer, Refusal> {
    let top = call.query_number("$top")?.unwrap_or(HISTORY);
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    let items: Vec<_> = model
        .refreshes
        .iter()
        .take(top)
        .map(|refresh| shape(refresh, call.now_ms))
        .collect();
    Ok(odata::list(call, "refreshes", items))
}

/// One entry of the history.
pub(super) fn shape(refresh: &Refresh, now_ms: i64) -> Map<String, Value> {
    let phase = refresh.phase(now_ms);
    let failure = match phase {
        Phase::Failed { code, .. } => Some(json!({"errorCode": code}).to_string()),
        Phase::TimedOut { .. } => Some(json!({"errorCode": "ModelRefresh_ShortMessage_ProcessingError"}).to_string()),
        _ => None,
    };
    let attempts = refresh_detail::attempts(refresh, now_ms, false);
    let attempts = if attempts.is_empty() {
        Value::Null
    } else {
        attempts.into()
    };
    object([
        ("requestId", refresh.id.to_string().into()),
        ("id", refresh.number.into()),
        ("refreshType", refresh.via.name().into()),
        ("startTime", time::with_ms(refresh.started_ms).into()),
        ("endTime", phase.ended_ms().map(time::with_ms).into()),
        ("serviceExceptionJson", failure.into()),
        ("status", phase.status().into()),
        ("refreshAttempts", attempts),
    ])
}

pub(super) fn cancel(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("refresh")?;
    let mut world = call.world();
    let now_ms = call.now_ms;
    let refresh = refresh_mut(rights::model_mut(call, &mut world, Need::Write)?, id)?;
    if refresh.enhanced.is_none() {
        return Err(Refusal::bad(
            "only a refresh that was started as enhanced can be cancelled",
        ));
    }
    if !refresh.is_running(now_ms) {
        return Err(Refusal::bad("the refresh has ended already"));
    }
    refresh.cancelled_ms = Some(now_ms);
    Ok(Answer::empty())
}

fn refresh_mut(model: &mut Model, id: Uuid) -> Result<&mut Refresh, Refusal> {
    model
        .refreshes
        .iter_mut()
        .find(|refresh| refresh.id == id)
        .ok_or_else(Refusal::not_found)
}
