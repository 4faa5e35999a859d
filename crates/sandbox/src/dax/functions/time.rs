//! Time intelligence: sets of dates shifted or stretched in a calendar.

use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::data::ColumnKind;
use crate::dax::Value;
use crate::dax::convert::civil_of;
use crate::dax::convert::date_of;
use crate::dax::convert::days_of_date;
use crate::dax::convert::whole_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::DatesKey;
use crate::dax::eval::Eval;
use crate::dax::filter::Filter;
use crate::dax::functions::dates::add_months;
use crate::dax::functions::word_argument;
use crate::dax::node::Function;
use crate::dax::node::Node;
use crate::dax::storage::ColumnId;
use crate::dax::table::TableValue;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::table("DATESYTD", 1, 1, |eval, arguments, context| {
        to_date(eval, "DATESYTD", &arguments[0], context)
    }),
    Function::table("DATESQTD", 1, 1, |eval, arguments, context| {
        to_date(eval, "DATESQTD", &arguments[0], context)
    }),
    Function::table("DATESMTD", 1, 1, |eval, arguments, context| {
        to_date(eval, "DATESMTD", &arguments[0], context)
    }),
    Function::scalar("TOTALYTD", 2, 3, |eval, arguments, context| {
        total(eval, "DATESYTD", arguments, context)
    }),
    Function::scalar("TOTALQTD", 2, 3, |eval, arguments, context| {
        total(eval, "DATESQTD", arguments, context)
    }),
    Function::scalar("TOTALMTD", 2, 3, |eval, arguments, context| {
        total(eval, "DATESMTD", arguments, context)
    }),
    Function::table("SAMEPERIODLASTYEAR", 1, 1, |eval, arguments, context| {
        let (column, dates) = dates_of(eval, "SAMEPERIODLASTYEAR", &arguments[0], context)?;
        shifted(eval, column, &dates, -12)
    }),
    Function::table("DATEADD", 3, 3, date_add),
    Function::table("PARALLELPERIOD", 3, 3, parallel_period),
    Function::table("PREVIOUSMONTH", 1, 1, |eval, arguments, context| {
        neighbour(eval, "PREVIOUSMONTH", arguments, context, -1, 1)
    }),
    Function::table("PREVIOUSQUARTER", 1, 1, |eval, arguments, context| {
        neighbour(eval, "PREVIOUSQUARTER", arguments, context, -1, 3)
    }),
    Function::table("PREVIOUSYEAR", 1, 1, |eval, arguments, context| {
        neighbour(eval, "PREVIOUSYEAR", arguments, context, -1, 12)
    }),
    Function::table("PREVIOUSDAY", 1, 1, |eval, arguments, context| {
        next_day(eval, "PREVIOUSDAY", &arguments[0], context)
    }),
    Function::table("NEXTDAY", 1, 1, |eval, arguments, context| {
        next_day(eval, "NEXTDAY", &arguments[0], context)
    }),
    Function::table("NEXTQUARTER", 1, 1, |eval, arguments, context| {
        neighbour(eval, "NEXTQUARTER", arguments, context, 1, 3)
    }),
    Function::table("FIRSTDATE", 1, 1, |eval, arguments, context| {
        edge(eval, "FIRSTDATE", &arguments[0], context)
    }),
    Function::table("LASTDATE", 1, 1, |eval, arguments, context| {
        edge(eval, "LASTDATE", &arguments[0], context)
    }),
    Function::table("STARTOFMONTH", 1, 1, |eval, arguments, context| {
        edge(eval, "STARTOFMONTH", &arguments[0], context)
    }),
    Function::table("ENDOFMONTH", 1, 1, |eval, arguments, context| {
        edge(eval, "ENDOFMONTH", &arguments[0], context)
    }),
    Function::table("STARTOFYEAR", 1, 1, |eval, arguments, context| {
        edge(eval, "STARTOFYEAR", &arguments[0], context)
    }),
    Function::table("ENDOFYEAR", 1, 1, |eval, arguments, context| {
        edge(eval, "ENDOFYEAR", &arguments[0], context)
    }),
    Function::table("NEXTMONTH", 1, 1, |eval, arguments, context| {
        neighbour(eval, "NEXTMONTH", arguments, context, 1, 1)
    }),
    Function::table("NEXTYEAR", 1, 1, |eval, arguments, context| {
        neighbour(eval, "NEXTYEAR", arguments, context, 1, 12)
    }),
    Function::table("DATESBETWEEN", 3, 3, |eval, arguments, context| {
        let column = date_column(eval, "DATESBETWEEN", &arguments[0])?;
        let (start, end) = (
            eval.scalar(&arguments[1], context)?,
            eval.scalar(&arguments[2], context)?,
        );
        let start = if start.is_blank() { f64::MIN } else { date_of(&start)? };
        let end = if end.is_blank() { f64::MAX } else { date_of(&end)? };
        Ok(existing(eval, column, |day| day >= start && day <= end))
    }),
    Function::table("DATESINPERIOD", 4, 4, in_period),
];

