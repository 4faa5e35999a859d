//! CALCULATE and what changes the filter context.

use std::collections::HashSet;
use std::rc::Rc;

use crate::data::ColumnKind;
use crate::dax::Value;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Datum;
use crate::dax::eval::Eval;
use crate::dax::filter;
use crate::dax::filter::Filter;
use crate::dax::filter::Filters;
use crate::dax::filter::columns_of_tables;
use crate::dax::functions::time;
use crate::dax::node::Function;
use crate::dax::node::MANY;
use crate::dax::node::Node;
use crate::dax::storage::ColumnId;
use crate::dax::table::Body;
use crate::dax::table::TableValue;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::scalar("CALCULATE", 1, MANY, |eval, arguments, context| {
        let inside = eval.calculation(&arguments[1..], context)?;
        eval.scalar(&arguments[0], &inside)
    }),
    Function::table("CALCULATETABLE", 1, MANY, |eval, arguments, context| {
        let inside = eval.calculation(&arguments[1..], context)?;
        eval.table(&arguments[0], &inside)
    }),
    Function::table("RELATEDTABLE", 1, 1, |eval, arguments, context| {
        let inside = eval.calculation(&[], context)?;
        eval.table(&arguments[0], &inside)
    }),
    Function::table("KEEPFILTERS", 1, 1, |_, _, _| only_in_calculate("KEEPFILTERS")),
    Function::table("REMOVEFILTERS", 0, MANY, |_, _, _| only_in_calculate("REMOVEFILTERS")),
    Function::table("ALLEXCEPT", 2, MANY, |_, _, _| only_in_calculate("ALLEXCEPT")),
    Function::table("ALLSELECTED", 0, MANY, |_, _, _| only_in_calculate("ALLSELECTED")),
];

fn only_in_calculate(name: &str) -> Result<Rc<TableValue>> {
    Err(DaxError::unsupported(format!(
        "{name} is available as an argument of CALCULATE, CALCULATETABLE and the like only"
    )))
}

/// What one argument of CALCULATE does.
enum Change {
    Remove(HashSet<ColumnId>),
    RestoreSelected(HashSet<ColumnId>),
    Add { filters: Vec<Filter>, keep: bool },
}

