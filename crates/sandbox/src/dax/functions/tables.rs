//! Functions that make a table of a table: FILTER, ADDCOLUMNS, SELECTCOLUMNS, TOPN, ROW and others.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::dax::Value;
use crate::dax::ast::Operator;
use crate::dax::convert::date_of;
use crate::dax::convert::number_of;
use crate::dax::convert::whole_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::functions::is_descending;
use crate::dax::functions::name_argument;
use crate::dax::functions::sets::check_size;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::storage::ColumnId;
use crate::dax::table::Body;
use crate::dax::table::Head;
use crate::dax::table::TableValue;
use crate::dax::value::order;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::table("FILTER", 2, 2, filter),
    Function::table("ADDCOLUMNS", 3, MANY, add_columns),
    Function::table("SELECTCOLUMNS", 2, MANY, select_columns),
    Function::table("ROW", 2, MANY, row),
    Function::table("TOPN", 2, MANY, top),
    Function::table("GENERATESERIES", 2, 3, series),
    Function::table("CALENDAR", 2, 2, |eval, arguments, context| {
        let start = date_of(&eval.scalar(&arguments[0], context)?)?.floor();
        let end = date_of(&eval.scalar(&arguments[1], context)?)?.floor();
        if end < start {
            return Err(DaxError::wrong(
                "CALENDAR needs a start date that is not after the end date",
            ));
        }
        let days = (end - start) as usize + 1;
        check_size("CALENDAR", days)?;
        eval.work(days)?;
        let rows = (0..days).map(|day| vec![Value::Date(start + day as f64)]).collect();
        Ok(Rc::new(TableValue::computed(vec![Head::computed("Date")], rows)))
    }),
];

fn filter(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let table = eval.table(&arguments[0], context)?;
    let mut conditions = Vec::new();
    split(&arguments[1], &mut conditions);
    let mut kept: Vec<usize> = (0..table.len()).collect();
    for condition in conditions {
        kept = keep(eval, &table, kept, condition, context)?;
    }
    Ok(Rc::new(table.with_rows(&kept)))
}

/// The parts of a condition that must all hold.
fn split<'n>(node: &'n Node, parts: &mut Vec<&'n Node>) {
    match node {
        Node::Binary(Operator::And, left, right) => {
            split(left, parts);
            split(right, parts);
        }
        Node::Call(function, arguments) if function.name == "AND" => {
            arguments.iter().for_each(|part| split(part, parts))
        }
        single => parts.push(single),
    }
}

fn keep(
    eval: &Eval,
    table: &Rc<TableValue>,
    rows: Vec<usize>,
    condition: &Node,
    context: &Context,
) -> Result<Vec<usize>> {
    // A condition on one column of the model is decided once per value, not once per row.
    if let Body::Model {
        table: model_table,
        rows: model_rows,
    } = &table.body
        && let Some(column) = only_column(eval, *model_table, condition)
    {
        let codes = eval.store.codes(*model_table, column);
        let mut decided: Vec<Option<bool>> = vec![None; eval.store.dictionary(column).values.len()];
        let mut kept = Vec::new();
        eval.work(rows.len())?;
        for row in rows {
            let code = codes[model_rows[row] as usize];
            let passes = match decided[code as usize] {
                Some(passes) => passes,
                None => {
                    let passes = decide(eval, column, code, condition, context)?;
                    decided[code as usize] = Some(passes);
                    passes
                }
            };
            if passes {
                kept.push(row);
            }
        }
        return Ok(kept);
    }
    let (inside, frame) = context.inside(table);
    eval.work(rows.len())?;
    let mut kept = Vec::new();
    for row in rows {
        frame.row.set(row);
        if eval.truth(condition, &inside)? {
            kept.push(row);
        }
    }
    Ok(kept)
}

/// The one column of the model that decides a condition on rows of a table, if it is only one.
fn only_column(eval: &Eval, table: usize, condition: &Node) -> Option<ColumnId> {
    let column = match (&condition.row_columns()[..], &condition.related_columns()[..]) {
        ([own], []) if own.table == table => *own,
        ([], [above]) if eval.store.reaches(table, above.table) => *above,
        _ => return None,
    };
    condition.is_plain().then_some(column)
}

fn decide(eval: &Eval, column: ColumnId, code: u32, condition: &Node, context: &Context) -> Result<bool> {
    let row = vec![eval.value_of(column, code).clone()];
    let single = Rc::new(TableValue::computed(vec![eval.head(column)], vec![row]));
    eval.truth(condition, &context.inside(&single).0)
}

/// The names and expressions of new columns.
pub(super) fn named<'n>(function: &str, arguments: &'n [Node]) -> Result<Vec<(String, &'n Node)>> {
    let pair = |pair: &'n [Node]| match pair {
        [name, expression] => Ok((name_argument(function, name)?, expression)),
        _ => Err(DaxError::wrong(format!(
            "{function} expects an expression after each name of a new column"
        ))),
    };
    arguments.chunks(2).map(pair).collect()
}

