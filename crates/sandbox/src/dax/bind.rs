//! Looks up the names in a query: columns, tables, measures, variables and functions.

use std::cell::RefCell;
use std::rc::Rc;

use crate::data::Model;
use crate::dax::Value;
use crate::dax::ast::Expr;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::functions;
use crate::dax::node::Node;
use crate::dax::parser;
use crate::dax::storage::ColumnId;
use crate::dax::storage::find_column;
use crate::dax::storage::find_table;
use crate::dax::value::fold;

/// Words that functions take as they are.
const WORDS: [&str; 18] = [
    "asc", "desc", "dense", "skip", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "integer",
    "double", "string", "boolean", "currency", "datetime",
];

/// A measure of the model or of DEFINE.
pub(crate) struct NamedMeasure {
    pub(crate) name: String,
    /// As written; read when it is first used.
    source: Source,
    node: RefCell<Option<Node>>,
}

enum Source {
    Text(String),
    Parsed(Expr),
}

/// The names a query may use.
pub(crate) struct Names<'a> {
    pub(crate) model: &'a Model,
    measures: Vec<NamedMeasure>,
}

impl<'a> Names<'a> {
    /// The names of the model.
    pub(crate) fn new(model: &'a Model) -> Self {
        let measure = |measure: &crate::data::Measure| NamedMeasure {
            name: measure.name.clone(),
            source: Source::Text(measure.expression.clone()),
            node: RefCell::default(),
        };
        Self {
            model,
            measures: model.measures.iter().map(measure).collect(),
        }
    }

    /// Adds a measure of DEFINE, which hides one of the model with the same name.
    pub(crate) fn define(&mut self, table: &str, name: String, expression: Expr) -> Result<()> {
        if find_table(self.model, table).is_none() {
            return Err(unknown_table(table));
        }
        let measure = NamedMeasure {
            name,
            source: Source::Parsed(expression),
            node: RefCell::default(),
        };
        self.measures.insert(0, measure);
        Ok(())
    }

    /// The measure at a place.
    pub(crate) fn measure(&self, place: usize) -> Result<(Node, &str)> {
        let measure = &self.measures[place];
        let known = measure.node.borrow().clone();
        let node = match known {
            Some(node) => node,
            None => {
                let parsed = match &measure.source {
                    Source::Text(text) => parser::expression(text)?,
                    Source::Parsed(expression) => expression.clone(),
                };
                let node = self.bind(&parsed, &mut Vec::new())?;
                measure.node.replace(Some(node.clone()));
                node
            }
        };
        Ok((node, &measure.name))
    }

    fn find_measure(&self, name: &str) -> Option<usize> {
        let name = fold(name);
        self.measures.iter().position(|measure| fold(&measure.name) == name)
    }

    /// Looks up the names of an expression; `variables` are those in sight.
    pub(crate) fn bind(&self, expression: &Expr, variables: &mut Vec<Rc<str>>) -> Result<Node> {
        let mut bind = |expression: &Expr| self.bind(expression, variables).map(Rc::new);
        Ok(match expression {
            Expr::Omitted => Node::Omitted,
            Expr::Int(whole) => Node::Constant(Value::Int(*whole)),
            Expr::Number(number) => Node::Constant(Value::Number(*number)),
            Expr::Text(text) => Node::Constant(Value::text(text)),
            Expr::Column {
                table: Some(table),
                name,
            } => self.column(table, name)?,
            Expr::Column { table: None, name } => match self.find_measure(name) {
                Some(place) => Node::Measure(place),
                None => Node::Loose(Rc::from(name.as_str())),
            },
            Expr::Name { name, quoted } => self.name(name, *quoted, variables)?,
            Expr::Call { name, arguments } => self.call(name, arguments, variables)?,
            Expr::Negate(inner) => Node::Negate(bind(inner)?),
            Expr::Not(inner) => Node::Not(bind(inner)?),
            Expr::Binary(operator, left, right) => Node::Binary(*operator, bind(left)?, bind(right)?),
            Expr::In(left, right) => Node::In(bind(left)?, bind(right)?),
            Expr::Tuple(parts) => Node::Tuple(self.bind_all(parts, variables)?.into()),
            Expr::Rows(rows) => {
                let rows: Result<Vec<_>> = rows.iter().map(|row| self.bind_all(row, variables)).collect();
                Node::Rows(rows?.into())
            }
            Expr::Variables {
                variables: defined,
                body,
            } => self.variables(defined, body, variables)?,
        })
    }

    fn bind_all(&self, expressions: &[Expr], variables: &mut Vec<Rc<str>>) -> Result<Vec<Node>> {
        expressions
            .iter()
            .map(|expression| self.bind(expression, variables))
            .collect()
    }

    fn column(&self, table: &str, name: &str) -> Result<Node> {
        if let Some(column) = find_column(self.model, table, name) {
            return Ok(Node::Column(column));
        }
        if let Some(place) = self.find_measure(name) {
            return Ok(Node::Measure(place));
        }
        if find_table(self.model, table).is_none() {
            return Err(unknown_table(table));
        }
        Err(DaxError::wrong(format!(
            "cannot find column '{name}' in table '{table}'"
        )))
    }

    fn name(&self, name: &str, quoted: bool, variables: &[Rc<str>]) -> Result<Node> {
        let folded = fold(name);
        if !quoted {
            if let Some(variable) = variables.iter().rev().find(|variable| ***variable == *folded) {
                return Ok(Node::Variable(variable.clone()));
            }
            if &*folded == "true" || &*folded == "false" {
                return Ok(Node::Constant(Value::Bool(&*folded == "true")));
            }
        }
        if let Some(table) = find_table(self.model, name) {
            return Ok(Node::Table(table));
        }
        if !quoted && WORDS.contains(&&*folded) {
            return Ok(Node::Word(Rc::from(&*folded)));
        }
        Err(unknown_table(name))
    }

    fn call(&self, name: &str, arguments: &[Expr], variables: &mut Vec<Rc<str>>) -> Result<Node> {
        let Some(function) = functions::find(name) else {
            // A measure may be written like a function by mistake; a table cannot be called either.
            return Err(functions::refusal(name));
        };
        function.check(arguments.len())?;
        let arguments = self.bind_all(arguments, variables)?;
        Ok(Node::Call(function, arguments.into()))
    }

    fn variables(&self, defined: &[(String, Expr)], body: &Expr, variables: &mut Vec<Rc<str>>) -> Result<Node> {
        let outside = variables.len();
        let mut nodes = Vec::new();
        for (name, expression) in defined {
            let node = self.bind(expression, variables)?;
            let name: Rc<str> = Rc::from(&*fold(name));
            nodes.push((name.clone(), node));
            variables.push(name);
        }
        let body = self.bind(body, variables)?;
        variables.truncate(outside);
        Ok(Node::Variables(nodes.into(), Rc::new(body)))
    }

    /// The full name of a column, for messages.
    pub(crate) fn column_name(&self, column: ColumnId) -> String {
        let table = &self.model.tables[column.table];
        format!("'{}'[{}]", table.name, table.columns[column.column].name)
    }

    /// The name of a measure.
    pub(crate) fn measure_name(&self, place: usize) -> &str {
        &self.measures[place].name
    }
}

fn unknown_table(name: &str) -> DaxError {
    DaxError::wrong(format!("cannot find table '{name}'"))
}
