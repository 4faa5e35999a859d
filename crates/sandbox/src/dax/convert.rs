//! Conversions between types, as the language makes them where a type does not fit.

use jiff::civil::Date;
use jiff::civil::DateTime;

use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::value::date_to_ms;

/// The text of a value as `&` makes it.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Blank => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(whole) => whole.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Date(days) => {
            let when = civil_of(*days);
            let day = format!("{}/{}/{}", when.month(), when.day(), when.year());
            if days.fract() == 0.0 {
                return day;
            }
            let (hour, half) = twelve_hours(when.hour());
            format!("{day} {hour}:{:02}:{:02} {half}", when.minute(), when.second())
        }
        Value::Text(text) => text.to_string(),
    }
}

/// The hour on a twelve-hour clock.
pub(crate) fn twelve_hours(hour: i8) -> (i8, &'static str) {
    let half = if hour < 12 { "AM" } else { "PM" };
    (if hour % 12 == 0 { 12 } else { hour % 12 }, half)
}

/// The number of a value; text is read as one.
pub(crate) fn number_of(value: &Value) -> Result<f64> {
    match value {
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| DaxError::wrong(format!("cannot convert value '{text}' of type Text to type Number"))),
        other => Ok(other.number().unwrap_or(0.0)),
    }
}

/// The whole number of a value, rounded where it has decimals.
pub(crate) fn whole_of(value: &Value) -> Result<i64> {
    match value {
        Value::Int(whole) => Ok(*whole),
        other => Ok(number_of(other)?.round() as i64),
    }
}

/// Whether a value counts as true.
pub(crate) fn truth_of(value: &Value) -> Result<bool> {
    match value {
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Value::Text(text) => Err(DaxError::wrong(format!(
            "cannot convert value '{text}' of type Text to type True/False"
        ))),
        other => Ok(other.number().unwrap_or(0.0) != 0.0),
    }
}

/// The date of a value; text must be written year first.
pub(crate) fn date_of(value: &Value) -> Result<f64> {
    match value {
        Value::Text(text) => match date_of_text(text) {
            Some(Value::Date(days)) => Ok(days),
            _ => Err(DaxError::wrong(format!(
                "cannot convert value '{text}' of type Text to type Date"
            ))),
        },
        other => Ok(other.number().unwrap_or(0.0)),
    }
}

/// The date in a text such as `2026-07-28` or `2026-07-28T10:00:00`.
pub(crate) fn date_of_text(text: &str) -> Option<Value> {
    let text = text.trim().trim_end_matches('Z');
    let when: DateTime = match text.parse::<DateTime>() {
        Ok(when) => when,
        Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    Some(Value::Date(days_of(when)))
}

/// Calendar and clock of a serial day number.
pub(crate) fn civil_of(days: f64) -> DateTime {
    let ms = date_to_ms(days);
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .datetime()
}

/// The serial day number of calendar and clock.
pub(crate) fn days_of(when: DateTime) -> f64 {
    let start = Date::constant(1899, 12, 30);
    let whole = (when.date() - start).get_days();
    let ms = i64::from(when.hour()) * 3_600_000
        + i64::from(when.minute()) * 60_000
        + i64::from(when.second()) * 1000
        + i64::from(when.millisecond());
    f64::from(whole) + ms as f64 / 86_400_000.0
}

/// The serial day number of a calendar day.
pub(crate) fn days_of_date(date: Date) -> f64 {
    f64::from((date - Date::constant(1899, 12, 30)).get_days())
}
