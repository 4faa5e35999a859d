//! Works out expressions in a row context and a filter context.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::dax::Value;
use crate::dax::ast::Operator;
use crate::dax::bind::Names;
use crate::dax::convert::truth_of;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::filter::Filter;
use crate::dax::filter::Filters;
use crate::dax::node::Body;
use crate::dax::node::Node;
use crate::dax::operators;
use crate::dax::storage::ColumnId;
use crate::dax::storage::Store;
use crate::dax::table::Body as Rows;
use crate::dax::table::Head;
use crate::dax::table::TableValue;
use crate::dax::value::fold;

/// Steps after which a query is stopped, so that none runs for minutes.
const MOST_STEPS: u64 = 200_000_000;

/// How deep measures and functions may call one another, so that no query exhausts the stack.
const DEEPEST: u32 = 192;

/// One query being worked out.
pub(crate) struct Eval<'a> {
    pub(crate) names: &'a Names<'a>,
    pub(crate) store: &'a Store,
    pub(crate) upn: &'a str,
    pub(crate) now_ms: i64,
    steps: Cell<u64>,
    depth: Cell<u32>,
    /// Sets of dates worked out before, by what they depend on.
    pub(crate) dates: RefCell<HashMap<DatesKey, Vec<Filter>>>,
}

/// What a set of dates depends on: the function with its arguments, and the filters on the calendar.
pub(crate) type DatesKey = (String, Vec<(ColumnId, Vec<u32>)>);

/// What an expression sees: the filters, the current rows and the variables.
#[derive(Clone, Default)]
pub(crate) struct Context {
    pub(crate) filters: Filters,
    pub(crate) frame: Option<Rc<Frame>>,
    pub(crate) variables: Option<Rc<Variable>>,
    /// The filters of the query around SUMMARIZECOLUMNS, which ALLSELECTED brings back.
    pub(crate) selected: Option<Filters>,
}

/// A row of a table that is being gone through.
pub(crate) struct Frame {
    pub(crate) table: Rc<TableValue>,
    pub(crate) row: Cell<usize>,
    pub(crate) outer: Option<Rc<Frame>>,
}

/// A variable and those before it.
pub(crate) struct Variable {
    name: Rc<str>,
    value: Datum,
    outer: Option<Rc<Variable>>,
}

/// What a variable holds.
#[derive(Clone)]
pub(crate) enum Datum {
    Scalar(Value),
    Table(Rc<TableValue>),
}

impl Context {
    /// The same context inside a row of a table; the row is set while going through it.
    pub(crate) fn inside(&self, table: &Rc<TableValue>) -> (Self, Rc<Frame>) {
        let frame = Rc::new(Frame {
            table: table.clone(),
            row: Cell::new(0),
            outer: self.frame.clone(),
        });
        (
            Self {
                frame: Some(frame.clone()),
                ..self.clone()
            },
            frame,
        )
    }

    /// The same context under other filters.
    pub(crate) fn filtered(&self, filters: Filters) -> Self {
        Self {
            filters,
            ..self.clone()
        }
    }

    /// The same context with one more variable.
    pub(crate) fn knowing(&self, name: Rc<str>, value: Datum) -> Self {
        let variable = Rc::new(Variable {
            name,
            value,
            outer: self.variables.clone(),
        });
        Self {
            variables: Some(variable),
            ..self.clone()
        }
    }

    /// What a variable holds.
    pub(crate) fn variable(&self, name: &str) -> Option<&Datum> {
        let mut at = self.variables.as_deref();
        while let Some(variable) = at {
            if *variable.name == *name {
                return Some(&variable.value);
            }
            at = variable.outer.as_deref();
        }
        None
    }
}

impl<'a> Eval<'a> {
    /// A query over these rows.
    pub(crate) fn new(names: &'a Names<'a>, store: &'a Store, upn: &'a str, now_ms: i64) -> Self {
        Self {
            names,
            store,
            upn,
            now_ms,
            steps: Cell::new(0),
            depth: Cell::new(0),
            dates: RefCell::default(),
        }
    }

    /// Counts work and stops a query that never ends.
    pub(crate) fn work(&self, steps: usize) -> Result<()> {
        let steps = self.steps.get() + steps as u64;
        self.steps.set(steps);
        if steps > MOST_STEPS {
            return Err(DaxError::wrong(
                "the query needs more than the sandbox lets one query use; ask for less",
            ));
        }
        Ok(())
    }

    fn deeper<T>(&self, evaluate: impl FnOnce() -> Result<T>) -> Result<T> {
        let depth = self.depth.get() + 1;
        if depth > DEEPEST {
            return Err(DaxError::wrong(
                "expressions and measures call one another too deeply, or in a circle",
            ));
        }
        self.depth.set(depth);
        let result = evaluate();
        self.depth.set(depth - 1);
        result
    }

