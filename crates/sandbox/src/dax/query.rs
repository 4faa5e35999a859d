//! Answers one query: reads it, looks up its names, works it out, orders and cuts the rows.

use std::rc::Rc;

use crate::data::Model;
use crate::dax::Value;
use crate::dax::ast::Definition;
use crate::dax::ast::Expr;
use crate::dax::ast::Query;
use crate::dax::ast::Statement;
use crate::dax::bind::Names;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::parser;
use crate::dax::result::Cell;
use crate::dax::result::Identity;
use crate::dax::result::Limits;
use crate::dax::result::ResultSet;
use crate::dax::security;
use crate::dax::table::TableValue;
use crate::dax::value::fold;
use crate::dax::value::order;

/// The answer to a query of a person at a time; it may ask for one table alone.
pub(crate) fn answer(model: &Model, text: &str, who: &Identity, limits: &Limits, now_ms: i64) -> Result<ResultSet> {
    let query = parser::query(text)?;
    if query.statements.len() > 1 {
        return Err(DaxError::wrong("only one EVALUATE is allowed in a query"));
    }
    let mut found = Vec::new();
    evaluate(model, query, who, limits, now_ms, &mut found)?;
    found.pop().ok_or_else(|| DaxError::wrong("expected EVALUATE"))
}

/// The answers to all statements of a query, as far as they go, and the error that ended them.
pub(crate) fn answers(
    model: &Model,
    text: &str,
    who: &Identity,
    limits: &Limits,
    now_ms: i64,
) -> (Vec<ResultSet>, Option<DaxError>) {
    let mut found = Vec::new();
    let ended = parser::query(text).and_then(|query| evaluate(model, query, who, limits, now_ms, &mut found));
    (found, ended.err())
}

fn evaluate(
    model: &Model,
    query: Query,
    who: &Identity,
    limits: &Limits,
    now_ms: i64,
    found: &mut Vec<ResultSet>,
) -> Result<()> {
    let view = security::view(model, who, now_ms)?;
    let mut names = Names::new(model);
    let mut variables = Vec::new();
    for definition in query.definitions {
        match definition {
            Definition::Measure {
                table,
                name,
                expression,
            } => names.define(&table, name, expression)?,
            Definition::Variable { name, expression } => variables.push((name, expression)),
        }
    }
    let names = names;
    let eval = Eval::new(&names, &view, &who.upn, now_ms);
    let mut context = Context::default();
    let mut known: Vec<Rc<str>> = Vec::new();
    for (name, expression) in &variables {
        let node = names.bind(expression, &mut known)?;
        let value = eval.datum(&node, &context)?;
        let name: Rc<str> = Rc::from(&*fold(name));
        context = context.knowing(name.clone(), value);
        known.push(name);
    }
    for Statement { table, order, start } in &query.statements {
        let table = eval.table(&names.bind(table, &mut known)?, &context)?;
        let rows = ordered(&eval, &table, order, start, &mut known, &context)?;
        found.push(cut(&eval, &table, &rows, limits));
    }
    Ok(())
}

/// The rows in the order asked for, from START AT on.
fn ordered(
    eval: &Eval,
    table: &Rc<TableValue>,
    keys: &[(Expr, bool)],
    start: &[Expr],
    known: &mut Vec<Rc<str>>,
    context: &Context,
) -> Result<Vec<usize>> {
    let mut rows: Vec<usize> = (0..table.len()).collect();
    if keys.is_empty() {
        return Ok(rows);
    }
    let nodes: Result<Vec<_>> = keys.iter().map(|(key, _)| eval.names.bind(key, known)).collect();
    let nodes = nodes?;
    let mut values: Vec<Vec<Value>> = Vec::with_capacity(rows.len());
    eval.each(table, context, |_, inside| {
        let row: Result<Vec<Value>> = nodes.iter().map(|node| eval.scalar(node, inside)).collect();
        values.push(row?);
        Ok(())
    })?;
    let compare = |left: &[Value], right: &[Value]| {
        let key = |place: usize| {
            let ordering = order(&left[place], &right[place]);
            if keys[place].1 { ordering.reverse() } else { ordering }
        };
        (0..left.len().min(right.len()))
            .map(key)
            .find(|ordering| ordering.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    rows.sort_by(|left, right| compare(&values[*left], &values[*right]));
    if start.is_empty() {
        return Ok(rows);
    }
    if start.len() > keys.len() {
        return Err(DaxError::wrong(
            "START AT expects no more values than ORDER BY has keys",
        ));
    }
    let first: Result<Vec<Value>> = start
        .iter()
        .map(|value| eval.scalar(&eval.names.bind(value, known)?, context))
        .collect();
    let first = first?;
    rows.retain(|row| compare(&values[*row], &first).is_ge());
    Ok(rows)
}

/// The rows as cells, no more than the limits allow.
fn cut(eval: &Eval, table: &TableValue, rows: &[usize], limits: &Limits) -> ResultSet {
    let columns: Vec<String> = table.heads.iter().map(crate::dax::table::Head::full_name).collect();
    let by_values = limits.values / columns.len().max(1);
    let most = limits.rows.min(by_values);
    let truncated = (rows.len() > most).then(|| {
        if by_values < limits.rows {
            format!("More than {} values in a query result", limits.values)
        } else {
            format!("More than {} rows in a query result", limits.rows)
        }
    });
    let cells = |row: &usize| table.row(eval.store, *row).iter().map(Cell::from).collect();
    ResultSet {
        columns,
        rows: rows.iter().take(most).map(cells).collect(),
        truncated,
    }
}
