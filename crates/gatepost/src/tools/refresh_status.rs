//! `refresh_status`: how the last refreshes of a model went, and when the next is planned.

use serde_json::{Map, Value};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Item, Meant};
use super::outcome::Said;
use super::refreshes::{HISTORY, Refresh, history, on};
use super::run_dax::title;
use super::text::{DATA_NOTE, short, table};
use super::tool::{Emits, Hints, Tool};
use crate::clock::Timestamp;

const SHOWN: usize = 5;
const READ: usize = 20;
const DAY_S: i64 = 24 * 3600;
const SCHEDULES: &[&str] = &[
    "datasets.get_refresh_schedule",
    "datasets.get_refresh_schedule_in_group",
];

pub(super) const TOOL: Tool = Tool {
    name: "refresh_status",
    title: "Status of a model's refreshes",
    description: "Tells how the last refreshes of a semantic model went, why one failed and who can mend it, whether one runs now, and the schedule with the next planned run.",
    input: r#"{
  "type": "object",
  "properties": {
    "model": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "semantic model: name, workspace/name, id, or pasted Power BI address"}
  },
  "required": ["model"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS, HISTORY, SCHEDULES]),
    needs: HISTORY,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "model").ok_or_else(|| Fault::Words("Give the semantic model.".into()))?;
    let model = items::model(context, asked, Meant::Read).await?;
    let refreshes = history(context, &model, READ).await?;
    let now = context.app.clock.now();
    let mut words = format!("{}\n{}", title(&model), of_history(&refreshes, now));
    words.push_str(&format!("\n{}", schedule(context, &model, now).await));
    Ok(words.into())
}

fn of_history(refreshes: &[Refresh], now: Timestamp) -> String {
    let Some(newest) = refreshes.first() else {
        return "No refresh is on record.".into();
    };
    let lines: Vec<_> = refreshes.iter().take(SHOWN).map(|it| line(it, now)).collect();
    let (list, _) = table(
        &["started (UTC)", "status", "seconds", "type", "reason"],
        &lines,
        20_000,
    );
    let of_today = refreshes
        .iter()
        .filter(|it| it.ended.is_none() || is_of_last_day(it, now))
        .count();
    let state = if newest.is_running() {
        "A refresh is running now."
    } else {
        "No refresh is running."
    };
    format!(
        "{state} {of_today} in the last 24 hours (shared capacity allows 8, scheduled ones included).\n{DATA_NOTE}\n{list}"
    )
}

fn line(refresh: &Refresh, now: Timestamp) -> Vec<String> {
    let seconds = refresh.seconds(now).map(|it| it.to_string()).unwrap_or_default();
    let reason = refresh.reason.clone().unwrap_or_default();
    vec![
        refresh.started.clone(),
        refresh.state().to_owned(),
        seconds,
        refresh.kind.clone(),
        reason,
    ]
}

fn is_of_last_day(refresh: &Refresh, now: Timestamp) -> bool {
    let started = refresh.started.parse::<jiff::Timestamp>();
    started.is_ok_and(|it| now.unix_seconds() - it.as_second() < DAY_S)
}

async fn schedule(context: &Context<'_>, model: &Item, now: Timestamp) -> String {
    let read = match on(model, SCHEDULES) {
        Ok((operation, arguments)) => context.json(operation, arguments).await,
        Err(fault) => Err(fault),
    };
    match read {
        Ok(schedule) => of_schedule(&schedule, now),
        Err(fault) => format!("Schedule: not shown, {}", fault.brief()),
    }
}

/// The schedule in words.
pub(super) fn of_schedule(schedule: &Value, now: Timestamp) -> String {
    let texts = |name: &str| -> Vec<&str> {
        let list = schedule[name].as_array();
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let (days, times) = (texts("days"), texts("times"));
    let zone = schedule["localTimeZoneId"].as_str().unwrap_or("UTC");
    if schedule["enabled"].as_bool() != Some(true) {
        return "Schedule: off; the model is refreshed only when somebody asks.".into();
    }
    let mut words = format!(
        "Schedule: on {} at {} ({}).",
        short(&days.join(", "), 120),
        short(&times.join(", "), 300),
        short(zone, 60)
    );
    if let Some(next) = next(&days, &times, zone, now) {
        words.push_str(&format!(" Next: {next}."));
    }
    words
}

/// The next planned run, if the zone is known here.
fn next(days: &[&str], times: &[&str], zone: &str, now: Timestamp) -> Option<String> {
    let zone = jiff::tz::TimeZone::get(iana(zone)?).ok()?;
    let here = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone);
    let mut times: Vec<jiff::civil::Time> = times.iter().filter_map(|it| it.parse().ok()).collect();
    times.sort();
    for ahead in 0..=7 {
        let day = here.date().checked_add(jiff::Span::new().days(ahead)).ok()?;
        let name = format!("{:?}", day.weekday());
        if !days.is_empty() && !days.iter().any(|it| it.eq_ignore_ascii_case(&name)) {
            continue;
        }
        for time in &times {
            let at = day.to_datetime(*time).to_zoned(here.time_zone().clone()).ok()?;
            if here < at {
                return Some(format!(
                    "{name} {} {:02}:{:02}, that is {} UTC",
                    day,
                    time.hour(),
                    time.minute(),
                    utc(&at)
                ));
            }
        }
    }
    None
}

fn utc(at: &jiff::Zoned) -> String {
    at.timestamp().strftime("%Y-%m-%d %H:%M").to_string()
}

/// Power BI names zones as Windows does; these are the common ones, by the Unicode CLDR's table.
fn iana(windows: &str) -> Option<&'static str> {
    const ZONES: &[(&str, &str)] = &[
        ("UTC", "UTC"),
        ("GMT Standard Time", "Europe/London"),
        ("Greenwich Standard Time", "Atlantic/Reykjavik"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Central Europe Standard Time", "Europe/Budapest"),
        ("Central European Standard Time", "Europe/Warsaw"),
        ("Romance Standard Time", "Europe/Paris"),
        ("GTB Standard Time", "Europe/Bucharest"),
        ("FLE Standard Time", "Europe/Kiev"),
        ("E. Europe Standard Time", "Europe/Chisinau"),
        ("Turkey Standard Time", "Europe/Istanbul"),
        ("Russian Standard Time", "Europe/Moscow"),
        ("Israel Standard Time", "Asia/Jerusalem"),
        ("South Africa Standard Time", "Africa/Johannesburg"),
        ("Arabian Standard Time", "Asia/Dubai"),
        ("India Standard Time", "Asia/Kolkata"),
        ("China Standard Time", "Asia/Shanghai"),
        ("Singapore Standard Time", "Asia/Singapore"),
        ("Tokyo Standard Time", "Asia/Tokyo"),
        ("Korea Standard Time", "Asia/Seoul"),
        ("AUS Eastern Standard Time", "Australia/Sydney"),
        ("New Zealand Standard Time", "Pacific/Auckland"),
        ("E. South America Standard Time", "America/Sao_Paulo"),
        ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
        ("Atlantic Standard Time", "America/Halifax"),
        ("Eastern Standard Time", "America/New_York"),
        ("Central Standard Time", "America/Chicago"),
        ("Mountain Standard Time", "America/Denver"),
        ("US Mountain Standard Time", "America/Phoenix"),
        ("Pacific Standard Time", "America/Los_Angeles"),
    ];
    ZONES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(windows))
        .map(|(_, zone)| *zone)
}