impl Eval<'_> {
    /// The context in which CALCULATE works out its first argument.
    pub(crate) fn calculation(&self, arguments: &[Node], context: &Context) -> Result<Context> {
        // The arguments see the context outside, rows included; only then do rows become filters.
        let changes: Result<Vec<Change>> = arguments
            .iter()
            .map(|argument| self.change(argument, context))
            .collect();
        let changes = changes?;
        let mut filters = self.transition(context)?.to_vec();
        for change in &changes {
            match change {
                Change::Remove(columns) => filters = filter::remove(self.store, &filters, columns),
                Change::RestoreSelected(columns) => filters = self.restore_selected(&filters, columns, context)?,
                Change::Add { .. } => {}
            }
        }
        let mut added = Vec::new();
        let mut replaced = HashSet::new();
        for change in changes {
            if let Change::Add { filters: new, keep } = change {
                if !keep {
                    replaced.extend(new.iter().flat_map(|filter| filter.columns(self.store)));
                    replaced.extend(new.iter().flat_map(|filter| self.calendar_columns(filter)));
                }
                added.extend(new);
            }
        }
        let mut filters = if replaced.is_empty() {
            filters
        } else {
            filter::remove(self.store, &filters, &replaced)
        };
        filters.extend(added);
        let selected = if context.frame.is_some() {
            None
        } else {
            context.selected.clone()
        };
        // The rows have become filters and are current rows no longer.
        Ok(Context {
            filters: Rc::new(filters),
            selected,
            frame: None,
            ..context.clone()
        })
    }

    /// The filters with every current row turned into filters, the innermost last.
    pub(crate) fn transition(&self, context: &Context) -> Result<Filters> {
        let mut frames = Vec::new();
        let mut at = context.frame.as_deref();
        while let Some(frame) = at {
            frames.push(frame);
            at = frame.outer.as_deref();
        }
        if frames.is_empty() {
            return Ok(context.filters.clone());
        }
        let mut filters = context.filters.to_vec();
        for frame in frames.iter().rev() {
            let new = self.row_filters(&frame.table, frame.row.get());
            filters = if filters.is_empty() {
                new
            } else {
                filter::replace(self.store, &filters, new)
            };
        }
        Ok(Rc::new(filters))
    }

    /// The filters that let through what equals one row.
    fn row_filters(&self, table: &TableValue, row: usize) -> Vec<Filter> {
        if let Body::Model { table, rows } = &table.body {
            return vec![Filter::rows(*table, self.store.twins(*table, rows[row]))];
        }
        let single = |(place, column): (usize, ColumnId)| {
            let code = self.store.dictionary(column).code(&table.value(self.store, row, place));
            Filter::codes(column, code.into_iter().collect())
        };
        let columns = table
            .heads
            .iter()
            .enumerate()
            .filter_map(|(place, head)| Some((place, head.origin?)));
        columns.map(single).collect()
    }

    fn change(&self, argument: &Node, context: &Context) -> Result<Change> {
        if let Some((name, inner)) = argument.called() {
            match name {
                "KEEPFILTERS" => {
                    let filters = self.filter_argument(&inner[0], context)?;
                    return Ok(Change::Add { filters, keep: true });
                }
                "ALL" | "ALLNOBLANKROW" | "REMOVEFILTERS" => {
                    return Ok(Change::Remove(self.columns_named(name, inner)?));
                }
                "ALLEXCEPT" => {
                    let mut columns = self.columns_named(name, &inner[..1])?;
                    for kept in self.columns_named(name, &inner[1..])? {
                        columns.remove(&kept);
                    }
                    return Ok(Change::Remove(columns));
                }
                "ALLSELECTED" => return Ok(Change::RestoreSelected(self.columns_named(name, inner)?)),
                _ => {}
            }
        }
        Ok(Change::Add {
            filters: self.filter_argument(argument, context)?,
            keep: false,
        })
    }

    /// The filters that an argument, a table or a condition, stands for.
    pub(crate) fn filter_argument(&self, argument: &Node, context: &Context) -> Result<Vec<Filter>> {
        let holds_table =
            matches!(argument, Node::Variable(name) if matches!(context.variable(name), Some(Datum::Table(_))));
        if argument.is_table() || holds_table {
            // Sets of dates are asked for again and again in groups that do not touch the calendar.
            let key = time::key(self, argument, context);
            if let Some(known) = key.as_ref().and_then(|key| self.dates.borrow().get(key).cloned()) {
                return Ok(known);
            }
            let filters = self.filters_of(&*self.table(argument, context)?)?;
            if let Some(key) = key {
                self.dates.borrow_mut().insert(key, filters.clone());
            }
            return Ok(filters);
        }
        self.condition(argument, context).map(|filter| vec![filter])
    }

    /// The filter that lets through what is in a table.
    pub(crate) fn filters_of(&self, table: &TableValue) -> Result<Vec<Filter>> {
        if let Body::Model { table, rows } = &table.body {
            return Ok(vec![Filter::rows(*table, rows.clone())]);
        }
        let known: Vec<(usize, ColumnId)> = table
            .heads
            .iter()
            .enumerate()
            .filter_map(|(place, head)| Some((place, head.origin?)))
            .collect();
        if known.is_empty() {
            return Err(DaxError::unsupported(
                "a filter table must have a column of the model; TREATAS gives it one",
            ));
        }
        self.work(table.len())?;
        let codes = |row: usize| {
            let code = |(place, column): &(usize, ColumnId)| {
                self.store
                    .dictionary(*column)
                    .code(&table.value(self.store, row, *place))
            };
            known.iter().map(code).collect::<Option<Box<[u32]>>>()
        };
        let tuples = (0..table.len()).filter_map(codes).collect();
        Ok(vec![Filter::tuples(
            known.iter().map(|(_, column)| *column).collect(),
            tuples,
        )])
    }

    /// The filter of a condition such as `'Sales'[Region] = "North"`.
    fn condition(&self, node: &Node, context: &Context) -> Result<Filter> {
        let mut measure = None;
        node.each_in_row(&mut |part| {
            if let Node::Measure(place) = part {
                measure = Some(*place);
            }
        });
        if let Some(place) = measure {
            let name = self.names.measure_name(place);
            return Err(DaxError::wrong(format!(
                "measure [{name}] cannot be used in a true/false filter; use FILTER"
            )));
        }
        let columns = node.row_columns();
        let Some(first) = columns.first() else {
            return Err(DaxError::wrong(
                "a true/false filter must compare a column of the model",
            ));
        };
        if columns.iter().any(|column| column.table != first.table) {
            return Err(DaxError::wrong(
                "a true/false filter must stay with the columns of one table",
            ));
        }
        let node = self.settle(node, context)?;
        let candidates = self.combinations(&columns);
        let heads: Vec<_> = columns.iter().map(|column| self.head(*column)).collect();
        let value = |(code, column): (&u32, &ColumnId)| self.store.dictionary(*column).values[*code as usize].clone();
        let rows = candidates
            .iter()
            .map(|codes| codes.iter().zip(&columns).map(value).collect())
            .collect();
        let table = Rc::new(TableValue::computed(heads, rows));
        let mut passed = HashSet::new();
        self.each(&table, context, |row, inside| {
            if self.truth(&node, inside)? {
                passed.insert(candidates[row].clone());
            }
            Ok(())
        })?;
        Ok(Filter::tuples(columns, passed))
    }

    /// The combinations of values that occur in columns of one table, filters ignored.
    pub(crate) fn combinations(&self, columns: &[ColumnId]) -> Vec<Box<[u32]>> {
        let table = columns[0].table;
        let codes: Vec<_> = columns.iter().map(|column| self.store.codes(table, *column)).collect();
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for row in 0..self.store.all_rows(table) {
            let key: Box<[u32]> = codes.iter().map(|codes| codes[row]).collect();
            if !seen.contains(&key) {
                seen.insert(key.clone());
                found.push(key);
            }
        }
        found
    }

    /// The condition with its aggregations, which do not depend on the row, worked out once.
    fn settle(&self, node: &Node, context: &Context) -> Result<Node> {
        const AGGREGATES: [&str; 10] = [
            "SUM",
            "AVERAGE",
            "MIN",
            "MAX",
            "COUNT",
            "COUNTROWS",
            "DISTINCTCOUNT",
            "SELECTEDVALUE",
            "TODAY",
            "NOW",
        ];
        Ok(match node {
            Node::Call(function, arguments) if AGGREGATES.contains(&function.name) && arguments.len() < 2 => {
                Node::Constant(self.scalar(node, context)?)
            }
            Node::Call(function, arguments) if matches!(function.body, crate::dax::node::Body::Pure(_)) => {
                let settled: Result<Vec<Node>> = arguments.iter().map(|part| self.settle(part, context)).collect();
                Node::Call(function, settled?.into())
            }
            Node::Binary(operator, left, right) => Node::Binary(
                *operator,
                Rc::new(self.settle(left, context)?),
                Rc::new(self.settle(right, context)?),
            ),
            other => other.clone(),
        })
    }

    /// The columns that ALL and its like name.
    pub(crate) fn columns_named(&self, function: &str, arguments: &[Node]) -> Result<HashSet<ColumnId>> {
        if arguments.is_empty() {
            let all: Vec<usize> = (0..self.store.tables.len()).collect();
            return Ok(columns_of_tables(self.store, &all).into_iter().collect());
        }
        let mut columns = HashSet::new();
        for argument in arguments {
            match argument {
                Node::Column(column) => {
                    columns.insert(*column);
                }
                Node::Table(table) => columns.extend(columns_of_tables(self.store, &self.store.expanded(*table))),
                _ => {
                    return Err(DaxError::wrong(format!(
                        "{function} expects tables or columns of the model"
                    )));
                }
            }
        }
        Ok(columns)
    }

    fn restore_selected(
        &self,
        filters: &[Filter],
        columns: &HashSet<ColumnId>,
        context: &Context,
    ) -> Result<Vec<Filter>> {
        let selected = match &context.selected {
            Some(selected) if context.frame.is_none() => selected,
            _ => {
                return Err(DaxError::unsupported(
                    "ALLSELECTED is available in the expressions of SUMMARIZECOLUMNS only",
                ));
            }
        };
        let mut kept = filter::remove(self.store, filters, columns);
        kept.extend(
            selected
                .iter()
                .filter(|filter| filter.columns(self.store).iter().any(|c| columns.contains(c)))
                .cloned(),
        );
        Ok(kept)
    }

    /// A filter on the key of a calendar replaces all filters on the calendar.
    fn calendar_columns(&self, filter: &Filter) -> Vec<ColumnId> {
        let Filter::Codes(column, _) = filter else {
            return Vec::new();
        };
        if self.is_calendar_key(*column) {
            columns_of_tables(self.store, &[column.table])
        } else {
            Vec::new()
        }
    }

    /// Whether a column holds the dates by which a relationship leads to its table.
    pub(crate) fn is_calendar_key(&self, column: ColumnId) -> bool {
        let table = &self.names.model.tables[column.table];
        let own = &table.columns[column.column];
        let same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
        own.kind == ColumnKind::DateTime
            && self.names.model.relationships.iter().any(|relationship| {
                same(&relationship.to_table, &table.name) && same(&relationship.to_column, &own.name)
            })
    }

    /// The value behind a code.
    pub(crate) fn value_of(&self, column: ColumnId, code: u32) -> &Value {
        &self.store.dictionary(column).values[code as usize]
    }
}
