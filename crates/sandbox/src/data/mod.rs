//! The semantic models the sandbox is born with, and the shape every model has, seeded or pushed.

mod column;

use std::sync::Arc;

pub use crate::data::column::Column;
pub use crate::data::column::ColumnKind;
pub use crate::data::column::Dictionary;

use crate::dax::Compiled;

/// A semantic model: tables with their rows, measures, relationships and row-level security.
#[derive(Default)]
pub struct Model {
    /// The name people see.
    pub name: String,
    /// The tables, in the order in which they are listed.
    pub tables: Vec<Table>,
    /// The measures of all tables.
    pub measures: Vec<Measure>,
    /// Many-to-one relationships; filters flow from the `to` side to the `from` side.
    pub relationships: Vec<Relationship>,
    /// Row-level security; none means that everybody who may read sees every row.
    pub roles: Vec<Role>,
    /// What the query engine prepared on the first query.
    pub(crate) compiled: Compiled,
}

/// A table of a model.
#[derive(Clone, Default)]
pub struct Table {
    /// The name people see.
    pub name: String,
    /// What the table holds, in a sentence.
    pub description: String,
    /// Whether report authors are shown the table.
    pub hidden: bool,
    /// The columns, all of the same length.
    pub columns: Vec<Column>,
}

/// A named expression of a model.
#[derive(Clone, Default)]
pub struct Measure {
    /// The table under which the measure is listed.
    pub table: String,
    /// The name, unique in the model.
    pub name: String,
    /// The DAX expression.
    pub expression: String,
    /// The format string, may be empty.
    pub format: String,
    /// What the measure says, in a sentence.
    pub description: String,
}

/// A relationship from the many side (`from`) to the one side (`to`).
#[derive(Clone, Default)]
pub struct Relationship {
    /// The table with many rows per value.
    pub from_table: String,
    /// Its column.
    pub from_column: String,
    /// The table with one row per value.
    pub to_table: String,
    /// Its column, whose values are unique.
    pub to_column: String,
}

/// A role of row-level security.
#[derive(Clone, Default)]
pub struct Role {
    /// The name of the role.
    pub name: String,
    /// The people in it, by user principal name.
    pub members: Vec<String>,
    /// Per table a DAX expression that is true for the rows the role may see.
    pub filters: Vec<(String, String)>,
}

impl Model {
    /// A model of tables alone.
    pub fn new(name: impl Into<String>, tables: Vec<Table>) -> Self {
        Self { name: name.into(), tables, ..Self::default() }
    }
}

impl Table {
    /// A visible table.
    pub fn new(name: impl Into<String>, columns: Vec<Column>) -> Self {
        Self { name: name.into(), columns, ..Self::default() }
    }

    /// How many rows the table has.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }
}

/// A seeded model by its name.
pub fn seed(_name: &str) -> Option<Arc<Model>> {
    None
}

/// The names of the seeded models.
pub fn seed_names() -> &'static [&'static str] {
    &["Sales model", "Finance model", "Big model", "Inventory", "Kunden & \"Aufträge\" 📦 O'Brien", "Support tickets", "Web traffic"]
}
