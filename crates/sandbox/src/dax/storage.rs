//! The columns of a model prepared for queries: row maps along relationships and places of values.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use crate::data::Dictionary;
use crate::data::Model;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::value::fold;

/// Views kept per model; each belongs to one person with row-level security.
const MOST_VIEWS: usize = 32;

/// A column by the places of its table and of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ColumnId {
    pub(crate) table: usize,
    pub(crate) column: usize,
}

/// Prepared forms of a model: the whole, and what single people may see of it.
#[derive(Default)]
pub(crate) struct Compiled {
    whole: OnceLock<Result<Arc<Store>>>,
    views: Mutex<HashMap<String, Arc<Store>>>,
}

impl Compiled {
    /// Every row of the model.
    pub(crate) fn whole(&self, model: &Model) -> Result<Arc<Store>> {
        self.whole
            .get_or_init(|| Store::build(model, None).map(Arc::new))
            .clone()
    }

    /// A view that was kept under this key.
    pub(crate) fn view(&self, key: &str) -> Option<Arc<Store>> {
        self.views
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    /// Keeps a view for the next query.
    pub(crate) fn keep_view(&self, key: String, view: Arc<Store>) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.len() >= MOST_VIEWS {
            views.clear();
        }
        views.insert(key, view);
    }
}

/// A table as queries read it.
pub(crate) struct StoredTable {
    /// Rows of the table itself.
    pub(crate) rows: usize,
    /// Whether a blank row follows them, for rows elsewhere that point to nothing.
    pub(crate) blank: bool,
    columns: Vec<StoredColumn>,
}

struct StoredColumn {
    dictionary: Arc<Dictionary>,
    codes: Arc<Vec<u32>>,
}

/// The rows that hold each code, one after the other.
pub(crate) struct Places {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Places {
    fn new(codes: &[u32], distinct: usize) -> Self {
        let mut starts = vec![0_u32; distinct + 1];
        for code in codes {
            starts[*code as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; codes.len()];
        for (row, code) in (0..).zip(codes) {
            let place = &mut next[*code as usize];
            rows[*place as usize] = row;
            *place += 1;
        }
        Self { starts, rows }
    }

    /// The rows that hold a code, in order.
    pub(crate) fn of(&self, code: u32) -> &[u32] {
        let code = code as usize;
        &self.rows[self.starts[code] as usize..self.starts[code + 1] as usize]
    }
}

type Cache<K, V> = Mutex<HashMap<K, Arc<V>>>;

/// The rows a query may see.
pub(crate) struct Store {
    pub(crate) tables: Vec<StoredTable>,
    /// Per table and table above it, the row above each row; absent where no relationship leads there.
    maps: Vec<Vec<Option<Arc<Vec<u32>>>>>,
    codes: Cache<(usize, ColumnId), Vec<u32>>,
    places: Cache<(usize, ColumnId), Places>,
    row_places: Cache<(usize, usize), Places>,
    twins: Cache<usize, Option<Places>>,
    twin_codes: Cache<usize, Vec<u32>>,
}

impl Store {
    /// The model's rows, or only those in `kept`.
    pub(crate) fn build(model: &Model, kept: Option<&[Vec<bool>]>) -> Result<Self> {
        let mut tables: Vec<StoredTable> = Vec::new();
        for (place, table) in model.tables.iter().enumerate() {
            let kept = kept.map(|kept| &kept[place]);
            let columns = table.columns.iter().map(|column| StoredColumn {
                dictionary: column.encoded().dictionary.clone(),
                codes: match kept {
                    Some(kept) => {
                        let codes = column.encoded().codes.iter().zip(kept).filter(|(_, kept)| **kept);
                        Arc::new(codes.map(|(code, _)| *code).collect())
                    }
                    None => column.encoded().codes.clone(),
                },
            });
            let columns: Vec<StoredColumn> = columns.collect();
            let rows = columns.first().map_or(0, |column| column.codes.len());
            if columns.iter().any(|column| column.codes.len() != rows) {
                return Err(DaxError::wrong(format!(
                    "the columns of table '{}' differ in length",
                    table.name
                )));
            }
            tables.push(StoredTable {
                rows,
                blank: false,
                columns,
            });
        }
        let maps = relate(model, &mut tables)?;
        Ok(Self {
            tables,
            maps,
            codes: Cache::default(),
            places: Cache::default(),
            row_places: Cache::default(),
            twins: Cache::default(),
            twin_codes: Cache::default(),
        })
    }

    /// The distinct values of a column.
    pub(crate) fn dictionary(&self, column: ColumnId) -> &Dictionary {
        &self.tables[column.table].columns[column.column].dictionary
    }

