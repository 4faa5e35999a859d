//! Grouping the rows of a table: SUMMARIZE, GROUPBY and CURRENTGROUP.

use std::collections::HashMap;
use std::rc::Rc;

use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Datum;
use crate::dax::eval::Eval;
use crate::dax::filter;
use crate::dax::filter::Filter;
use crate::dax::functions::summarize_columns::summarize_columns;
use crate::dax::functions::tables::named;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::storage::ColumnId;
use crate::dax::table::Body;
use crate::dax::table::Head;
use crate::dax::table::TableValue;
use crate::dax::value::Key;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::table("SUMMARIZECOLUMNS", 1, MANY, summarize_columns),
    Function::table("SUMMARIZE", 1, MANY, summarize),
    Function::table("GROUPBY", 1, MANY, group_by),
    Function::table("CURRENTGROUP", 0, 0, |_, _, context| match context.variable(GROUP) {
        Some(Datum::Table(table)) => Ok(table.clone()),
        _ => Err(DaxError::wrong(
            "CURRENTGROUP is allowed in the expressions of GROUPBY only",
        )),
    }),
];

/// The variable that holds the rows of the current group; no variable of a query can have this name.
const GROUP: &str = "current group";

/// Rows that share the values of some columns.
struct Group {
    values: Vec<Value>,
    codes: Option<Vec<u32>>,
    rows: Vec<usize>,
}

/// Columns to group by, and names with expressions.
type Parts<'n> = (&'n [Node], Vec<(String, &'n Node)>);

/// Splits the arguments after the table into columns to group by and named expressions.
fn parts<'n>(function: &str, arguments: &'n [Node]) -> Result<Parts<'n>> {
    if arguments.iter().any(|node| node.calls(&["ROLLUP", "ROLLUPGROUP"])) {
        return Err(DaxError::unsupported(format!(
            "{function} without ROLLUP is all there is"
        )));
    }
    let columns = arguments
        .iter()
        .take_while(|node| matches!(node, Node::Column(_) | Node::Loose(_)))
        .count();
    Ok((&arguments[..columns], named(function, &arguments[columns..])?))
}

