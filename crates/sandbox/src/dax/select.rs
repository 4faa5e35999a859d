//! Finds the rows of a table that a filter context lets through, starting from the rarest value.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::dax::filter::CodeSet;
use crate::dax::filter::Filter;
use crate::dax::filter::RowFilter;
use crate::dax::storage::ColumnId;
use crate::dax::storage::Places;
use crate::dax::storage::Store;

/// Filters with more values than this are tested row by row, not looked up.
const FEW: usize = 64;

/// What rows of a table must have to pass a filter on rows of another table.
pub(crate) enum RowTest {
    /// The row itself must be among these, in order.
    Among(Vec<u32>, Vec<bool>),
    /// The rows above, in these tables, must be one of these combinations.
    Above(Vec<usize>, HashSet<Box<[u32]>>),
    /// The filter does not reach the table.
    Untouched,
}

/// One condition on a row.
enum Test<'a> {
    Code(Arc<Vec<u32>>, &'a CodeSet),
    One(Arc<Vec<u32>>, u32),
    Tuple(Vec<Arc<Vec<u32>>>, Rc<HashSet<Box<[u32]>>>),
    Rows(Rc<RowTest>),
}

/// Where the search begins.
enum Start {
    Everywhere,
    Listed(Rc<RowTest>),
    Held(Vec<(Arc<Places>, u32)>),
}

/// The rows of a table under a filter context.
pub(crate) struct Selection<'a> {
    store: &'a Store,
    table: usize,
    /// Rows from here on are left out (the blank row, where it does not count).
    end: u32,
    start: Start,
    size: usize,
    tests: Vec<Test<'a>>,
}

impl<'a> Selection<'a> {
    /// Prepares the search; `blank_row` says whether the table's blank row counts.
    pub(crate) fn new(store: &'a Store, table: usize, filters: &'a [Filter], blank_row: bool) -> Self {
        let rows = if blank_row {
            store.all_rows(table)
        } else {
            store.tables[table].rows
        };
        let end = u32::try_from(rows).expect("tables are small");
        let mut selection = Self {
            store,
            table,
            end,
            start: Start::Everywhere,
            size: rows,
            tests: Vec::new(),
        };
        for filter in filters {
            match filter {
                Filter::Codes(column, codes) => selection.add_codes(*column, codes),
                Filter::Tuples(filter) => {
                    let reached = |place: &usize| store.reaches(table, filter.columns[*place].table);
                    let kept: Vec<usize> = (0..filter.columns.len()).filter(reached).collect();
                    if !kept.is_empty() {
                        selection.add_tuples(&filter.columns, &kept, filter.cut(&kept));
                    }
                }
                Filter::Rows(filter) => selection.add_rows(filter),
            }
        }
        selection
    }

    /// Whether every row passes.
    pub(crate) fn is_everything(&self) -> bool {
        self.tests.is_empty() && matches!(self.start, Start::Everywhere)
    }

    /// Visits the rows.
    pub(crate) fn each(&self, mut visit: impl FnMut(u32)) {
        match &self.start {
            Start::Everywhere if self.tests.is_empty() => (0..self.end).for_each(visit),
            Start::Everywhere => (0..self.end).filter(|row| self.passes(*row)).for_each(visit),
            Start::Listed(test) => {
                let RowTest::Among(rows, _) = &**test else { return };
                rows.iter().filter(|row| self.passes(**row)).for_each(|row| visit(*row));
            }
            Start::Held(held) => {
                for (places, code) in held {
                    places
                        .of(*code)
                        .iter()
                        .filter(|row| self.passes(**row))
                        .for_each(|row| visit(*row));
                }
            }
        }
    }

