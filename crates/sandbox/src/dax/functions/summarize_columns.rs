//! SUMMARIZECOLUMNS: values of columns that occur together, with expressions worked out for each combination.

use std::collections::HashSet;
use std::rc::Rc;

use crate::dax::Value;
use crate::dax::ast::Operator;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::filter;
use crate::dax::filter::Filter;
use crate::dax::filter::Filters;
use crate::dax::functions::sets::check_size;
use crate::dax::functions::tables::named;
use crate::dax::node::Node;
use crate::dax::select::Selection;
use crate::dax::storage::ColumnId;
use crate::dax::table::Head;
use crate::dax::table::TableValue;

/// SUMMARIZECOLUMNS(columns…, filter tables…, name, expression, …)
pub(super) fn summarize_columns(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Rc<TableValue>> {
    let mut columns = Vec::new();
    for node in arguments {
        let Node::Column(column) = node else { break };
        if !columns.contains(column) {
            columns.push(*column);
        }
    }
    let count = arguments
        .iter()
        .take_while(|node| matches!(node, Node::Column(_)))
        .count();
    let names = arguments[count..]
        .iter()
        .position(|node| matches!(node, Node::Constant(Value::Text(_))));
    let names = names.map_or(arguments.len(), |place| count + place);
    let new = named("SUMMARIZECOLUMNS", &arguments[names..])?;
    let filters = outer_filters(eval, &arguments[count..names], context)?;
    let combinations = combinations(eval, &columns, &new, &filters)?;

    let mut heads: Vec<Head> = columns.iter().map(|column| eval.head(*column)).collect();
    heads.extend(new.iter().map(|(name, _)| Head::computed(name)));
    let value = |(code, column): (&u32, &ColumnId)| eval.value_of(*column, *code).clone();
    let mut rows = Vec::new();
    for codes in combinations {
        let mut row: Vec<Value> = codes.iter().zip(&columns).map(value).collect();
        if new.is_empty() {
            rows.push(row);
            continue;
        }
        let mut inner = Vec::with_capacity(filters.len() + columns.len());
        inner.extend(
            columns
                .iter()
                .zip(&codes)
                .map(|(column, code)| Filter::codes(*column, vec![*code])),
        );
        inner.extend(filters.iter().cloned());
        let inside = Context {
            filters: Rc::new(inner),
            frame: None,
            variables: context.variables.clone(),
            selected: Some(filters.clone()),
        };
        eval.work(8)?;
        let mut blank = true;
        for (_, expression) in &new {
            let value = eval.scalar(expression, &inside)?;
            blank &= value.is_blank();
            row.push(value);
        }
        // A combination about which every expression says nothing is left out.
        if !blank {
            rows.push(row);
        }
    }
    Ok(Rc::new(TableValue::computed(heads, rows)))
}

/// The filter context around with the filter arguments.
fn outer_filters(eval: &Eval, arguments: &[Node], context: &Context) -> Result<Filters> {
    let outside = eval.transition(context)?;
    let mut new = Vec::new();
    let mut kept = Vec::new();
    for argument in arguments {
        if matches!(argument, Node::Omitted) {
            continue;
        }
        if !argument.is_table() && !matches!(argument, Node::Variable(_)) {
            return Err(DaxError::wrong(
                "SUMMARIZECOLUMNS expects columns, then filter tables, then names with expressions",
            ));
        }
        match argument.called() {
            Some(("KEEPFILTERS", [inner])) => kept.extend(eval.filter_argument(inner, context)?),
            _ => new.extend(eval.filter_argument(argument, context)?),
        }
    }
    let mut filters = if outside.is_empty() {
        new
    } else {
        filter::replace(eval.store, &outside, new)
    };
    filters.extend(kept);
    Ok(Rc::new(filters))
}

/// The combinations of values to work the expressions out for.
fn combinations(
    eval: &Eval,
    columns: &[ColumnId],
    new: &[(String, &Node)],
    filters: &Filters,
) -> Result<Vec<Vec<u32>>> {
    let mut tables: Vec<usize> = Vec::new();
    for column in columns {
        if !tables.contains(&column.table) {
            tables.push(column.table);
        }
    }
    if tables.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    if tables.len() > 1
        && let Some(facts) = common_facts(eval, columns, &tables, new)?
    {
        // Where the facts have no row, all expressions are blank.
        return occurring(eval, facts, columns, filters);
    }
    let mut found: Vec<Vec<(usize, u32)>> = vec![Vec::new()];
    for table in tables {
        let places: Vec<usize> = (0..columns.len())
            .filter(|place| columns[*place].table == table)
            .collect();
        let own: Vec<ColumnId> = places.iter().map(|place| columns[*place]).collect();
        let right = occurring(eval, table, &own, filters)?;
        check_size("SUMMARIZECOLUMNS", found.len() * right.len())?;
        eval.work(found.len() * right.len())?;
        let join = |left: &Vec<(usize, u32)>| {
            let with = |codes: &Vec<u32>| {
                let mut both = left.clone();
                both.extend(places.iter().copied().zip(codes.iter().copied()));
                both
            };
            right.iter().map(with).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(join).collect();
    }
    let in_order = |mut placed: Vec<(usize, u32)>| {
        placed.sort_unstable_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, code)| code).collect()
    };
    Ok(found.into_iter().map(in_order).collect())
}

