//! One listing for every table: search, filter, order and page, all in the address bar and without script.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::store::list::{List, MOST_SEARCHED, Page, Wanted, searched};

/// Rows of a page, but for lists beside others.
pub(super) const ROWS: i64 = 50;

/// The query string of a page.
pub(super) type Query = HashMap<String, String>;

/// What the address asks of one list. Where a page has several, each has names of its own: `prefix` and `q`, `show`, `sort`,
/// `page`.
pub(super) struct Asked<'a> {
    list: &'static List,
    path: &'a str,
    prefix: &'static str,
    query: &'a Query,
    /// The filter that holds where the address names none.
    usual: &'static str,
    pub wanted: Wanted,
}

impl<'a> Asked<'a> {
    pub(super) fn of(
        list: &'static List,
        path: &'a str,
        prefix: &'static str,
        query: &'a Query,
        now: Timestamp,
    ) -> Self {
        let text = |name: &str| query.get(&format!("{prefix}{name}")).cloned().unwrap_or_default();
        let wanted = Wanted {
            search: searched(&text("q")),
            filter: text("show"),
            order: text("sort"),
            number: text("page").parse().unwrap_or(1),
            rows: ROWS,
            now,
        };
        Self {
            list,
            path,
            prefix,
            query,
            usual: "",
            wanted,
        }
    }

    /// With another number of rows.
    pub(super) fn rows(mut self, rows: i64) -> Self {
        self.wanted.rows = rows;
        self
    }

    /// With a filter that holds where the address names none.
    pub(super) fn usually(mut self, filter: &'static str) -> Self {
        self.usual = filter;
        if !self.query.contains_key(&format!("{}show", self.prefix)) {
            self.wanted.filter = filter.to_owned();
        }
        self
    }

    /// With an order that holds under this filter where the address names none.
    pub(super) fn ordered_under(mut self, filter: &str, order: &str) -> Self {
        if self.wanted.filter == filter && !self.query.contains_key(&format!("{}sort", self.prefix)) {
            self.wanted.order = order.to_owned();
        }
        self
    }

    /// What the templates of the bar above a list and the line below it read.
    pub(super) fn shown<T>(&self, page: &Page<T>) -> Value {
        let wanted = &self.wanted;
        let known = |all: &'static [crate::store::list::Choice], word: &str| {
            all.iter().find(|it| it.word == word).map_or("", |it| it.word)
        };
        let titles = |all: &'static [crate::store::list::Choice]| -> Vec<Value> {
            all.iter()
                .map(|it| json!({ "word": it.word, "title": it.title }))
                .collect()
        };
        let filter = known(self.list.filters, &wanted.filter);
        let first = (page.number - 1) * page.size + 1;
        let shown = i64::try_from(page.rows.len()).unwrap_or(0);
        json!({
            "path": self.path, "prefix": self.prefix, "q": wanted.search, "most": MOST_SEARCHED,
            "filter": filter, "filters": titles(self.list.filters),
            "order": known(self.list.orders, &wanted.order), "orders": titles(self.list.orders),
            "kept": self.kept(), "total": page.total, "first": first, "last": first + shown - 1,
            "number": page.number, "pages": page.pages(),
            "previous": (1 < page.number).then(|| self.link(&[("page", &(page.number - 1).to_string())])),
            "next": (page.number < page.pages()).then(|| self.link(&[("page", &(page.number + 1).to_string())])),
            "end": (page.number + 1 < page.pages()).then(|| self.link(&[("page", &page.pages().to_string())])),
            "clear": self.link(&[("q", ""), ("show", ""), ("page", "")]),
            "is_narrowed": !wanted.search.is_empty() || filter != self.usual,
        })
    }

    /// What else stands in the address and stays there: the other lists of the page.
    fn kept(&self) -> Vec<Value> {
        let own = ["q", "show", "sort", "page"].map(|it| format!("{}{it}", self.prefix));
        let others: BTreeMap<_, _> = self
            .query
            .iter()
            .filter(|(name, _)| !own.contains(name) && stays(name))
            .collect();
        others
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect()
    }

    /// The address of this page with other words; an empty one leaves its name out. A filter that was emptied stays in the
    /// address where another one is usual.
    fn link(&self, changes: &[(&str, &str)]) -> String {
        let mut all: BTreeMap<String, String> = self
            .query
            .iter()
            .filter(|(name, _)| stays(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        all.retain(|name, value| !value.is_empty() || name.ends_with("show"));
        for (name, value) in changes {
            let name = format!("{}{name}", self.prefix);
            if value.is_empty() {
                all.remove(&name);
            } else {
                all.insert(name, (*value).to_owned());
            }
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&all)
            .finish();
        if query.is_empty() {
            self.path.to_owned()
        } else {
            format!("{}?{query}", self.path)
        }
    }
}

/// What only says what was just done does not stay.
fn stays(name: &str) -> bool {
    !["done", "connected"].contains(&name)
}
