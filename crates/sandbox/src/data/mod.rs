//! The semantic models the sandbox is born with, and the shape every model has, seeded or pushed.

mod big;
mod column;
mod finance;
mod inventory;
mod kunden;
mod random;
mod sales;
mod sales_rows;
mod tickets;
mod traffic;

use std::sync::Arc;
use std::sync::LazyLock;

pub use crate::data::column::Column;
pub use crate::data::column::ColumnKind;
pub use crate::data::column::Dictionary;

use crate::data::column::Encoded;
use crate::data::column::SeededRows;
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
    /// Whether the rows stay in their source and are asked for with each query.
    pub direct_query: bool,
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
        Self {
            name: name.into(),
            tables,
            ..Self::default()
        }
    }
}

impl Table {
    /// A visible table.
    pub fn new(name: impl Into<String>, columns: Vec<Column>) -> Self {
        Self {
            name: name.into(),
            columns,
            ..Self::default()
        }
    }

    /// A table whose rows are made, in the order of the columns, when they are first asked for.
    pub(crate) fn seeded(name: &str, description: &str, mut columns: Vec<Column>, rows: fn() -> Vec<Encoded>) -> Self {
        let rows: Arc<SeededRows> = Arc::new(LazyLock::new(rows));
        for (place, column) in columns.iter_mut().enumerate() {
            column.tie(&rows, place);
        }
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            columns,
            ..Self::default()
        }
    }

    /// How many rows the table has.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }
}

impl Measure {
    fn new(table: &str, name: &str, expression: &str, format: &str, description: &str) -> Self {
        let [table, name, expression, format, description] =
            [table, name, expression, format, description].map(str::to_owned);
        Self {
            table,
            name,
            expression,
            format,
            description,
        }
    }
}

impl Relationship {
    /// Many rows of `from` belong to one row of `to`; both are given as table and column.
    pub(crate) fn new(from: (&str, &str), to: (&str, &str)) -> Self {
        Self {
            from_table: from.0.to_owned(),
            from_column: from.1.to_owned(),
            to_table: to.0.to_owned(),
            to_column: to.1.to_owned(),
        }
    }
}

type Seed = (&'static str, fn() -> Model);

/// The seeded models; what a model is called inside the sandbox is its name.
const SEEDS: [Seed; 7] = [
    ("Sales model", sales::model),
    ("Finance model", finance::model),
    ("Big model", big::model),
    ("Inventory", inventory::model),
    (kunden::NAME, kunden::model),
    ("Support tickets", tickets::model),
    ("Web traffic", traffic::model),
];

/// A seeded model by its name; its rows are made on the first query.
pub fn seed(name: &str) -> Option<Arc<Model>> {
    static MODELS: LazyLock<Vec<Arc<Model>>> =
        LazyLock::new(|| SEEDS.iter().map(|(_, model)| Arc::new(model())).collect());
    let place = SEEDS.iter().position(|(known, _)| *known == name)?;
    Some(MODELS[place].clone())
}

/// The names of the seeded models.
pub fn seed_names() -> impl Iterator<Item = &'static str> {
    SEEDS.iter().map(|(name, _)| *name)
}
