//! Looking at other rows and at the context: RELATED, LOOKUPVALUE, SELECTEDVALUE, HASONEVALUE, USERPRINCIPALNAME.

use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::functions::column_argument;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::operators::same;
use crate::dax::storage::ColumnId;
use crate::dax::table::Body;
use crate::dax::table::model_value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::scalar("RELATED", 1, 1, related),
    Function::scalar("LOOKUPVALUE", 3, MANY, lookup),
    Function::scalar("SELECTEDVALUE", 1, 2, |eval, arguments, context| {
        let column = column_argument("SELECTEDVALUE", &arguments[0])?;
        match (&eval.distinct(column, context, true)[..], arguments.get(1)) {
            ([single], _) => Ok(eval.value_of(column, *single).clone()),
            (_, Some(otherwise)) => eval.scalar(otherwise, context),
            _ => Ok(Value::Blank),
        }
    }),
    Function::scalar("HASONEVALUE", 1, 1, |eval, arguments, context| {
        let column = column_argument("HASONEVALUE", &arguments[0])?;
        Ok(Value::Bool(eval.distinct(column, context, true).len() == 1))
    }),
    Function::scalar("ISFILTERED", 1, 1, |eval, arguments, context| {
        let filtered = |column: &ColumnId| {
            context
                .filters
                .iter()
                .any(|filter| filter.columns(eval.store).contains(column))
        };
        let columns = eval.columns_named("ISFILTERED", arguments)?;
        let own = match &arguments[0] {
            Node::Table(table) => Some(*table),
            _ => None,
        };
        Ok(Value::Bool(
            columns
                .iter()
                .filter(|column| own.is_none_or(|table| column.table == table))
                .any(filtered),
        ))
    }),
    Function::scalar("ISEMPTY", 1, 1, |eval, arguments, context| {
        Ok(Value::Bool(eval.table(&arguments[0], context)?.len() == 0))
    }),
    Function::scalar("CONTAINSROW", 2, MANY, |eval, arguments, context| {
        let table = eval.table(&arguments[0], context)?;
        let wanted: Result<Vec<Value>> = arguments[1..].iter().map(|node| eval.scalar(node, context)).collect();
        let wanted = wanted?;
        if wanted.len() != table.heads.len() {
            return Err(DaxError::wrong(
                "CONTAINSROW expects as many values as the table has columns",
            ));
        }
        eval.work(table.len())?;
        let is = |row: usize| (0..wanted.len()).all(|place| same(&wanted[place], &table.value(eval.store, row, place)));
        Ok(Value::Bool((0..table.len()).any(is)))
    }),
    Function::scalar("USERPRINCIPALNAME", 0, 0, |eval, _, _| Ok(Value::text(eval.upn))),
    Function::scalar("USERNAME", 0, 0, |eval, _, _| Ok(Value::text(eval.upn))),
];

fn related(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let column = column_argument("RELATED", &arguments[0])?;
    let mut at = context.frame.as_deref();
    while let Some(frame) = at {
        if let Some(place) = frame.table.place_of(column) {
            return Ok(frame.table.value(eval.store, frame.row.get(), place));
        }
        if let Body::Model { table, rows } = &frame.table.body
            && let Some(row) = eval.store.row_above(*table, column.table, rows[frame.row.get()])
        {
            return Ok(model_value(eval.store, column, row));
        }
        at = frame.outer.as_deref();
    }
    let name = eval.names.column_name(column);
    Err(DaxError::wrong(format!(
        "column {name} is not related to a table of which there is a current row"
    )))
}

/// LOOKUPVALUE(result, column, value, …, otherwise)
fn lookup(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Value> {
    let result = column_argument("LOOKUPVALUE", &arguments[0])?;
    let (pairs, otherwise) = match arguments[1..].len() % 2 {
        0 => (&arguments[1..], None),
        _ => (&arguments[1..arguments.len() - 1], arguments.last()),
    };
    let mut rows: Vec<u32> = (0..).take(eval.store.tables[result.table].rows).collect();
    for pair in pairs.chunks(2) {
        let column = column_argument("LOOKUPVALUE", &pair[0])?;
        if !eval.store.reaches(result.table, column.table) {
            return Err(DaxError::wrong(
                "LOOKUPVALUE expects its columns in one table or above it",
            ));
        }
        let wanted = eval.scalar(&pair[1], context)?;
        let codes = eval.store.codes(result.table, column);
        let code = eval.store.dictionary(column).code(&wanted);
        eval.work(rows.len())?;
        rows.retain(|row| Some(codes[*row as usize]) == code);
    }
    let mut found = rows
        .iter()
        .map(|row| eval.store.code(result, *row))
        .collect::<Vec<u32>>();
    found.sort_unstable();
    found.dedup();
    match (&found[..], otherwise) {
        ([single], _) => Ok(eval.value_of(result, *single).clone()),
        (_, Some(otherwise)) => eval.scalar(otherwise, context),
        ([], None) => Ok(Value::Blank),
        _ => Err(DaxError::wrong(
            "LOOKUPVALUE found several values where one was expected",
        )),
    }
}