fn summarize(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let table = eval.table(&arguments[0], context)?;
    let (columns, new) = parts("SUMMARIZE", &arguments[1..])?;
    let (mut heads, groups) = grouped(eval, "SUMMARIZE", &table, columns)?;
    if new.is_empty() {
        let rows = groups.into_iter().map(|group| group.values).collect();
        return Ok(Rc::new(TableValue::computed(heads, rows)));
    }
    let Body::Model {
        table: model_table,
        rows: model_rows,
    } = &table.body
    else {
        return Err(DaxError::unsupported(
            "SUMMARIZE adds expressions to tables of the model only; wrap it in ADDCOLUMNS",
        ));
    };
    let origins: Vec<ColumnId> = heads.iter().filter_map(|head| head.origin).collect();
    let whole = matches!(&arguments[0], Node::Table(_));
    let keys = Rc::new(TableValue::computed(
        heads.clone(),
        groups.iter().map(|group| group.values.clone()).collect(),
    ));
    let outside = eval.transition(context)?;
    let mut rows = Vec::with_capacity(groups.len());
    for (place, group) in groups.into_iter().enumerate() {
        let codes = group.codes.iter().flatten();
        let mut new_filters: Vec<Filter> = origins
            .iter()
            .zip(codes)
            .map(|(column, code)| Filter::codes(*column, vec![*code]))
            .collect();
        if !whole {
            // Rows that the table argument left out do not count in its groups.
            new_filters = vec![Filter::rows(
                *model_table,
                group.rows.iter().map(|row| model_rows[*row]).collect(),
            )];
        }
        let filters = Rc::new(filter::replace(eval.store, &outside, new_filters));
        let (inside, frame) = Context {
            filters,
            frame: None,
            ..context.clone()
        }
        .inside(&keys);
        frame.row.set(place);
        let mut values = group.values;
        for (_, expression) in &new {
            values.push(eval.scalar(expression, &inside)?);
        }
        rows.push(values);
    }
    heads.extend(new.iter().map(|(name, _)| Head::computed(name)));
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

fn group_by(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let table = eval.table(&arguments[0], context)?;
    let (columns, new) = parts("GROUPBY", &arguments[1..])?;
    let (mut heads, groups) = grouped(eval, "GROUPBY", &table, columns)?;
    let mut rows = Vec::with_capacity(groups.len());
    for group in groups {
        let members = Rc::new(table.with_rows(&group.rows));
        let inside = context.knowing(Rc::from(GROUP), Datum::Table(members));
        let mut values = group.values;
        for (_, expression) in &new {
            values.push(eval.scalar(expression, &inside)?);
        }
        rows.push(values);
    }
    heads.extend(new.iter().map(|(name, _)| Head::computed(name)));
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

fn grouped(eval: &Eval, function: &str, table: &Rc<TableValue>, columns: &[Node]) -> Result<(Vec<Head>, Vec<Group>)> {
    eval.work(table.len())?;
    if let Body::Model {
        table: model_table,
        rows,
    } = &table.body
    {
        return grouped_by_codes(eval, function, *model_table, rows, columns);
    }
    let place = |node: &Node| -> Result<usize> {
        let found = match node {
            Node::Column(column) => table.place_of(*column),
            Node::Loose(name) => table.heads.iter().position(|head| head.is_called(None, name)),
            _ => None,
        };
        found.ok_or_else(|| DaxError::wrong(format!("{function}: a column to group by is not in the table")))
    };
    let places: Result<Vec<usize>> = columns.iter().map(place).collect();
    let places = places?;
    let mut known: HashMap<Vec<Key>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for row in 0..table.len() {
        let values: Vec<Value> = places
            .iter()
            .map(|place| table.value(eval.store, row, *place))
            .collect();
        let key = values.iter().map(Value::key).collect();
        let group = *known.entry(key).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group {
                values,
                codes: None,
                rows: Vec::new(),
            });
        }
        groups[group].rows.push(row);
    }
    Ok((places.iter().map(|place| table.heads[*place].clone()).collect(), groups))
}

fn grouped_by_codes(
    eval: &Eval,
    function: &str,
    table: usize,
    rows: &[u32],
    columns: &[Node],
) -> Result<(Vec<Head>, Vec<Group>)> {
    let reached = |node: &Node| match node {
        Node::Column(column) if eval.store.reaches(table, column.table) => Ok(*column),
        Node::Column(column) => {
            let name = eval.names.column_name(*column);
            Err(DaxError::wrong(format!(
                "{function}: column {name} is not in the table or related to it"
            )))
        }
        Node::Loose(name) => Err(DaxError::wrong(format!("cannot find column [{name}]"))),
        _ => Err(DaxError::wrong(format!("{function} expects columns to group by"))),
    };
    let columns: Result<Vec<ColumnId>> = columns.iter().map(reached).collect();
    let columns = columns?;
    let codes: Vec<_> = columns.iter().map(|column| eval.store.codes(table, *column)).collect();
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let key: Vec<u32> = codes.iter().map(|codes| codes[*row as usize]).collect();
        let group = match known.get(&key) {
            Some(group) => *group,
            None => {
                let value = |(code, column): (&u32, &ColumnId)| eval.value_of(*column, *code).clone();
                let values = key.iter().zip(&columns).map(value).collect();
                groups.push(Group {
                    values,
                    codes: Some(key.clone()),
                    rows: Vec::new(),
                });
                known.insert(key, groups.len() - 1);
                groups.len() - 1
            }
        };
        groups[group].rows.push(place);
    }
    Ok((columns.iter().map(|column| eval.head(*column)).collect(), groups))
}
