//! A query with its names looked up, ready to be evaluated.

use std::rc::Rc;

use crate::dax::Value;
use crate::dax::ast::Operator;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::storage::ColumnId;
use crate::dax::table::TableValue;

/// An expression whose names are known.
#[derive(Clone)]
pub(crate) enum Node {
    /// An argument that was left out.
    Omitted,
    Constant(Value),
    /// The value of a column of the model in the current row.
    Column(ColumnId),
    /// A column that is looked up by name in the current rows.
    Loose(Rc<str>),
    /// A table of the model.
    Table(usize),
    Variable(Rc<str>),
    /// A word with a meaning to the function around it, such as DESC or YEAR; in lower case.
    Word(Rc<str>),
    /// A measure by its place among the measures of the query.
    Measure(usize),
    Call(&'static Function, Rc<[Node]>),
    Negate(Rc<Node>),
    Not(Rc<Node>),
    Binary(Operator, Rc<Node>, Rc<Node>),
    In(Rc<Node>, Rc<Node>),
    Tuple(Rc<[Node]>),
    Rows(Rc<[Vec<Node>]>),
    Variables(Rc<[(Rc<str>, Node)]>, Rc<Node>),
}

/// A function of the language.
pub(crate) struct Function {
    /// Its name in capitals.
    pub(crate) name: &'static str,
    /// The fewest and the most arguments.
    pub(crate) arguments: (usize, usize),
    pub(crate) body: Body,
}

/// How a function is worked out.
pub(crate) enum Body {
    /// From the values of its arguments alone.
    Pure(fn(&[Value]) -> Result<Value>),
    /// A scalar from unevaluated arguments.
    Scalar(fn(&Eval, &[Node], &Context) -> Result<Value>),
    /// A table from unevaluated arguments.
    Table(fn(&Eval, &[Node], &Context) -> Result<Rc<TableValue>>),
}

/// As many arguments as one likes.
pub(crate) const MANY: usize = usize::MAX;

impl Function {
    /// A function of values.
    pub(crate) const fn pure(
        name: &'static str,
        least: usize,
        most: usize,
        body: fn(&[Value]) -> Result<Value>,
    ) -> Self {
        Self {
            name,
            arguments: (least, most),
            body: Body::Pure(body),
        }
    }

    /// A function that gives a scalar.
    pub(crate) const fn scalar(
        name: &'static str,
        least: usize,
        most: usize,
        body: fn(&Eval, &[Node], &Context) -> Result<Value>,
    ) -> Self {
        Self {
            name,
            arguments: (least, most),
            body: Body::Scalar(body),
        }
    }

    /// A function that gives a table.
    pub(crate) const fn table(
        name: &'static str,
        least: usize,
        most: usize,
        body: fn(&Eval, &[Node], &Context) -> Result<Rc<TableValue>>,
    ) -> Self {
        Self {
            name,
            arguments: (least, most),
            body: Body::Table(body),
        }
    }

    /// Refuses a wrong number of arguments.
    pub(crate) fn check(&self, count: usize) -> Result<()> {
        let (least, most) = self.arguments;
        if count < least {
            let plural = if least == 1 { "" } else { "s" };
            return Err(DaxError::wrong(format!(
                "{} needs at least {least} argument{plural}, {count} given",
                self.name
            )));
        }
        if count > most {
            let plural = if most == 1 { "" } else { "s" };
            return Err(DaxError::wrong(format!(
                "{} takes at most {most} argument{plural}, {count} given",
                self.name
            )));
        }
        Ok(())
    }
}

impl Node {
    /// The function called here, if one is.
    pub(crate) fn called(&self) -> Option<(&'static str, &[Node])> {
        match self {
            Self::Call(function, arguments) => Some((function.name, arguments)),
            _ => None,
        }
    }

    /// Whether this is a call of one of these functions.
    pub(crate) fn calls(&self, names: &[&str]) -> bool {
        self.called().is_some_and(|(name, _)| names.contains(&name))
    }

    /// Whether this can only be a table.
    pub(crate) fn is_table(&self) -> bool {
        match self {
            Self::Table(_) | Self::Rows(_) => true,
            Self::Call(function, _) => matches!(function.body, Body::Table(_)),
            Self::Variables(_, body) => body.is_table(),
            _ => false,
        }
    }

    /// Visits the parts of the expression that are worked out in the current row.
    pub(crate) fn each_in_row(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match self {
            Self::Call(function, arguments)
                if matches!(function.body, Body::Pure(_)) || RELAYS.contains(&function.name) =>
            {
                arguments.iter().for_each(|argument| argument.each_in_row(visit));
            }
            Self::Negate(inner) | Self::Not(inner) => inner.each_in_row(visit),
            Self::Binary(_, left, right) | Self::In(left, right) => {
                left.each_in_row(visit);
                right.each_in_row(visit);
            }
            Self::Tuple(parts) => parts.iter().for_each(|part| part.each_in_row(visit)),
            Self::Rows(rows) => rows.iter().flatten().for_each(|part| part.each_in_row(visit)),
            Self::Variables(variables, body) => {
                variables.iter().for_each(|(_, node)| node.each_in_row(visit));
                body.each_in_row(visit);
            }
            _ => {}
        }
    }

    /// The columns whose value in the current row this expression needs.
    pub(crate) fn row_columns(&self) -> Vec<ColumnId> {
        let mut found = Vec::new();
        self.each_in_row(&mut |node| match node {
            Self::Column(column) if !found.contains(column) => found.push(*column),
            _ => {}
        });
        found
    }

    /// The columns of tables above the current row's that RELATED fetches.
    pub(crate) fn related_columns(&self) -> Vec<ColumnId> {
        let mut found = Vec::new();
        self.each_in_row(&mut |node| match node.called() {
            Some(("RELATED", [Self::Column(column)])) if !found.contains(column) => found.push(*column),
            _ => {}
        });
        found
    }

    /// Whether the value depends on nothing but the columns of the current row and constants.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Column(_) | Self::Constant(_) | Self::Omitted => true,
            Self::Call(function, arguments) => {
                function.name == "RELATED"
                    || (matches!(function.body, Body::Pure(_)) || RELAYS.contains(&function.name))
                        && arguments.iter().all(Self::is_plain)
            }
            Self::Negate(inner) | Self::Not(inner) => inner.is_plain(),
            Self::Binary(_, left, right) | Self::In(left, right) => left.is_plain() && right.is_plain(),
            Self::Tuple(parts) => parts.iter().all(Self::is_plain),
            Self::Rows(rows) => rows.iter().flatten().all(Self::is_plain),
            _ => false,
        }
    }
}

/// Functions that work their arguments out in the current row, some of them only when needed.
const RELAYS: [&str; 6] = ["IF", "SWITCH", "COALESCE", "IFERROR", "USERPRINCIPALNAME", "USERNAME"];
