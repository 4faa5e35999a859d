//! Dates and times of day: DATE, YEAR, EOMONTH, DATEDIFF and others.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::dax::Value;
use crate::dax::convert::civil_of;
use crate::dax::convert::date_of;
use crate::dax::convert::days_of;
use crate::dax::convert::days_of_date;
use crate::dax::convert::whole_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::functions::word_argument;
use crate::dax::node::Function;
use crate::dax::node::Node;
use crate::dax::value::date_to_ms;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("DATE", 3, 3, |values| {
        let (year, month, day) = (whole_of(&values[0])?, whole_of(&values[1])?, whole_of(&values[2])?);
        let months = (year * 12).saturating_add(month - 1);
        let year = i16::try_from(months.div_euclid(12)).map_err(|_| out_of_range())?;
        let month = i8::try_from(months.rem_euclid(12) + 1).map_err(|_| out_of_range())?;
        let first = Date::new(year, month, 1).map_err(|_| out_of_range())?;
        let date = first
            .checked_add((day - 1).clamp(-3_000_000, 3_000_000).days())
            .map_err(|_| out_of_range())?;
        Ok(Value::Date(days_of_date(date)))
    }),
    Function::pure("TIME", 3, 3, |values| {
        let seconds = whole_of(&values[0])? * 3600 + whole_of(&values[1])? * 60 + whole_of(&values[2])?;
        Ok(Value::Date(seconds as f64 / 86_400.0))
    }),
    Function::pure("DATEVALUE", 1, 1, |values| {
        Ok(Value::Date(date_of(&values[0])?.floor()))
    }),
    Function::pure("YEAR", 1, 1, |values| part(values, |date| i64::from(date.year()))),
    Function::pure("QUARTER", 1, 1, |values| {
        part(values, |date| i64::from((date.month() + 2) / 3))
    }),
    Function::pure("MONTH", 1, 1, |values| part(values, |date| i64::from(date.month()))),
    Function::pure("DAY", 1, 1, |values| part(values, |date| i64::from(date.day()))),
    Function::pure("HOUR", 1, 1, |values| part(values, |date| i64::from(date.hour()))),
    Function::pure("MINUTE", 1, 1, |values| part(values, |date| i64::from(date.minute()))),
    Function::pure("SECOND", 1, 1, |values| part(values, |date| i64::from(date.second()))),
    Function::pure("WEEKDAY", 1, 2, |values| {
        let kind = values.get(1).map_or(Ok(1), whole_of)?;
        if !(1..=3).contains(&kind) {
            return Err(DaxError::unsupported("WEEKDAY knows the kinds 1, 2 and 3"));
        }
        part(values, |date| match kind {
            1 => i64::from(date.weekday().to_sunday_one_offset()),
            2 => i64::from(date.weekday().to_monday_one_offset()),
            _ => i64::from(date.weekday().to_monday_zero_offset()),
        })
    }),
    Function::pure("WEEKNUM", 1, 2, week_number),
    Function::pure("EDATE", 2, 2, |values| {
        if values[0].is_blank() {
            return Ok(Value::Blank);
        }
        let date = civil_of(date_of(&values[0])?).date();
        Ok(Value::Date(days_of_date(add_months(date, whole_of(&values[1])?)?)))
    }),
    Function::pure("EOMONTH", 2, 2, |values| {
        if values[0].is_blank() {
            return Ok(Value::Blank);
        }
        let date = civil_of(date_of(&values[0])?).date();
        Ok(Value::Date(days_of_date(
            add_months(date, whole_of(&values[1])?)?.last_of_month(),
        )))
    }),
    Function::scalar("TODAY", 0, 0, |eval, _, _| Ok(Value::Date(now(eval).floor()))),
    Function::scalar("NOW", 0, 0, |eval, _, _| Ok(Value::Date(now(eval)))),
    Function::scalar("UTCTODAY", 0, 0, |eval, _, _| Ok(Value::Date(now(eval).floor()))),
    Function::scalar("UTCNOW", 0, 0, |eval, _, _| Ok(Value::Date(now(eval)))),
    Function::scalar("DATEDIFF", 3, 3, difference),
];

fn out_of_range() -> DaxError {
    DaxError::wrong("a date is outside the years 1 to 9999")
}

/// The present, in UTC as the service has it.
fn now(eval: &Eval) -> f64 {
    match Value::date_from_ms(eval.now_ms / 1000 * 1000) {
        Value::Date(days) => days,
        _ => 0.0,
    }
}

fn part(values: &[Value], part: impl Fn(jiff::civil::DateTime) -> i64) -> Result<Value> {
    if values[0].is_blank() {
        return Ok(Value::Blank);
    }
    Ok(Value::Int(part(civil_of(date_of(&values[0])?))))
}

/// The date some months later, on the same day or the last of the month.
pub(super) fn add_months(date: Date, months: i64) -> Result<Date> {
    date.checked_add(months.clamp(-100_000, 100_000).months())
        .map_err(|_| out_of_range())
}

/// Weeks that begin on Sunday (1), Monday (2), or as ISO 8601 counts them (21).
fn week_number(values: &[Value]) -> Result<Value> {
    let kind = values.get(1).map_or(Ok(1), whole_of)?;
    if !matches!(kind, 1 | 2 | 21) {
        return Err(DaxError::unsupported("WEEKNUM knows the kinds 1, 2 and 21"));
    }
    part(values, |when| {
        let date = when.date();
        let first = date.first_of_year().weekday();
        let offset = if kind == 1 {
            first.to_sunday_zero_offset()
        } else {
            first.to_monday_zero_offset()
        };
        match kind {
            21 => i64::from(date.iso_week_date().week()),
            _ => (i64::from(date.day_of_year()) - 1 + i64::from(offset)) / 7 + 1,
        }
    })
}

/// DATEDIFF(start, end, unit): how many boundaries of the unit lie between.
fn difference(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let (start, end) = (
        eval.scalar(&arguments[0], context)?,
        eval.scalar(&arguments[1], context)?,
    );
    if start.is_blank() || end.is_blank() {
        return Ok(Value::Blank);
    }
    let (start, end) = (date_of(&start)?, date_of(&end)?);
    let (first, last) = (civil_of(start), civil_of(end));
    let seconds = |days: f64| date_to_ms(days).div_euclid(1000);
    let months = |when: jiff::civil::DateTime| i64::from(when.year()) * 12 + i64::from(when.month()) - 1;
    let day = |when: jiff::civil::DateTime| days_of(when.date().to_datetime(jiff::civil::Time::midnight())) as i64;
    Ok(Value::Int(match word_argument(eval, &arguments[2]).as_deref() {
        Some("second") => seconds(end) - seconds(start),
        Some("minute") => seconds(end).div_euclid(60) - seconds(start).div_euclid(60),
        Some("hour") => seconds(end).div_euclid(3600) - seconds(start).div_euclid(3600),
        Some("day") => day(last) - day(first),
        // Weeks begin on Sunday; day 1 of the count, 1899-12-31, was one.
        Some("week") => (day(last) - 1).div_euclid(7) - (day(first) - 1).div_euclid(7),
        Some("month") => months(last) - months(first),
        Some("quarter") => months(last).div_euclid(3) - months(first).div_euclid(3),
        Some("year") => i64::from(last.year()) - i64::from(first.year()),
        _ => {
            return Err(DaxError::wrong(
                "DATEDIFF expects SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER or YEAR",
            ));
        }
    }))
}
