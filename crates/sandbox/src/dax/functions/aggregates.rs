//! Aggregations of a column: SUM, AVERAGE, MIN, MAX and the counts.

use crate::data::ColumnKind;
use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::functions::column_argument;
use crate::dax::node::Function;
use crate::dax::node::Node;
use crate::dax::select::Selection;
use crate::dax::storage::ColumnId;
use crate::dax::value::order;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::scalar("SUM", 1, 1, |eval, arguments, context| {
        let column = column_argument("SUM", &arguments[0])?;
        eval.sum(column, context, "SUM").map(|(sum, _)| sum)
    }),
    Function::scalar("AVERAGE", 1, 1, |eval, arguments, context| {
        let column = column_argument("AVERAGE", &arguments[0])?;
        let (sum, count) = eval.sum(column, context, "AVERAGE")?;
        Ok(match count {
            0 => Value::Blank,
            count => Value::Number(sum.number().unwrap_or(0.0) / count as f64),
        })
    }),
    Function::scalar("MIN", 1, 2, |eval, arguments, context| {
        eval.extreme("MIN", arguments, context, false)
    }),
    Function::scalar("MAX", 1, 2, |eval, arguments, context| {
        eval.extreme("MAX", arguments, context, true)
    }),
    Function::scalar("COUNT", 1, 1, |eval, arguments, context| {
        let column = column_argument("COUNT", &arguments[0])?;
        if eval.kind(column) == ColumnKind::Boolean {
            return Err(DaxError::wrong("COUNT does not count true/false values; COUNTA does"));
        }
        eval.count(column, context, |value| !value.is_blank())
    }),
    Function::scalar("COUNTA", 1, 1, |eval, arguments, context| {
        eval.count(column_argument("COUNTA", &arguments[0])?, context, |value| {
            !value.is_blank()
        })
    }),
    Function::scalar("COUNTBLANK", 1, 1, |eval, arguments, context| {
        let column = column_argument("COUNTBLANK", &arguments[0])?;
        eval.count(column, context, |value| match value {
            Value::Blank => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        })
    }),
    Function::scalar("COUNTROWS", 1, 1, count_rows),
    Function::scalar("DISTINCTCOUNT", 1, 1, |eval, arguments, context| {
        let column = column_argument("DISTINCTCOUNT", &arguments[0])?;
        Ok(whole_or_blank(eval.distinct(column, context, true).len()))
    }),
    Function::scalar("DISTINCTCOUNTNOBLANK", 1, 1, |eval, arguments, context| {
        let column = column_argument("DISTINCTCOUNTNOBLANK", &arguments[0])?;
        Ok(whole_or_blank(
            eval.distinct(column, context, true)
                .iter()
                .filter(|code| **code != 0)
                .count(),
        ))
    }),
];

/// A count as the language gives it: none of anything is a blank.
pub(super) fn whole_or_blank(count: usize) -> Value {
    if count == 0 {
        Value::Blank
    } else {
        Value::Int(i64::try_from(count).expect("counts are small"))
    }
}

fn count_rows(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let Node::Table(table) = &arguments[0] else {
        return Ok(whole_or_blank(eval.table(&arguments[0], context)?.len()));
    };
    let selection = Selection::new(eval.store, *table, &context.filters, false);
    if selection.is_everything() {
        return Ok(whole_or_blank(eval.store.tables[*table].rows));
    }
    let mut count = 0;
    selection.each(|_| count += 1);
    eval.work(count)?;
    Ok(whole_or_blank(count))
}

/// A sum that stays exact for whole numbers and loses nothing to rounding for others.
#[derive(Default)]
pub(super) struct Sum {
    whole: i64,
    total: f64,
    lost: f64,
    fractional: bool,
    count: usize,
}

impl Sum {
    /// Adds a number (Neumaier's summation).
    pub(super) fn add(&mut self, number: f64) {
        let next = self.total + number;
        self.lost += if self.total.abs() >= number.abs() {
            self.total - next + number
        } else {
            number - next + self.total
        };
        self.total = next;
        self.count += 1;
    }

    /// Adds a value; blanks do not count.
    pub(super) fn add_value(&mut self, value: &Value, function: &str) -> Result<()> {
        match value {
            Value::Blank => {}
            Value::Int(whole) => {
                self.whole = self
                    .whole
                    .checked_add(*whole)
                    .ok_or_else(|| DaxError::wrong("a sum became too large"))?;
                self.add(*whole as f64);
            }
            Value::Number(number) | Value::Date(number) => {
                self.fractional = true;
                self.add(*number);
            }
            other => {
                return Err(DaxError::wrong(format!(
                    "{function} cannot work with values of type {}",
                    other.type_name()
                )));
            }
        }
        Ok(())
    }

    /// How many values were added.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The sum as a number.
    pub(super) fn number(&self) -> f64 {
        // Infinity minus infinity must not turn an infinite sum into "not a number".
        if self.total.is_finite() {
            self.total + self.lost
        } else {
            self.total
        }
    }