    /// The value of an expression.
    pub(crate) fn scalar(&self, node: &Node, context: &Context) -> Result<Value> {
        match node {
            Node::Omitted => Ok(Value::Blank),
            Node::Constant(value) => Ok(value.clone()),
            Node::Column(column) => self.column(*column, context),
            Node::Loose(name) => self.loose(name, context),
            Node::Variable(name) => match context.variable(name) {
                Some(Datum::Scalar(value)) => Ok(value.clone()),
                Some(Datum::Table(table)) => self.only_value(table),
                None => Err(DaxError::wrong(format!("variable '{name}' is not known here"))),
            },
            Node::Measure(place) => self.measure(*place, context),
            Node::Call(function, arguments) => self.deeper(|| match function.body {
                Body::Pure(body) => {
                    let values: Result<Vec<Value>> = arguments.iter().map(|node| self.scalar(node, context)).collect();
                    body(&values?)
                }
                Body::Scalar(body) => body(self, arguments, context),
                Body::Table(body) => self.only_value(&*body(self, arguments, context)?),
            }),
            Node::Negate(inner) => operators::negate(&self.scalar(inner, context)?),
            Node::Not(inner) => Ok(Value::Bool(!self.truth(inner, context)?)),
            Node::Binary(operator, left, right) => self.deeper(|| self.binary(*operator, left, right, context)),
            Node::In(left, right) => self.deeper(|| self.is_in(left, right, context)),
            Node::Variables(..) => self.deeper(|| {
                let (body, context) = self.defined(node, context)?;
                self.scalar(body, &context)
            }),
            Node::Table(_) | Node::Rows(_) => self.only_value(&*self.table(node, context)?),
            Node::Word(word) => Err(DaxError::wrong(format!("cannot find table '{word}'"))),
            Node::Tuple(_) => Err(DaxError::wrong(
                "a row of values in brackets is allowed only before IN and in braces",
            )),
        }
    }

    /// Whether an expression is true.
    pub(crate) fn truth(&self, node: &Node, context: &Context) -> Result<bool> {
        truth_of(&self.scalar(node, context)?)
    }

    /// The table an expression gives.
    pub(crate) fn table(&self, node: &Node, context: &Context) -> Result<Rc<TableValue>> {
        match node {
            Node::Table(table) => Ok(Rc::new(self.model_table(*table, context))),
            Node::Rows(rows) => self.literal(rows, context),
            Node::Call(function, arguments) => match function.body {
                Body::Table(body) => self.deeper(|| body(self, arguments, context)),
                _ => Err(DaxError::wrong(format!(
                    "{} gives a single value where a table is expected",
                    function.name
                ))),
            },
            Node::Variable(name) => match context.variable(name) {
                Some(Datum::Table(table)) => Ok(table.clone()),
                _ => Err(DaxError::wrong(format!(
                    "variable '{name}' holds a single value where a table is expected"
                ))),
            },
            Node::Variables(..) => self.deeper(|| {
                let (body, context) = self.defined(node, context)?;
                self.table(body, &context)
            }),
            Node::Column(column) => {
                let name = self.names.column_name(*column);
                Err(DaxError::wrong(format!(
                    "column {name} is given where a table is expected; VALUES makes a table of it"
                )))
            }
            Node::Measure(place) => {
                let name = self.names.measure_name(*place);
                Err(DaxError::wrong(format!(
                    "measure [{name}] is given where a table is expected"
                )))
            }
            _ => Err(DaxError::wrong("a single value is given where a table is expected")),
        }
    }

    /// Goes through the rows of a table.
    pub(crate) fn each(
        &self,
        table: &Rc<TableValue>,
        context: &Context,
        mut visit: impl FnMut(usize, &Context) -> Result<()>,
    ) -> Result<()> {
        let (inside, frame) = context.inside(table);
        self.work(table.len())?;
        for row in 0..table.len() {
            frame.row.set(row);
            visit(row, &inside)?;
        }
        Ok(())
    }

    /// The rows of a table of the model that the filters let through.
    pub(crate) fn model_table(&self, table: usize, context: &Context) -> TableValue {
        let rows = self.rows(table, &context.filters, false);
        TableValue {
            heads: self.heads(table),
            body: Rows::Model { table, rows },
        }
    }

    /// The headings of a table of the model.
    pub(crate) fn heads(&self, table: usize) -> Rc<[Head]> {
        (0..self.store.width(table))
            .map(|column| self.head(ColumnId { table, column }))
            .collect()
    }

    /// The heading of a column of the model.
    pub(crate) fn head(&self, column: ColumnId) -> Head {
        let table = &self.names.model.tables[column.table];
        Head {
            table: Some(Rc::from(table.name.as_str())),
            name: Rc::from(table.columns[column.column].name.as_str()),
            origin: Some(column),
        }
    }

    /// The only value of a table with one row and one column; a table without rows gives a blank.
    fn only_value(&self, table: &TableValue) -> Result<Value> {
        match (table.len(), table.heads.len()) {
            (0, 1) => Ok(Value::Blank),
            (1, 1) => Ok(table.value(self.store, 0, 0)),
            (_, 1) => Err(DaxError::wrong(
                "a table of several values is given where a single value is expected",
            )),
            _ => Err(DaxError::wrong(
                "a table of several columns is given where a single value is expected",
            )),
        }
    }

