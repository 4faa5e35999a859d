//! Values and sets: VALUES, DISTINCT, ALL, UNION, INTERSECT, EXCEPT, CROSSJOIN, GENERATE, TREATAS, FILTERS.

use std::collections::HashSet;
use std::rc::Rc;

use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::filter::Filter;
use crate::dax::functions::column_argument;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::storage::ColumnId;
use crate::dax::table::Body;
use crate::dax::table::Head;
use crate::dax::table::TableValue;
use crate::dax::value::Key;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::table("VALUES", 1, 1, |eval, arguments, context| {
        values(eval, "VALUES", &arguments[0], context, true)
    }),
    Function::table("DISTINCT", 1, 1, |eval, arguments, context| {
        values(eval, "DISTINCT", &arguments[0], context, false)
    }),
    Function::table("ALL", 1, MANY, |eval, arguments, _| all(eval, "ALL", arguments, true)),
    Function::table("ALLNOBLANKROW", 1, MANY, |eval, arguments, _| {
        all(eval, "ALLNOBLANKROW", arguments, false)
    }),
    Function::table("UNION", 2, MANY, union),
    Function::table("INTERSECT", 2, 2, |eval, arguments, context| {
        compared(eval, "INTERSECT", arguments, context, true)
    }),
    Function::table("EXCEPT", 2, 2, |eval, arguments, context| {
        compared(eval, "EXCEPT", arguments, context, false)
    }),
    Function::table("CROSSJOIN", 2, MANY, cross_join),
    Function::table("GENERATE", 2, 2, |eval, arguments, context| {
        generate(eval, arguments, context, false)
    }),
    Function::table("GENERATEALL", 2, 2, |eval, arguments, context| {
        generate(eval, arguments, context, true)
    }),
    Function::table("TREATAS", 2, MANY, treat_as),
    Function::table("FILTERS", 1, 1, filters),
];

/// More rows than this are not put together.
const MOST_ROWS: usize = 2_000_000;

/// The most rows a joined table may have.
pub(super) fn check_size(function: &str, rows: usize) -> Result<()> {
    if rows > MOST_ROWS {
        return Err(DaxError::wrong(format!(
            "{function} would give {rows} rows, more than the sandbox puts together"
        )));
    }
    Ok(())
}

fn values(eval: &Eval, function: &str, node: &Node, context: &Context, blank_row: bool) -> Result<Rc<TableValue>> {
    match node {
        Node::Column(column) => Ok(Rc::new(
            eval.column_table(*column, &eval.distinct(*column, context, blank_row)),
        )),
        Node::Table(table) => {
            let rows = eval.rows(*table, &context.filters, blank_row);
            let table = TableValue {
                heads: eval.heads(*table),
                body: Body::Model { table: *table, rows },
            };
            Ok(Rc::new(if function == "DISTINCT" {
                unique(eval, &table)
            } else {
                table
            }))
        }
        _ if function == "DISTINCT" => {
            let table = eval.table(node, context)?;
            eval.work(table.len())?;
            Ok(Rc::new(unique(eval, &table)))
        }
        _ => Err(DaxError::wrong("VALUES expects a column or a table of the model")),
    }
}

/// The table with every row once.
fn unique(eval: &Eval, table: &TableValue) -> TableValue {
    let mut seen = HashSet::new();
    let kept: Vec<usize> = (0..table.len())
        .filter(|row| seen.insert(key(eval, table, *row)))
        .collect();
    table.with_rows(&kept)
}

/// The identity of a row.
pub(super) fn key(eval: &Eval, table: &TableValue, row: usize) -> Vec<Key> {
    (0..table.heads.len())
        .map(|column| table.value(eval.store, row, column).key())
        .collect()
}

fn all(eval: &Eval, function: &str, arguments: &[Node], blank_row: bool) -> Result<Rc<TableValue>> {
    if let [Node::Table(table)] = arguments {
        let rows = if blank_row {
            eval.store.all_rows(*table)
        } else {
            eval.store.tables[*table].rows
        };
        let rows = (0..).take(rows).collect();
        return Ok(Rc::new(TableValue {
            heads: eval.heads(*table),
            body: Body::Model { table: *table, rows },
        }));
    }
    let columns: Result<Vec<ColumnId>> = arguments
        .iter()
        .map(|argument| column_argument(function, argument))
        .collect();
    let columns = columns?;
    if columns.iter().any(|column| column.table != columns[0].table) {
        return Err(DaxError::wrong(format!("{function} expects columns of one table")));
    }
    if let ([column], false) = (&columns[..], blank_row) {
        return Ok(Rc::new(
            eval.column_table(*column, &eval.distinct(*column, &Context::default(), false)),
        ));
    }
    let value = |(code, column): (&u32, &ColumnId)| eval.value_of(*column, *code).clone();
    let combinations = eval.combinations(&columns);
    let rows = combinations
        .iter()
        .map(|codes| codes.iter().zip(&columns).map(value).collect())
        .collect();
    let heads: Vec<Head> = columns.iter().map(|column| eval.head(*column)).collect();
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

impl Eval<'_> {
    /// A table of some values of a column of the model.
    pub(crate) fn column_table(&self, column: ColumnId, codes: &[u32]) -> TableValue {
        let rows = codes
            .iter()
            .map(|code| vec![self.value_of(column, *code).clone()])
            .collect();
        TableValue::computed(vec![self.head(column)], rows)
    }
}