/// What the dates of a call depend on, where that is little enough to compare.
pub(super) fn key(eval: &Eval, node: &Node, context: &Context) -> Option<DatesKey> {
    let (name, [Node::Column(column), rest @ ..]) = node.called()? else {
        return None;
    };
    if !FUNCTIONS.iter().any(|function| function.name == name) {
        return None;
    }
    let mut call = format!("{name} {} {}", column.table, column.column);
    for argument in rest {
        let text = match argument {
            Node::Constant(value) => format!("{:?}", value.key()),
            Node::Negate(inner) => match &**inner {
                Node::Constant(value) => format!("-{:?}", value.key()),
                _ => return None,
            },
            Node::Word(word) => word.to_string(),
            _ => return None,
        };
        call.push(' ');
        call.push_str(&text);
    }
    let mut filters = Vec::new();
    for filter in context.filters.iter() {
        match filter {
            Filter::Codes(on, _) if !eval.store.reaches(column.table, on.table) => {}
            Filter::Codes(on, codes) if codes.codes().len() <= 400 => filters.push((*on, codes.codes().to_vec())),
            _ => return None,
        }
    }
    Some((call, filters))
}

fn date_column(eval: &Eval, function: &str, node: &Node) -> Result<ColumnId> {
    match node {
        Node::Column(column) if eval.kind(*column) == ColumnKind::DateTime => Ok(*column),
        _ => Err(DaxError::wrong(format!("{function} expects a column of dates"))),
    }
}

/// The dates that an argument gives, without time of day: those in sight of a column, or those of a table.
fn dates_of(eval: &Eval, function: &str, node: &Node, context: &Context) -> Result<(ColumnId, BTreeSet<Date>)> {
    let day = |value: &Value| match value {
        Value::Date(days) => Some(civil_of(*days).date()),
        _ => None,
    };
    if let Node::Column(_) = node {
        let column = date_column(eval, function, node)?;
        let codes = eval.distinct(column, context, false);
        let dates = codes.iter().filter_map(|code| day(eval.value_of(column, *code)));
        return Ok((column, dates.collect()));
    }
    let table = eval.table(node, context)?;
    match &table.heads[..] {
        [head] if let Some(column) = head.origin.filter(|column| eval.kind(*column) == ColumnKind::DateTime) => {
            let dates = (0..table.len()).filter_map(|row| day(&table.value(eval.store, row, 0)));
            Ok((column, dates.collect()))
        }
        _ => Err(DaxError::wrong(format!("{function} expects a column of dates"))),
    }
}

/// The dates of the calendar that fit.
fn existing(eval: &Eval, column: ColumnId, fits: impl Fn(f64) -> bool) -> Rc<TableValue> {
    let all = eval.distinct(column, &Context::default(), false);
    let fits = |code: &u32| matches!(eval.value_of(column, *code), Value::Date(days) if fits(*days));
    let codes: Vec<u32> = all.into_iter().filter(fits).collect();
    Rc::new(eval.column_table(column, &codes))
}

