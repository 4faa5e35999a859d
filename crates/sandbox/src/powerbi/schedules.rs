//! Refresh plans of semantic models.

use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refresh::word;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::model::Storage;

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const NOTIFY: [&str; 2] = ["NoNotification", "MailOnFailure"];
const FREQUENCIES: [i64; 5] = [15, 30, 60, 120, 180];

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    if !matches!(model.storage, Storage::Import) {
        return Err(Refusal::bad("only an imported semantic model has a refresh schedule"));
    }
    let plan = &model.schedule;
    let shape = object([
        ("days", json!(plan.days)),
        ("times", json!(plan.times)),
        ("enabled", plan.enabled.into()),
        ("localTimeZoneId", plan.time_zone.clone().into()),
        ("notifyOption", plan.notify.clone().into()),
    ]);
    Ok(odata::complex(call, "RefreshSchedule", shape))
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let value = value(call)?;
    let mut world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    if !matches!(model.storage, Storage::Import) {
        return Err(Refusal::bad("only an imported semantic model has a refresh schedule"));
    }
    let slots = if world.capacity_of(model.workspace, call.now_ms).is_some() {
        48
    } else {
        8
    };
    let mut plan = model.schedule.clone();
    let enabled = value.find_bool("enabled")?;
    if enabled == Some(false) && value.names().any(|name| !name.eq_ignore_ascii_case("enabled")) {
        return Err(Refusal::bad(
            "a request that disables the schedule must hold no other change",
        ));
    }
    plan.days = days(&value)?.unwrap_or(plan.days);
    plan.times = times(&value)?.unwrap_or(plan.times);
    plan.enabled = enabled.unwrap_or(plan.enabled);
    plan.time_zone = time_zone(&value)?.unwrap_or(plan.time_zone);
    plan.notify = value.find_text("notifyOption")?.map_or(Ok(plan.notify), |text| {
        word("notifyOption", &NOTIFY, text).map(str::to_owned)
    })?;
    if plan.times.len() > slots {
        return Err(Refusal::bad(format!("at most {slots} times a day are allowed here")));
    }
    if plan.enabled && plan.days.is_empty() {
        return Err(Refusal::bad("days must hold at least one day"));
    }
    rights::owned(call, &mut world)?.schedule = plan;
    Ok(Answer::empty())
}

pub(super) fn get_direct_query(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    if !matches!(model.storage, Storage::DirectQuery) {
        return Err(Refusal::bad("only a DirectQuery semantic model has this schedule"));
    }
    let plan = &model.direct_query_schedule;
    let shape = object([
        ("frequency", plan.frequency.into()),
        ("days", json!(plan.days)),
        ("times", json!(plan.times)),
        ("localTimeZoneId", plan.time_zone.clone().into()),
    ]);
    Ok(odata::complex(call, "DirectQueryRefreshSchedule", shape))
}

pub(super) fn update_direct_query(call: &Call) -> Result<Answer, Refusal> {
    let value = value(call)?;
    let mut world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    if !matches!(model.storage, Storage::DirectQuery) {
        return Err(Refusal::bad("only a DirectQuery semantic model has this schedule"));
    }
    let mut plan = model.direct_query_schedule.clone();
    let frequency = value.find_integer("frequency")?;
    let (days, times) = (days(&value)?, times(&value)?);
    if frequency.is_some_and(|minutes| !FREQUENCIES.contains(&minutes)) {
        return Err(Refusal::bad("frequency must be 15, 30, 60, 120 or 180"));
    }
    match (frequency, days, times) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            return Err(Refusal::bad("expected frequency, or days and times, but not both"));
        }
        (Some(minutes), None, None) => {
            (plan.frequency, plan.days, plan.times) = (Some(minutes), Vec::new(), Vec::new())
        }
        (None, Some(days), Some(times)) => (plan.frequency, plan.days, plan.times) = (None, days, times),
        (None, None, None) => {}
        (None, _, _) => return Err(Refusal::bad("days and times belong together")),
    }
    plan.time_zone = time_zone(&value)?.unwrap_or(plan.time_zone);
    rights::owned(call, &mut world)?.direct_query_schedule = plan;
    Ok(Answer::empty())
}

/// The `value` both requests wrap their fields in.
fn value(call: &Call) -> Result<Fields, Refusal> {
    call.fields()?
        .find_object("value")?
        .ok_or_else(|| Refusal::bad("value is required"))
}

fn days(value: &Fields) -> Result<Option<Vec<String>>, Refusal> {
    let Some(days) = value.find_texts("days")? else {
        return Ok(None);
    };
    if days.is_empty() {
        return Err(Refusal::bad("days must hold at least one day"));
    }
    days.iter()
        .map(|day| word("days", &WEEKDAYS, day).map(str::to_owned))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Times on the half hour.
fn times(value: &Fields) -> Result<Option<Vec<String>>, Refusal> {
    let Some(times) = value.find_texts("times")? else {
        return Ok(None);
    };
    let is_good = |time: &String| {
        let Some((hour, minute)) = time.split_once(':') else {
            return false;
        };
        hour.len() == 2 && hour.parse::<u8>().is_ok_and(|hour| hour < 24) && ["00", "30"].contains(&minute)
    };
    match times.iter().find(|time| !is_good(time)) {
        Some(time) => Err(Refusal::bad(format!("{time:?} is not a time on the full or half hour"))),
        None => Ok(Some(times)),
    }
}

/// A Windows time zone name; only its form is checked.
fn time_zone(value: &Fields) -> Result<Option<String>, Refusal> {
    let name = value.find_text("localTimeZoneId")?;
    let is_good = |name: &&str| *name == "UTC" || name.ends_with(" Time") || name.starts_with("UTC");
    match name {
        Some(name) if !is_good(&name) => Err(Refusal::bad(format!("{name:?} is not the Windows name of a time zone"))),
        name => Ok(name.map(str::to_owned)),
    }
}