fn add_columns(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let table = eval.table(&arguments[0], context)?;
    let new = named("ADDCOLUMNS", &arguments[1..])?;
    let mut heads = table.heads.to_vec();
    for (name, _) in &new {
        if heads
            .iter()
            .any(|head| head.origin.is_none() && head.is_called(None, name))
        {
            return Err(DaxError::wrong(format!(
                "ADDCOLUMNS: the table already has a column named [{name}]"
            )));
        }
        heads.push(Head::computed(name));
    }
    let mut rows = Vec::with_capacity(table.len());
    eval.each(&table, context, |row, inside| {
        let mut values = table.row(eval.store, row);
        for (_, expression) in &new {
            values.push(eval.scalar(expression, inside)?);
        }
        rows.push(values);
        Ok(())
    })?;
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

fn select_columns(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let table = eval.table(&arguments[0], context)?;
    let new = selected(&arguments[1..])?;
    let head = |(name, node): &(Option<String>, &Node)| match (name, node) {
        // A column taken as it is still filters the model, whatever its new name.
        (Some(name), Node::Column(column)) => Head {
            origin: Some(*column),
            ..Head::computed(name)
        },
        (None, Node::Column(column)) => eval.head(*column),
        (Some(name), Node::Loose(old)) => {
            let origin = table
                .heads
                .iter()
                .find(|head| head.is_called(None, old))
                .and_then(|head| head.origin);
            Head {
                origin,
                ..Head::computed(name)
            }
        }
        (None, Node::Loose(old)) => table
            .heads
            .iter()
            .find(|head| head.is_called(None, old))
            .cloned()
            .unwrap_or_else(|| Head::computed(old)),
        (name, _) => Head::computed(name.as_deref().unwrap_or_default()),
    };
    let heads: Vec<Head> = new.iter().map(head).collect();
    let mut rows = Vec::with_capacity(table.len());
    eval.each(&table, context, |_, inside| {
        let values: Result<Vec<Value>> = new.iter().map(|(_, node)| eval.scalar(node, inside)).collect();
        rows.push(values?);
        Ok(())
    })?;
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

/// Columns as they are, and names with expressions, in any order.
fn selected(arguments: &[Node]) -> Result<Vec<(Option<String>, &Node)>> {
    let mut found = Vec::new();
    let mut rest = arguments.iter();
    while let Some(node) = rest.next() {
        match node {
            Node::Column(_) | Node::Loose(_) => found.push((None, node)),
            name => {
                let name = name_argument("SELECTCOLUMNS", name)?;
                let missing = || DaxError::wrong("SELECTCOLUMNS expects an expression after each name of a new column");
                found.push((Some(name), rest.next().ok_or_else(missing)?));
            }
        }
    }
    Ok(found)
}

fn row(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let new = named("ROW", arguments)?;
    let values: Result<Vec<Value>> = new
        .iter()
        .map(|(_, expression)| eval.scalar(expression, context))
        .collect();
    let heads: Vec<Head> = new.iter().map(|(name, _)| Head::computed(name)).collect();
    Ok(Rc::new(TableValue::computed(heads, vec![values?])))
}

/// TOPN(count, table, order by, order, …): rows that tie with the last one stay too.
fn top(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let count = usize::try_from(whole_of(&eval.scalar(&arguments[0], context)?)?).unwrap_or(0);
    let table = eval.table(&arguments[1], context)?;
    if arguments.len() == 2 {
        let kept: Vec<usize> = (0..table.len().min(count)).collect();
        return Ok(Rc::new(table.with_rows(&kept)));
    }
    let (order, equal) = sorted(eval, "TOPN", &table, &arguments[2..], true, context)?;
    let mut kept: Vec<usize> = order.iter().copied().take(count).collect();
    if let Some(last) = kept.last().copied() {
        kept.extend(order.iter().copied().skip(count).take_while(|row| equal(last, *row)));
    }
    Ok(Rc::new(table.with_rows(&kept)))
}

/// Rows in an order, and whether two of them are level.
pub(super) type Sorted = (Vec<usize>, Box<dyn Fn(usize, usize) -> bool>);

/// The rows of a table by keys, given as expression and order in turn.
pub(super) fn sorted(
    eval: &Eval,
    function: &str,
    table: &Rc<TableValue>,
    keys: &[Node],
    descending: bool,
    context: &Context,
) -> Result<Sorted> {
    let mut orders = Vec::new();
    for key in keys.chunks(2) {
        orders.push(is_descending(eval, function, key.get(1), descending, context)?);
    }
    let mut values = Vec::with_capacity(table.len());
    eval.each(table, context, |_, inside| {
        let row: Result<Vec<Value>> = keys.chunks(2).map(|key| eval.scalar(&key[0], inside)).collect();
        values.push(row?);
        Ok(())
    })?;
    let compare = move |left: usize, right: usize| {
        let key = |place: usize| {
            let ordering = order(&values[left][place], &values[right][place]);
            if orders[place] { ordering.reverse() } else { ordering }
        };
        (0..orders.len())
            .map(key)
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    let mut rows: Vec<usize> = (0..table.len()).collect();
    rows.sort_by(|left, right| compare(*left, *right));
    Ok((rows, Box::new(move |left, right| compare(left, right).is_eq())))
}

fn series(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let values: Result<Vec<Value>> = arguments
        .iter()
        .map(|argument| eval.scalar(argument, context))
        .collect();
    let values = values?;
    let whole = values.iter().all(|value| matches!(value, Value::Int(_)));
    let (start, end) = (number_of(&values[0])?, number_of(&values[1])?);
    let step = values.get(2).map_or(Ok(1.0), number_of)?;
    if step <= 0.0 {
        return Err(DaxError::wrong("GENERATESERIES needs a step above zero"));
    }
    let count = if end < start {
        0
    } else {
        ((end - start) / step + 1e-9).floor() as usize + 1
    };
    check_size("GENERATESERIES", count)?;
    eval.work(count)?;
    let value = |at: usize| {
        let number = start + step * at as f64;
        match (&values[0], whole) {
            (Value::Date(_), _) => Value::Date(number),
            (_, true) => Value::Int(number as i64),
            _ => Value::Number(number),
        }
    };
    let rows = (0..count).map(|at| vec![value(at)]).collect();
    Ok(Rc::new(TableValue::computed(vec![Head::computed("Value")], rows)))
}
