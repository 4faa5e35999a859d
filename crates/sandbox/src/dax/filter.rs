//! The filter context: what every calculation sees of the model, and how filters replace one another.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::HashSet;
use std::rc::Rc;

use crate::dax::storage::ColumnId;
use crate::dax::storage::Store;

/// A set of codes of one column.
#[derive(Clone, Debug)]
pub(crate) enum CodeSet {
    /// A single value.
    One(u32),
    /// Any number of values.
    Many(Vec<u32>, Vec<u64>),
}

impl CodeSet {
    /// The set of these codes.
    pub(crate) fn new(mut codes: Vec<u32>) -> Self {
        codes.sort_unstable();
        codes.dedup();
        if let [single] = codes[..] {
            return Self::One(single);
        }
        let mut bits = vec![0_u64; codes.last().map_or(0, |last| *last as usize / 64 + 1)];
        for code in &codes {
            bits[*code as usize / 64] |= 1 << (code % 64);
        }
        Self::Many(codes, bits)
    }

    /// Whether the code is in the set.
    pub(crate) fn contains(&self, code: u32) -> bool {
        match self {
            Self::One(single) => *single == code,
            Self::Many(_, bits) => bits
                .get(code as usize / 64)
                .is_some_and(|word| word >> (code % 64) & 1 == 1),
        }
    }

    /// The codes in order.
    pub(crate) fn codes(&self) -> &[u32] {
        match self {
            Self::One(single) => std::slice::from_ref(single),
            Self::Many(codes, _) => codes,
        }
    }
}

/// Combinations of codes.
pub(crate) type Combinations = Rc<HashSet<Box<[u32]>>>;

/// Combinations of values of several columns.
pub(crate) struct TupleFilter {
    pub(crate) columns: Vec<ColumnId>,
    pub(crate) tuples: HashSet<Box<[u32]>>,
    /// The combinations cut down to some of the columns, by which.
    cut: RefCell<HashMap<Vec<usize>, Combinations>>,
}

impl TupleFilter {
    /// The combinations cut down to the columns at these places.
    pub(crate) fn cut(&self, kept: &[usize]) -> Combinations {
        let cut = || {
            Rc::new(
                self.tuples
                    .iter()
                    .map(|tuple| kept.iter().map(|place| tuple[*place]).collect())
                    .collect(),
            )
        };
        self.cut.borrow_mut().entry(kept.to_vec()).or_insert_with(cut).clone()
    }
}

/// Rows of a table, which filter the table, the tables above it and all that hang on those.
pub(crate) struct RowFilter {
    pub(crate) table: usize,
    /// In order, without repeats.
    pub(crate) rows: Vec<u32>,
    /// Per table that is filtered, what its rows must have.
    pub(crate) seen_from: RefCell<HashMap<usize, Rc<crate::dax::select::RowTest>>>,
}

/// One filter of a filter context.
#[derive(Clone)]
pub(crate) enum Filter {
    Codes(ColumnId, Rc<CodeSet>),
    Tuples(Rc<TupleFilter>),
    Rows(Rc<RowFilter>),
}

/// Filters that all hold.
pub(crate) type Filters = Rc<Vec<Filter>>;

impl Filter {
    /// A filter on one column.
    pub(crate) fn codes(column: ColumnId, codes: Vec<u32>) -> Self {
        Self::Codes(column, Rc::new(CodeSet::new(codes)))
    }

    /// A filter on the combinations of several columns.
    pub(crate) fn tuples(columns: Vec<ColumnId>, tuples: HashSet<Box<[u32]>>) -> Self {
        if let [column] = columns[..] {
            return Self::codes(column, tuples.iter().map(|tuple| tuple[0]).collect());
        }
        Self::Tuples(Rc::new(TupleFilter {
            columns,
            tuples,
            cut: RefCell::default(),
        }))
    }

    /// A filter on rows of a table.
    pub(crate) fn rows(table: usize, mut rows: Vec<u32>) -> Self {
        rows.sort_unstable();
        rows.dedup();
        Self::Rows(Rc::new(RowFilter {
            table,
            rows,
            seen_from: RefCell::default(),
        }))
    }

    /// The columns that this filter is about.
    pub(crate) fn columns(&self, store: &Store) -> Vec<ColumnId> {
        match self {
            Self::Codes(column, _) => vec![*column],
            Self::Tuples(filter) => filter.columns.clone(),
            Self::Rows(filter) => columns_of_tables(store, &store.expanded(filter.table)),
        }
    }

    /// The filter without what it says about some columns; nothing when it is about no others.
    fn without(&self, store: &Store, removed: &HashSet<ColumnId>) -> Option<Self> {
        let columns = self.columns(store);
        let kept: Vec<usize> = (0..columns.len())
            .filter(|place| !removed.contains(&columns[*place]))
            .collect();
        if kept.len() == columns.len() {
            return Some(self.clone());
        }
        if kept.is_empty() {
            return None;
        }
        let kept_columns: Vec<ColumnId> = kept.iter().map(|place| columns[*place]).collect();
        let tuples = match self {
            Self::Codes(..) => return None,
            Self::Tuples(filter) => filter
                .tuples
                .iter()
                .map(|tuple| kept.iter().map(|place| tuple[*place]).collect())
                .collect(),
            Self::Rows(filter) => {
                let codes: Vec<_> = kept_columns
                    .iter()
                    .map(|column| store.codes(filter.table, *column))
                    .collect();
                filter
                    .rows
                    .iter()
                    .map(|row| codes.iter().map(|codes| codes[*row as usize]).collect())
                    .collect()
            }
        };
        Some(Self::tuples(kept_columns, tuples))
    }
}

/// All columns of some tables.
pub(crate) fn columns_of_tables(store: &Store, tables: &[usize]) -> Vec<ColumnId> {
    let columns = |table: &usize| {
        let table = *table;
        (0..store.width(table)).map(move |column| ColumnId { table, column })
    };
    tables.iter().flat_map(columns).collect()
}

/// The filters without what they say about some columns.
pub(crate) fn remove(store: &Store, filters: &[Filter], removed: &HashSet<ColumnId>) -> Vec<Filter> {
    filters
        .iter()
        .filter_map(|filter| filter.without(store, removed))
        .collect()
}

/// The filters with new ones, each of which replaces what was said about its columns.
pub(crate) fn replace(store: &Store, filters: &[Filter], new: Vec<Filter>) -> Vec<Filter> {
    let removed: HashSet<ColumnId> = new.iter().flat_map(|filter| filter.columns(store)).collect();
    let mut all = remove(store, filters, &removed);
    all.extend(new);
    all
}