/// The combinations of values that occur in the rows of a table.
fn occurring(eval: &Eval, table: usize, columns: &[ColumnId], filters: &Filters) -> Result<Vec<Vec<u32>>> {
    let codes: Vec<_> = columns.iter().map(|column| eval.store.codes(table, *column)).collect();
    let mut seen: HashSet<Vec<u32>> = HashSet::new();
    let mut found = Vec::new();
    let mut rows = 0;
    let mut key = Vec::new();
    Selection::new(eval.store, table, filters, true).each(|row| {
        rows += 1;
        key.clear();
        key.extend(codes.iter().map(|codes| codes[row as usize]));
        if !seen.contains(&key) {
            seen.insert(key.clone());
            found.push(key.clone());
        }
    });
    eval.work(rows)?;
    Ok(found)
}

/// A table below all the columns without whose rows every expression is blank.
fn common_facts(eval: &Eval, columns: &[ColumnId], tables: &[usize], new: &[(String, &Node)]) -> Result<Option<usize>> {
    if new.is_empty() {
        return Ok(None);
    }
    for facts in 0..eval.store.tables.len() {
        if !tables.iter().all(|table| eval.store.reaches(facts, *table)) {
            continue;
        }
        let mut all = true;
        for (_, expression) in new {
            all = all && is_blank_without(eval, expression, facts, columns, 0)?;
        }
        if all {
            return Ok(Some(facts));
        }
    }
    Ok(None)
}

/// Whether an expression is certainly blank where a table has no rows.
fn is_blank_without(eval: &Eval, node: &Node, facts: usize, columns: &[ColumnId], depth: u32) -> Result<bool> {
    if depth > 16 {
        return Ok(false);
    }
    let blank = |node: &Node| is_blank_without(eval, node, facts, columns, depth + 1);
    match node {
        Node::Measure(place) => blank(&eval.names.measure(*place)?.0),
        Node::Negate(inner) => blank(inner),
        Node::Binary(Operator::Multiply, left, right) => Ok(blank(left)? || blank(right)?),
        Node::Binary(Operator::Divide, left, _) => blank(left),
        Node::Binary(Operator::Add | Operator::Subtract, left, right) => Ok(blank(left)? && blank(right)?),
        Node::Call(function, arguments) => match (function.name, &arguments[..]) {
            ("SUM" | "AVERAGE" | "MIN" | "MAX" | "COUNT" | "COUNTA" | "DISTINCTCOUNT", [Node::Column(column)]) => {
                Ok(column.table == facts)
            }
            ("COUNTROWS", [Node::Table(table)]) => Ok(*table == facts),
            ("SUMX" | "AVERAGEX" | "MINX" | "MAXX" | "COUNTX", [Node::Table(table), _]) => Ok(*table == facts),
            ("DIVIDE", [left, _]) => blank(left),
            ("CALCULATE", [inner, conditions @ ..]) => Ok(conditions
                .iter()
                .all(|condition| only_narrows(eval, condition, columns))
                && blank(inner)?),
            _ => Ok(false),
        },
        _ => Ok(false),
    }
}

/// Whether a filter of CALCULATE leaves the columns grouped by alone.
fn only_narrows(eval: &Eval, condition: &Node, columns: &[ColumnId]) -> bool {
    let needed = condition.row_columns();
    !condition.is_table()
        && condition.is_plain()
        && !needed.is_empty()
        && needed
            .iter()
            .all(|column| !columns.contains(column) && !eval.is_calendar_key(*column))
}