fn between(eval: &Eval, column: ColumnId, first: Date, last: Date) -> Rc<TableValue> {
    let (first, last) = (days_of_date(first), days_of_date(last));
    existing(eval, column, |day| day.floor() >= first && day.floor() <= last)
}

fn nothing(eval: &Eval, column: ColumnId) -> Rc<TableValue> {
    Rc::new(eval.column_table(column, &[]))
}

/// From the start of the year, quarter or month to the last date in sight.
fn to_date(eval: &Eval, function: &str, node: &Node, context: &Context) -> Result<Rc<TableValue>> {
    let (column, dates) = dates_of(eval, function, node, context)?;
    let Some(last) = dates.last().copied() else {
        return Ok(nothing(eval, column));
    };
    let first = match function {
        "DATESYTD" => last.first_of_year(),
        "DATESQTD" => period_start(last, 3)?,
        _ => last.first_of_month(),
    };
    Ok(between(eval, column, first, last))
}

/// TOTALYTD(expression, dates, filter)
fn total(eval: &Eval, function: &'static str, arguments: &[Node], context: &Context) -> Result<Value> {
    let Some(dates) = super::find(function) else {
        return Err(DaxError::unknown_function(function));
    };
    let mut filters = vec![Node::Call(dates, vec![arguments[1].clone()].into())];
    if let Some(filter) = arguments.get(2) {
        if matches!(filter, Node::Constant(_)) {
            return Err(DaxError::unsupported(
                "totals to date with another end of the year are not available",
            ));
        }
        filters.push(filter.clone());
    }
    let inside = eval.calculation(&filters, context)?;
    eval.scalar(&arguments[0], &inside)
}

/// The dates in sight moved by months; whole months stay whole, whatever their length.
fn shifted(eval: &Eval, column: ColumnId, dates: &BTreeSet<Date>, months: i64) -> Result<Rc<TableValue>> {
    let mut moved = BTreeSet::new();
    for date in dates {
        let target = add_months(*date, months)?;
        moved.insert(target);
        let whole_month = || {
            let days = dates.range(date.first_of_month()..=date.last_of_month()).count();
            days == usize::from(date.days_in_month().unsigned_abs())
        };
        if *date == date.last_of_month() && target != target.last_of_month() && whole_month() {
            let mut day = target;
            while day < target.last_of_month() {
                day = day.tomorrow().map_err(|error| DaxError::wrong(error.to_string()))?;
                moved.insert(day);
            }
        }
    }
    Ok(existing(eval, column, |day| moved.contains(&civil_of(day).date())))
}

/// How many months an interval word stands for.
fn months_of(eval: &Eval, function: &str, node: &Node) -> Result<Option<i64>> {
    match word_argument(eval, node).as_deref() {
        Some("day") => Ok(None),
        Some("month") => Ok(Some(1)),
        Some("quarter") => Ok(Some(3)),
        Some("year") => Ok(Some(12)),
        _ => Err(DaxError::wrong(format!(
            "{function} expects DAY, MONTH, QUARTER or YEAR"
        ))),
    }
}

/// DATEADD(dates, count, interval)
fn date_add(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let (column, dates) = dates_of(eval, "DATEADD", &arguments[0], context)?;
    let count = whole_of(&eval.scalar(&arguments[1], context)?)?;
    match months_of(eval, "DATEADD", &arguments[2])? {
        Some(months) => shifted(eval, column, &dates, months.saturating_mul(count)),
        None => {
            let days: BTreeSet<i64> = dates
                .into_iter()
                .map(|date| (days_of_date(date) as i64).saturating_add(count))
                .collect();
            Ok(existing(eval, column, |day| days.contains(&(day.floor() as i64))))
        }
    }
}