    /// The code in a row of a column.
    pub(crate) fn code(&self, column: ColumnId, row: u32) -> u32 {
        self.tables[column.table].columns[column.column].codes[row as usize]
    }

    /// How many columns a table has.
    pub(crate) fn width(&self, table: usize) -> usize {
        self.tables[table].columns.len()
    }

    /// Rows of a table with its blank row, if it has one.
    pub(crate) fn all_rows(&self, table: usize) -> usize {
        self.tables[table].rows + usize::from(self.tables[table].blank)
    }

    /// Whether a filter on `above` reaches `table`.
    pub(crate) fn reaches(&self, table: usize, above: usize) -> bool {
        table == above || self.maps[table][above].is_some()
    }

    /// The row of `above` that belongs to a row of `table`.
    pub(crate) fn row_above(&self, table: usize, above: usize, row: u32) -> Option<u32> {
        if table == above {
            return Some(row);
        }
        self.maps[table][above].as_ref().map(|map| map[row as usize])
    }

    /// The tables above a table, itself first.
    pub(crate) fn expanded(&self, table: usize) -> Vec<usize> {
        let above = (0..self.tables.len()).filter(|above| *above != table && self.reaches(table, *above));
        std::iter::once(table).chain(above).collect()
    }

    /// Per row of `table` the code of a column of it or of a table above.
    pub(crate) fn codes(&self, table: usize, column: ColumnId) -> Arc<Vec<u32>> {
        let own = &self.tables[column.table].columns[column.column].codes;
        if table == column.table {
            return own.clone();
        }
        cached(&self.codes, (table, column), || {
            let map = self.maps[table][column.table]
                .as_ref()
                .expect("callers ask only for tables that are reached");
            map.iter().map(|row| own[*row as usize]).collect()
        })
    }

    /// The rows of `table` that hold each code of a column.
    pub(crate) fn places(&self, table: usize, column: ColumnId) -> Arc<Places> {
        let codes = self.codes(table, column);
        cached(&self.places, (table, column), || {
            Places::new(&codes, self.dictionary(column).values.len())
        })
    }

    /// The rows of `table` that belong to each row of `above`.
    pub(crate) fn row_places(&self, table: usize, above: usize) -> Option<Arc<Places>> {
        let map = self.maps[table][above].as_ref()?;
        Some(cached(&self.row_places, (table, above), || {
            Places::new(map, self.all_rows(above))
        }))
    }

    /// The rows that equal a row in every column; most tables have a column that makes rows unique.
    pub(crate) fn twins(&self, table: usize, row: u32) -> Vec<u32> {
        let places = cached(&self.twins, table, || {
            let (codes, groups) = self.twin_codes(table)?;
            Some(Places::new(&codes, groups))
        });
        match places.as_ref() {
            Some(places) => places.of(self.twin_code(table, row)).to_vec(),
            None => vec![row],
        }
    }

    fn twin_code(&self, table: usize, row: u32) -> u32 {
        let codes = cached(&self.twin_codes, table, || {
            self.twin_codes(table).map(|(codes, _)| codes).unwrap_or_default()
        });
        codes[row as usize]
    }