fn same_width(function: &str, tables: &[Rc<TableValue>]) -> Result<()> {
    if tables.iter().any(|table| table.heads.len() != tables[0].heads.len()) {
        return Err(DaxError::wrong(format!(
            "{function} expects tables with the same number of columns"
        )));
    }
    Ok(())
}

fn union(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let tables: Result<Vec<_>> = arguments.iter().map(|argument| eval.table(argument, context)).collect();
    let tables = tables?;
    same_width("UNION", &tables)?;
    let head = |place: usize| {
        let mut head = tables[0].heads[place].clone();
        // Only a column that is the same in all tables still filters the model.
        if tables.iter().any(|table| table.heads[place].origin != head.origin) {
            head = Head::computed(&head.name);
        }
        head
    };
    let heads: Vec<Head> = (0..tables[0].heads.len()).map(head).collect();
    let mut rows = Vec::new();
    for table in &tables {
        eval.work(table.len())?;
        rows.extend((0..table.len()).map(|row| table.row(eval.store, row)));
    }
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

/// The rows of the first table that are, or are not, in the second.
fn compared(
    eval: &Eval,
    function: &str,
    arguments: &[Node],
    context: &Context,
    within: bool,
) -> Result<Rc<TableValue>> {
    let tables = [eval.table(&arguments[0], context)?, eval.table(&arguments[1], context)?];
    same_width(function, &tables)?;
    let [left, right] = tables;
    eval.work(left.len() + right.len())?;
    let known: HashSet<Vec<Key>> = (0..right.len()).map(|row| key(eval, &right, row)).collect();
    let kept: Vec<usize> = (0..left.len())
        .filter(|row| known.contains(&key(eval, &left, *row)) == within)
        .collect();
    Ok(Rc::new(left.with_rows(&kept)))
}

fn join_heads(function: &str, left: &[Head], right: &[Head]) -> Result<Vec<Head>> {
    if let Some(twice) = left
        .iter()
        .find(|head| right.iter().any(|other| other.full_name() == head.full_name()))
    {
        return Err(DaxError::wrong(format!(
            "{function}: column {} is in more than one table",
            twice.full_name()
        )));
    }
    Ok(left.iter().chain(right).cloned().collect())
}

fn cross_join(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let mut heads: Vec<Head> = Vec::new();
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for argument in arguments {
        let table = eval.table(argument, context)?;
        heads = join_heads("CROSSJOIN", &heads, &table.heads)?;
        check_size("CROSSJOIN", rows.len() * table.len())?;
        eval.work(rows.len() * table.len())?;
        let right: Vec<Vec<Value>> = (0..table.len()).map(|row| table.row(eval.store, row)).collect();
        let join = |left: &Vec<Value>| right.iter().map(|row| [&left[..], row].concat()).collect::<Vec<_>>();
        rows = rows.iter().flat_map(join).collect();
    }
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

/// For each row of the first table the rows of the second, worked out in it.
fn generate(eval: &Eval, arguments: &[Node], context: &Context, keep_empty: bool) -> Result<Rc<TableValue>> {
    let left = eval.table(&arguments[0], context)?;
    let mut heads: Option<Vec<Head>> = None;
    let mut rows = Vec::new();
    eval.each(&left, context, |row, inside| {
        let right = eval.table(&arguments[1], inside)?;
        if heads.is_none() {
            heads = Some(join_heads("GENERATE", &left.heads, &right.heads)?);
        }
        eval.work(right.len())?;
        let values = left.row(eval.store, row);
        if right.len() == 0 && keep_empty {
            rows.push([&values[..], &vec![Value::Blank; right.heads.len()]].concat());
        }
        rows.extend((0..right.len()).map(|place| [&values[..], &right.row(eval.store, place)].concat()));
        check_size("GENERATE", rows.len())
    })?;
    let heads = heads.unwrap_or_else(|| left.heads.to_vec());
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

/// TREATAS(table, columns…): values taken as values of other columns; unknown ones are left out.
fn treat_as(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let table = eval.table(&arguments[0], context)?;
    let columns: Result<Vec<ColumnId>> = arguments[1..]
        .iter()
        .map(|node| column_argument("TREATAS", node))
        .collect();
    let columns = columns?;
    if columns.len() != table.heads.len() {
        return Err(DaxError::wrong("TREATAS expects as many columns as the table has"));
    }
    eval.work(table.len())?;
    let known = |values: &Vec<Value>| {
        values
            .iter()
            .zip(&columns)
            .all(|(value, column)| eval.store.dictionary(*column).code(value).is_some())
    };
    let rows = (0..table.len())
        .map(|row| table.row(eval.store, row))
        .filter(known)
        .collect();
    let heads: Vec<Head> = columns.iter().map(|column| eval.head(*column)).collect();
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

/// FILTERS(column): the values a filter names, whether or not they have rows.
fn filters(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let column = column_argument("FILTERS", &arguments[0])?;
    let direct: Vec<Filter> = context
        .filters
        .iter()
        .filter(|filter| filter.columns(eval.store).contains(&column))
        .cloned()
        .collect();
    let inside = context.filtered(Rc::new(direct));
    Ok(Rc::new(
        eval.column_table(column, &eval.distinct(column, &inside, true)),
    ))
}