    /// The sum, blank when nothing was added.
    pub(super) fn value(&self) -> Value {
        match (self.count, self.fractional) {
            (0, _) => Value::Blank,
            (_, false) => Value::Int(self.whole),
            _ => Value::Number(self.number()),
        }
    }
}

impl Eval<'_> {
    /// What a column of the model holds.
    pub(crate) fn kind(&self, column: ColumnId) -> ColumnKind {
        self.names.model.tables[column.table].columns[column.column].kind
    }

    /// The rows of a table in the filter context.
    pub(crate) fn rows(&self, table: usize, filters: &[crate::dax::filter::Filter], blank_row: bool) -> Vec<u32> {
        Selection::new(self.store, table, filters, blank_row).rows()
    }

    /// The distinct codes of a column in the filter context, in the order in which they occur.
    pub(crate) fn distinct(&self, column: ColumnId, context: &Context, blank_row: bool) -> Vec<u32> {
        let codes = self.store.codes(column.table, column);
        let mut seen = vec![false; self.store.dictionary(column).values.len()];
        let mut found = Vec::new();
        Selection::new(self.store, column.table, &context.filters, blank_row).each(|row| {
            let code = codes[row as usize];
            if !std::mem::replace(&mut seen[code as usize], true) {
                found.push(code);
            }
        });
        found
    }

    /// The sum of a column and how many values went into it.
    fn sum(&self, column: ColumnId, context: &Context, function: &str) -> Result<(Value, usize)> {
        let kind = self.kind(column);
        if matches!(kind, ColumnKind::Text | ColumnKind::Boolean | ColumnKind::DateTime) {
            let name = self.names.column_name(column);
            return Err(DaxError::wrong(format!(
                "{function} works with numbers, and column {name} holds {}",
                kind.model_name()
            )));
        }
        let codes = self.store.codes(column.table, column);
        let dictionary = self.store.dictionary(column);
        let numbers = dictionary.numbers();
        let selection = Selection::new(self.store, column.table, &context.filters, true);
        let mut sum = Sum::default();
        if kind == ColumnKind::Int {
            let mut whole = 0_i128;
            let mut count = 0;
            selection.each(|row| {
                let code = codes[row as usize] as usize;
                if let Value::Int(number) = &dictionary.values[code] {
                    whole += i128::from(*number);
                }
                count += usize::from(code != 0);
            });
            self.work(count)?;
            let whole = i64::try_from(whole).map_err(|_| DaxError::wrong("a sum became too large"))?;
            return Ok((if count == 0 { Value::Blank } else { Value::Int(whole) }, count));
        }
        selection.each(|row| {
            let code = codes[row as usize] as usize;
            if code != 0 {
                sum.add(numbers[code]);
            }
        });
        self.work(sum.count())?;
        let number = match kind {
            // Money has four decimals, and so has its sum.
            ColumnKind::Decimal => (sum.number() * 10_000.0).round() / 10_000.0,
            _ => sum.number(),
        };
        Ok((
            if sum.count() == 0 {
                Value::Blank
            } else {
                Value::Number(number)
            },
            sum.count(),
        ))
    }

    /// MIN and MAX of a column, or of two values.
    fn extreme(&self, function: &str, arguments: &[Node], context: &Context, greatest: bool) -> Result<Value> {
        if let [left, right] = arguments {
            let (left, right) = (self.scalar(left, context)?, self.scalar(right, context)?);
            let ordering = order(&left, &right);
            return Ok(if ordering.is_gt() == greatest { left } else { right });
        }
        let column = column_argument(function, &arguments[0])?;
        if self.kind(column) == ColumnKind::Boolean {
            return Err(DaxError::wrong(format!(
                "{function} does not compare true/false values"
            )));
        }
        let ranks = self.store.dictionary(column).ranks();
        let codes = self.store.codes(column.table, column);
        let mut best: Option<u32> = None;
        let mut count = 0;
        Selection::new(self.store, column.table, &context.filters, true).each(|row| {
            let code = codes[row as usize];
            count += 1;
            let better = |best: u32| (ranks[code as usize] > ranks[best as usize]) == greatest;
            if code != 0 && best.is_none_or(better) {
                best = Some(code);
            }
        });
        self.work(count)?;
        Ok(best.map_or(Value::Blank, |code| self.value_of(column, code).clone()))
    }

    fn count(&self, column: ColumnId, context: &Context, counts: fn(&Value) -> bool) -> Result<Value> {
        let codes = self.store.codes(column.table, column);
        let counted: Vec<bool> = self.store.dictionary(column).values.iter().map(counts).collect();
        let mut count = 0;
        let mut seen = 0;
        Selection::new(self.store, column.table, &context.filters, false).each(|row| {
            seen += 1;
            count += usize::from(counted[codes[row as usize] as usize]);
        });
        self.work(seen)?;
        Ok(whole_or_blank(count))
    }
}