    /// Per row a number that equal rows share; none when all rows differ.
    fn twin_codes(&self, table: usize) -> Option<(Vec<u32>, usize)> {
        let stored = &self.tables[table];
        let rows = self.all_rows(table);
        let unique = |column: &StoredColumn| {
            let mut seen = vec![false; column.dictionary.values.len()];
            column
                .codes
                .iter()
                .all(|code| !std::mem::replace(&mut seen[*code as usize], true))
        };
        if stored.columns.iter().any(unique) {
            return None;
        }
        let mut groups: HashMap<Vec<u32>, u32> = HashMap::new();
        let codes: Vec<u32> = (0..rows)
            .map(|row| {
                let key: Vec<u32> = stored.columns.iter().map(|column| column.codes[row]).collect();
                let next = u32::try_from(groups.len()).expect("there are no more groups than rows");
                *groups.entry(key).or_insert(next)
            })
            .collect();
        (groups.len() < rows).then_some((codes, groups.len()))
    }
}

fn cached<K: Hash + Eq, V>(cache: &Cache<K, V>, key: K, make: impl FnOnce() -> V) -> Arc<V> {
    if let Some(found) = cache.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return found.clone();
    }
    let made = Arc::new(make());
    cache
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(key, made.clone());
    made
}

type Maps = Vec<Vec<Option<Arc<Vec<u32>>>>>;

/// Follows the relationships: gives tables their blank rows, and every row its rows above.
fn relate(model: &Model, tables: &mut [StoredTable]) -> Result<Maps> {
    let links = links(model)?;
    let mut maps: Maps = vec![vec![None; tables.len()]; tables.len()];
    // Many sides first, so that the blank row of a table exists before the table above needs one for it.
    let order = many_sides_first(&links, tables.len())?;
    for table in &order {
        for (from, to) in links.iter().filter(|(from, _)| from.table == *table) {
            let map = row_map(model, tables, *from, *to)?;
            if map.iter().any(|row| *row as usize == tables[to.table].rows) {
                add_blank_row(&mut tables[to.table]);
            }
            if maps[from.table][to.table].replace(Arc::new(map)).is_some() {
                return Err(two_ways(model, from.table, to.table));
            }
        }
    }
    for table in order.iter().rev() {
        for (_, to) in links.iter().filter(|(from, _)| from.table == *table) {
            let first = maps[*table][to.table]
                .clone()
                .expect("every relationship was mapped above");
            let further = maps[to.table].clone();
            for (above, second) in further.iter().enumerate() {
                let Some(second) = second else { continue };
                let both = first.iter().map(|row| second[*row as usize]).collect();
                if maps[*table][above].replace(Arc::new(both)).is_some() {
                    return Err(two_ways(model, *table, above));
                }
            }
        }
    }
    Ok(maps)
}

fn two_ways(model: &Model, from: usize, to: usize) -> DaxError {
    let (from, to) = (&model.tables[from].name, &model.tables[to].name);
    DaxError::unsupported(format!("tables '{from}' and '{to}' are related in more than one way"))
}

fn links(model: &Model) -> Result<Vec<(ColumnId, ColumnId)>> {
    let column = |table: &str, column: &str| {
        find_column(model, table, column).ok_or_else(|| {
            DaxError::wrong(format!(
                "a relationship names column '{table}'[{column}], which does not exist"
            ))
        })
    };
    let link = |r: &crate::data::Relationship| {
        Ok((
            column(&r.from_table, &r.from_column)?,
            column(&r.to_table, &r.to_column)?,
        ))
    };
    model.relationships.iter().map(link).collect()
}

/// A table by name, in any case.
pub(crate) fn find_table(model: &Model, name: &str) -> Option<usize> {
    let name = fold(name);
    model.tables.iter().position(|table| fold(&table.name) == name)
}

/// A column by the names of its table and of itself, in any case.
pub(crate) fn find_column(model: &Model, table: &str, column: &str) -> Option<ColumnId> {
    let table = find_table(model, table)?;
    let name = fold(column);
    let column = model.tables[table]
        .columns
        .iter()
        .position(|column| fold(&column.name) == name)?;
    Some(ColumnId { table, column })
}

fn many_sides_first(links: &[(ColumnId, ColumnId)], tables: usize) -> Result<Vec<usize>> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < tables {
        let free = |table: &usize| {
            !order.contains(table)
                && !links
                    .iter()
                    .any(|(from, to)| to.table == *table && !order.contains(&from.table))
        };
        match (0..tables).find(free) {
            Some(table) => order.push(table),
            None => return Err(DaxError::unsupported("the relationships of this model form a circle")),
        }
    }
    Ok(order)
}

/// Per row of the many side the row of the one side, or the place of the blank row.
fn row_map(model: &Model, tables: &[StoredTable], from: ColumnId, to: ColumnId) -> Result<Vec<u32>> {
    let one = &tables[to.table].columns[to.column];
    let nowhere = u32::try_from(tables[to.table].rows).expect("tables are small");
    let mut row_of = vec![nowhere; one.dictionary.values.len()];
    for (row, code) in (0..nowhere).zip(one.codes.iter()) {
        if std::mem::replace(&mut row_of[*code as usize], row) != nowhere {
            let table = &model.tables[to.table];
            let column = &table.columns[to.column].name;
            return Err(DaxError::wrong(format!(
                "column '{}'[{column}] of a relationship holds a value twice",
                table.name
            )));
        }
    }
    let many = &tables[from.table].columns[from.column];
    let translated: Vec<u32> = (0..)
        .zip(&many.dictionary.values)
        .map(|(code, value): (u32, _)| {
            if code == 0 {
                nowhere
            } else {
                one.dictionary.code(value).map_or(nowhere, |code| row_of[code as usize])
            }
        })
        .collect();
    Ok(many.codes.iter().map(|code| translated[*code as usize]).collect())
}

fn add_blank_row(table: &mut StoredTable) {
    if table.blank {
        return;
    }
    table.blank = true;
    for column in &mut table.columns {
        let mut codes = column.codes.to_vec();
        codes.push(0);
        column.codes = Arc::new(codes);
    }
}