    /// The rows in order.
    pub(crate) fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::new();
        self.each(|row| rows.push(row));
        if matches!(&self.start, Start::Held(held) if held.len() > 1) {
            rows.sort_unstable();
        }
        rows
    }

    fn passes(&self, row: u32) -> bool {
        let at = row as usize;
        row < self.end
            && self.tests.iter().all(|test| match test {
                Test::One(codes, code) => codes[at] == *code,
                Test::Code(codes, set) => set.contains(codes[at]),
                Test::Tuple(codes, tuples) => {
                    let key: Vec<u32> = codes.iter().map(|codes| codes[at]).collect();
                    tuples.contains(key.as_slice())
                }
                Test::Rows(test) => self.passes_rows(test, row),
            })
    }

    fn passes_rows(&self, test: &RowTest, row: u32) -> bool {
        match test {
            RowTest::Untouched => true,
            RowTest::Among(_, among) => among[row as usize],
            RowTest::Above(tables, keys) => {
                let above = |table: &usize| self.store.row_above(self.table, *table, row).unwrap_or(u32::MAX);
                let key: Vec<u32> = tables.iter().map(above).collect();
                keys.contains(key.as_slice())
            }
        }
    }

    fn add_codes(&mut self, column: ColumnId, set: &'a CodeSet) {
        if !self.store.reaches(self.table, column.table) {
            return;
        }
        self.begin_at(column, set.codes());
        let codes = self.store.codes(self.table, column);
        self.tests.push(match set {
            CodeSet::One(code) => Test::One(codes, *code),
            set => Test::Code(codes, set),
        });
    }

    fn add_tuples(&mut self, columns: &[ColumnId], kept: &[usize], tuples: Rc<HashSet<Box<[u32]>>>) {
        for (place, column) in kept.iter().map(|place| columns[*place]).enumerate() {
            let mut codes: Vec<u32> = tuples.iter().take(FEW * 4).map(|tuple| tuple[place]).collect();
            if tuples.len() <= FEW * 4 {
                codes.sort_unstable();
                codes.dedup();
                self.begin_at(column, &codes);
            }
        }
        let codes = kept
            .iter()
            .map(|place| self.store.codes(self.table, columns[*place]))
            .collect();
        self.tests.push(Test::Tuple(codes, tuples));
    }

    /// Begins the search at the rows that hold these values, if that is the shortest way so far.
    fn begin_at(&mut self, column: ColumnId, codes: &[u32]) {
        if codes.len() > FEW {
            return;
        }
        let places = self.store.places(self.table, column);
        let size = codes.iter().map(|code| places.of(*code).len()).sum();
        if size < self.size {
            self.size = size;
            self.start = Start::Held(codes.iter().map(|code| (places.clone(), *code)).collect());
        }
    }

    fn add_rows(&mut self, filter: &RowFilter) {
        let test = filter.seen_from.borrow().get(&self.table).cloned();
        let test = test.unwrap_or_else(|| {
            let made = Rc::new(row_test(self.store, self.table, filter));
            filter.seen_from.borrow_mut().insert(self.table, made.clone());
            made
        });
        match &*test {
            RowTest::Untouched => return,
            RowTest::Among(rows, _) if rows.len() < self.size => {
                self.size = rows.len();
                self.start = Start::Listed(test.clone());
            }
            RowTest::Above(tables, keys) if tables.len() == 1 && keys.len() <= FEW => {
                if let Some(places) = self.store.row_places(self.table, tables[0]) {
                    let size = keys.iter().map(|key| places.of(key[0]).len()).sum();
                    if size < self.size {
                        self.size = size;
                        self.start = Start::Held(keys.iter().map(|key| (places.clone(), key[0])).collect());
                    }
                }
            }
            _ => {}
        }
        self.tests.push(Test::Rows(test));
    }
}

/// What rows of `table` must have so that the filter lets them through.
fn row_test(store: &Store, table: usize, filter: &RowFilter) -> RowTest {
    if store.reaches(filter.table, table) {
        let mut among = vec![false; store.all_rows(table)];
        for row in &filter.rows {
            if let Some(above) = store.row_above(filter.table, table, *row) {
                among[above as usize] = true;
            }
        }
        let rows = (0..).zip(&among).filter(|(_, is)| **is).map(|(row, _)| row).collect();
        return RowTest::Among(rows, among);
    }
    let shared: Vec<usize> = store
        .expanded(filter.table)
        .into_iter()
        .filter(|above| store.reaches(table, *above))
        .collect();
    // A table above another shared table adds nothing to it.
    let topmost = |above: &usize| {
        !shared
            .iter()
            .any(|other| other != above && store.reaches(*other, *above))
    };
    let shared: Vec<usize> = shared.iter().copied().filter(topmost).collect();
    if shared.is_empty() {
        return RowTest::Untouched;
    }
    let key = |row: &u32| {
        shared
            .iter()
            .filter_map(|above| store.row_above(filter.table, *above, *row))
            .collect()
    };
    RowTest::Above(shared.clone(), filter.rows.iter().map(key).collect())
}