    fn column(&self, column: ColumnId, context: &Context) -> Result<Value> {
        let mut at = context.frame.as_deref();
        while let Some(frame) = at {
            if let Some(place) = frame.table.place_of(column) {
                return Ok(frame.table.value(self.store, frame.row.get(), place));
            }
            at = frame.outer.as_deref();
        }
        Err(DaxError::wrong(format!(
            "a single value for column {} cannot be determined: there is no current row, use SUM, MAX, VALUES or the like",
            self.names.column_name(column)
        )))
    }

    fn loose(&self, name: &str, context: &Context) -> Result<Value> {
        match named_in_rows(name, context, |_| true) {
            Some((frame, place)) => Ok(frame.table.value(self.store, frame.row.get(), place)),
            None => Err(DaxError::wrong(format!(
                "cannot find a measure or column named [{name}]"
            ))),
        }
    }

    fn measure(&self, place: usize, context: &Context) -> Result<Value> {
        let (node, name) = self.names.measure(place)?;
        // A computed column of the current row hides a measure of its name.
        if let Some((frame, column)) = named_in_rows(name, context, |head| head.origin.is_none()) {
            return Ok(frame.table.value(self.store, frame.row.get(), column));
        }
        let filters = self.transition(context)?;
        let selected = if context.frame.is_some() {
            None
        } else {
            context.selected.clone()
        };
        let inside = Context {
            filters,
            selected,
            ..Context::default()
        };
        self.work(1)?;
        self.deeper(|| self.scalar(&node, &inside))
    }

    fn binary(&self, operator: Operator, left: &Node, right: &Node, context: &Context) -> Result<Value> {
        match operator {
            Operator::And => Ok(Value::Bool(self.truth(left, context)? && self.truth(right, context)?)),
            Operator::Or => Ok(Value::Bool(self.truth(left, context)? || self.truth(right, context)?)),
            _ => operators::apply(operator, &self.scalar(left, context)?, &self.scalar(right, context)?),
        }
    }

    fn is_in(&self, left: &Node, right: &Node, context: &Context) -> Result<Value> {
        let wanted: Result<Vec<Value>> = match left {
            Node::Tuple(parts) => parts.iter().map(|part| self.scalar(part, context)).collect(),
            single => self.scalar(single, context).map(|value| vec![value]),
        };
        let wanted = wanted?;
        let table = self.table(right, context)?;
        if table.heads.len() != wanted.len() {
            return Err(DaxError::wrong(
                "the left side of IN must have as many values as the table on the right has columns",
            ));
        }
        self.work(table.len())?;
        let matches = |row: usize| {
            (0..wanted.len()).all(|column| operators::same(&wanted[column], &table.value(self.store, row, column)))
        };
        Ok(Value::Bool((0..table.len()).any(matches)))
    }

    fn literal(&self, rows: &[Vec<Node>], context: &Context) -> Result<Rc<TableValue>> {
        let width = rows.first().map_or(1, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            return Err(DaxError::wrong(
                "the rows of a table in braces must all have the same number of values",
            ));
        }
        let heads: Vec<Head> = match width {
            1 => vec![Head::computed("Value")],
            _ => (1..=width).map(|at| Head::computed(&format!("Value{at}"))).collect(),
        };
        let row = |row: &Vec<Node>| {
            row.iter()
                .map(|node| self.scalar(node, context))
                .collect::<Result<Vec<Value>>>()
        };
        let rows: Result<Vec<_>> = rows.iter().map(row).collect();
        Ok(Rc::new(TableValue::computed(heads, rows?)))
    }

    /// The body of VAR … RETURN and the context in which its variables are known.
    fn defined<'n>(&self, node: &'n Node, context: &Context) -> Result<(&'n Node, Context)> {
        let Node::Variables(variables, body) = node else {
            return Ok((node, context.clone()));
        };
        let mut context = context.clone();
        for (name, node) in variables.iter() {
            let value = self.datum(node, &context)?;
            context = context.knowing(name.clone(), value);
        }
        Ok((body, context))
    }

    /// The value or table of a variable.
    pub(crate) fn datum(&self, node: &Node, context: &Context) -> Result<Datum> {
        match node {
            Node::Variable(name) if matches!(context.variable(name), Some(Datum::Table(_))) => {
                self.table(node, context).map(Datum::Table)
            }
            node if node.is_table() => self.table(node, context).map(Datum::Table),
            node => self.scalar(node, context).map(Datum::Scalar),
        }
    }
}

/// The column of this name in the nearest current row that has one.
fn named_in_rows<'c>(name: &str, context: &'c Context, fits: impl Fn(&Head) -> bool) -> Option<(&'c Frame, usize)> {
    let name = fold(name);
    let mut at = context.frame.as_deref();
    while let Some(frame) = at {
        let named = |head: &Head| fits(head) && fold(&head.name) == name;
        if let Some(place) = frame.table.heads.iter().position(named) {
            return Some((frame, place));
        }
        at = frame.outer.as_deref();
    }
    None
}
