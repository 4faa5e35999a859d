//! Functions that go through a table row by row: SUMX and its like, CONCATENATEX, RANKX.

use crate::dax::Value;
use crate::dax::convert::number_of;
use crate::dax::convert::text_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::functions::aggregates::Sum;
use crate::dax::functions::aggregates::whole_or_blank;
use crate::dax::functions::is_descending;
use crate::dax::functions::tables::sorted;
use crate::dax::functions::word_argument;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::value::order;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::scalar("SUMX", 2, 2, |eval, arguments, context| {
        summed(eval, "SUMX", arguments, context).map(|sum| sum.value())
    }),
    Function::scalar("AVERAGEX", 2, 2, |eval, arguments, context| {
        let sum = summed(eval, "AVERAGEX", arguments, context)?;
        Ok(if sum.count() == 0 {
            Value::Blank
        } else {
            Value::Number(sum.number() / sum.count() as f64)
        })
    }),
    Function::scalar("MINX", 2, 2, |eval, arguments, context| {
        extreme(eval, arguments, context, false)
    }),
    Function::scalar("MAXX", 2, 2, |eval, arguments, context| {
        extreme(eval, arguments, context, true)
    }),
    Function::scalar("COUNTX", 2, 2, count),
    Function::scalar("COUNTAX", 2, 2, count),
    Function::scalar("MEDIANX", 2, 2, |eval, arguments, context| {
        let mut numbers = Vec::new();
        each_value(eval, arguments, context, |value| {
            if !value.is_blank() {
                numbers.push(number_of(&value)?);
            }
            Ok(())
        })?;
        Ok(median(numbers))
    }),
    Function::scalar("MEDIAN", 1, 1, |eval, arguments, context| {
        let column = super::column_argument("MEDIAN", &arguments[0])?;
        let table = std::rc::Rc::new(eval.model_table(column.table, context));
        let mut numbers = Vec::new();
        for row in 0..table.len() {
            let value = table.value(eval.store, row, column.column);
            if !value.is_blank() {
                numbers.push(number_of(&value)?);
            }
        }
        eval.work(table.len())?;
        Ok(median(numbers))
    }),
    Function::scalar("CONCATENATEX", 2, MANY, concatenate),
    Function::scalar("RANKX", 2, 5, rank),
];

/// Works out the second argument in each row of the first.
fn each_value(
    eval: &Eval,
    arguments: &[Node],
    context: &Context,
    mut visit: impl FnMut(Value) -> Result<()>,
) -> Result<()> {
    let table = eval.table(&arguments[0], context)?;
    eval.each(&table, context, |_, inside| visit(eval.scalar(&arguments[1], inside)?))
}

fn summed(eval: &Eval, function: &str, arguments: &[Node], context: &Context) -> Result<Sum> {
    let mut sum = Sum::default();
    each_value(eval, arguments, context, |value| sum.add_value(&value, function))?;
    Ok(sum)
}

fn extreme(eval: &Eval, arguments: &[Node], context: &Context, greatest: bool) -> Result<Value> {
    let mut best = Value::Blank;
    each_value(eval, arguments, context, |value| {
        let better = || order(&value, &best).is_gt() == greatest && order(&value, &best).is_ne();
        if !value.is_blank() && (best.is_blank() || better()) {
            best = value;
        }
        Ok(())
    })?;
    Ok(best)
}

fn count(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let mut count = 0;
    each_value(eval, arguments, context, |value| {
        count += usize::from(!value.is_blank());
        Ok(())
    })?;
    Ok(whole_or_blank(count))
}

fn median(mut numbers: Vec<f64>) -> Value {
    if numbers.is_empty() {
        return Value::Blank;
    }
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let median = if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    };
    Value::Number(median)
}

/// CONCATENATEX(table, expression, delimiter, order by, order, …)
fn concatenate(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let table = eval.table(&arguments[0], context)?;
    let delimiter = match arguments.get(2) {
        Some(node) => text_of(&eval.scalar(node, context)?),
        None => String::new(),
    };
    let order = if arguments.len() > 3 {
        sorted(eval, "CONCATENATEX", &table, &arguments[3..], false, context)?.0
    } else {
        (0..table.len()).collect()
    };
    let mut texts = vec![String::new(); table.len()];
    eval.each(&table, context, |row, inside| {
        texts[row] = text_of(&eval.scalar(&arguments[1], inside)?);
        Ok(())
    })?;
    let texts: Vec<&str> = order.iter().map(|row| texts[*row].as_str()).collect();
    Ok(Value::text(texts.join(&delimiter)))
}

/// RANKX(table, expression, value, order, ties)
fn rank(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let own = match arguments.get(2) {
        None | Some(Node::Omitted) => &arguments[1],
        Some(value) => value,
    };
    let own = eval.scalar(own, context)?;
    let descending = is_descending(eval, "RANKX", arguments.get(3), true, context)?;
    let dense = match arguments.get(4) {
        None | Some(Node::Omitted) => false,
        Some(ties) => match word_argument(eval, ties).as_deref() {
            Some("dense") => true,
            Some("skip") => false,
            _ => return Err(DaxError::wrong("RANKX expects SKIP or DENSE for ties")),
        },
    };
    let mut before = Vec::new();
    each_value(eval, arguments, context, |value| {
        let ordering = order(&value, &own);
        if if descending { ordering.is_gt() } else { ordering.is_lt() } {
            before.push(value);
        }
        Ok(())
    })?;
    if dense {
        before.sort_by(order);
        before.dedup_by(|left, right| order(left, right).is_eq());
    }
    Ok(Value::Int(i64::try_from(before.len() + 1).expect("ranks are small")))
}