/// The first day of the period of so many months that a date is in.
fn period_start(date: Date, months: i8) -> Result<Date> {
    Date::new(date.year(), (date.month() - 1) / months * months + 1, 1)
        .map_err(|error| DaxError::wrong(error.to_string()))
}

/// PARALLELPERIOD(dates, count, interval): whole periods, moved.
fn parallel_period(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let (column, dates) = dates_of(eval, "PARALLELPERIOD", &arguments[0], context)?;
    let count = whole_of(&eval.scalar(&arguments[1], context)?)?;
    let Some(months) = months_of(eval, "PARALLELPERIOD", &arguments[2])? else {
        return Err(DaxError::wrong("PARALLELPERIOD expects MONTH, QUARTER or YEAR"));
    };
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
        return Ok(nothing(eval, column));
    };
    let length = i8::try_from(months).expect("an interval has at most twelve months");
    let first = add_months(period_start(*first, length)?, months.saturating_mul(count))?;
    let last = add_months(period_start(*last, length)?, months.saturating_mul(count) + months - 1)?;
    Ok(between(eval, column, first, last.last_of_month()))
}

/// The period before the first, or after the last, date in sight.
fn neighbour(
    eval: &Eval,
    function: &str,
    arguments: &[Node],
    context: &Context,
    direction: i64,
    months: i8,
) -> Result<Rc<TableValue>> {
    let (column, dates) = dates_of(eval, function, &arguments[0], context)?;
    let from = if direction < 0 { dates.first() } else { dates.last() };
    let Some(from) = from else {
        return Ok(nothing(eval, column));
    };
    let first = add_months(period_start(*from, months)?, i64::from(months) * direction)?;
    let last = add_months(first, i64::from(months) - 1)?.last_of_month();
    Ok(between(eval, column, first, last))
}

/// The day before the first, or after the last, date in sight.
fn next_day(eval: &Eval, function: &str, node: &Node, context: &Context) -> Result<Rc<TableValue>> {
    let (column, dates) = dates_of(eval, function, node, context)?;
    let day = match function {
        "NEXTDAY" => dates.last().map(|date| date.tomorrow()),
        _ => dates.first().map(|date| date.yesterday()),
    };
    match day {
        Some(day) => day
            .map(|day| between(eval, column, day, day))
            .map_err(|error| DaxError::wrong(error.to_string())),
        None => Ok(nothing(eval, column)),
    }
}

/// The first or last date in sight, or of the month or year it is in.
fn edge(eval: &Eval, function: &str, node: &Node, context: &Context) -> Result<Rc<TableValue>> {
    let (column, dates) = dates_of(eval, function, node, context)?;
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
        return Ok(nothing(eval, column));
    };
    let day = match function {
        "FIRSTDATE" => *first,
        "STARTOFMONTH" => first.first_of_month(),
        "STARTOFYEAR" => first.first_of_year(),
        "ENDOFMONTH" => last.last_of_month(),
        "ENDOFYEAR" => last.last_of_year(),
        _ => *last,
    };
    Ok(between(eval, column, day, day))
}

/// DATESINPERIOD(dates, start, count, interval)
fn in_period(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let column = date_column(eval, "DATESINPERIOD", &arguments[0])?;
    let start = civil_of(date_of(&eval.scalar(&arguments[1], context)?)?).date();
    let count = whole_of(&eval.scalar(&arguments[2], context)?)?;
    let range = |error: jiff::Error| DaxError::wrong(error.to_string());
    let edge = match months_of(eval, "DATESINPERIOD", &arguments[3])? {
        Some(months) => add_months(start, months.saturating_mul(count))?,
        None => start
            .checked_add(count.clamp(-3_000_000, 3_000_000).days())
            .map_err(range)?,
    };
    Ok(match count {
        0 => nothing(eval, column),
        1.. => between(eval, column, start, edge.yesterday().map_err(range)?),
        _ => between(eval, column, edge.tomorrow().map_err(range)?, start),
    })
}
