//! A table on its way through a query: rows of the model, or rows that were computed.

use std::rc::Rc;

use crate::dax::Value;
use crate::dax::storage::ColumnId;
use crate::dax::storage::Store;
use crate::dax::value::fold;

/// The heading of a column.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The table, for columns of the model.
    pub(crate) table: Option<Rc<str>>,
    pub(crate) name: Rc<str>,
    /// The column of the model whose values these are.
    pub(crate) origin: Option<ColumnId>,
}

impl Head {
    /// The heading of a computed column.
    pub(crate) fn computed(name: &str) -> Self {
        Self {
            table: None,
            name: Rc::from(name),
            origin: None,
        }
    }

    /// The name as the API writes it.
    pub(crate) fn full_name(&self) -> String {
        format!("{}[{}]", self.table.as_deref().unwrap_or_default(), self.name)
    }

    /// Whether a reference by this name means this column.
    pub(crate) fn is_called(&self, table: Option<&str>, name: &str) -> bool {
        fold(&self.name) == fold(name)
            && table.is_none_or(|table| self.table.as_ref().is_some_and(|own| fold(own) == fold(table)))
    }
}

/// A table inside a query.
pub(crate) struct TableValue {
    pub(crate) heads: Rc<[Head]>,
    pub(crate) body: Body,
}

/// The rows of a table.
pub(crate) enum Body {
    /// Rows of a table of the model.
    Model { table: usize, rows: Vec<u32> },
    /// Computed rows.
    Rows(Vec<Vec<Value>>),
}

impl TableValue {
    /// A computed table.
    pub(crate) fn computed(heads: impl Into<Rc<[Head]>>, rows: Vec<Vec<Value>>) -> Self {
        Self {
            heads: heads.into(),
            body: Body::Rows(rows),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        match &self.body {
            Body::Model { rows, .. } => rows.len(),
            Body::Rows(rows) => rows.len(),
        }
    }

    /// The value in a row and column.
    pub(crate) fn value(&self, store: &Store, row: usize, column: usize) -> Value {
        match &self.body {
            Body::Model { table, rows } => model_value(store, ColumnId { table: *table, column }, rows[row]),
            Body::Rows(rows) => rows[row][column].clone(),
        }
    }

    /// The values of a row.
    pub(crate) fn row(&self, store: &Store, row: usize) -> Vec<Value> {
        match &self.body {
            Body::Model { .. } => (0..self.heads.len())
                .map(|column| self.value(store, row, column))
                .collect(),
            Body::Rows(rows) => rows[row].clone(),
        }
    }

    /// The place of the column with these values of the model.
    pub(crate) fn place_of(&self, column: ColumnId) -> Option<usize> {
        match &self.body {
            Body::Model { table, .. } => (*table == column.table).then_some(column.column),
            Body::Rows(_) => self.heads.iter().position(|head| head.origin == Some(column)),
        }
    }

    /// The same headings with some of the rows.
    pub(crate) fn with_rows(&self, kept: &[usize]) -> Self {
        let body = match &self.body {
            Body::Model { table, rows } => Body::Model {
                table: *table,
                rows: kept.iter().map(|row| rows[*row]).collect(),
            },
            Body::Rows(rows) => Body::Rows(kept.iter().map(|row| rows[*row].clone()).collect()),
        };
        Self {
            heads: self.heads.clone(),
            body,
        }
    }
}

/// The value of a column of the model in a row.
pub(crate) fn model_value(store: &Store, column: ColumnId, row: u32) -> Value {
    store.dictionary(column).values[store.code(column, row) as usize].clone()
}
