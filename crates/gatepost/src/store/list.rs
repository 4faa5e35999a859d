//! One page of a list: searched, filtered, ordered and counted by the database, however long the list is.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};

use super::db::on;
use super::{Db, Result};
use crate::caller::EnvironmentId;
use crate::clock::Timestamp;

/// The most rows of one page.
pub const MOST_ROWS: i64 = 100;
/// The most characters of a search; what is longer is cut off.
pub const MOST_SEARCHED: usize = 200;
/// The most words of a search; every one of them must be found.
const MOST_WORDS: usize = 8;

/// One way to narrow or to order a list, as it stands in the address of a page.
#[derive(Debug)]
pub struct Choice {
    /// The word in the address.
    pub word: &'static str,
    /// What people read.
    pub title: &'static str,
    /// A condition, or what to order by. A condition speaks of the list's own table only.
    pub(super) sql: &'static str,
}

/// A list: what is shown of which table, and how it may be searched, narrowed and ordered. In all its texts `{now}` is the
/// present moment and `{environment}` the environment it is of.
#[derive(Debug)]
pub struct List {
    pub(super) columns: &'static str,
    /// The list's own table, whose rows are counted.
    pub(super) table: &'static str,
    /// What else is read beside each row: joins that neither add rows nor take any away.
    pub(super) joined: &'static str,
    /// What a search looks into.
    pub(super) searched: &'static [&'static str],
    pub filters: &'static [Choice],
    /// The first is meant when none is asked for. Each ends with what no two rows share.
    pub orders: &'static [Choice],
}

/// Which page of a list is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub search: String,
    /// A filter's word; an unknown one narrows nothing.
    pub filter: String,
    /// An order's word; an unknown one means the first.
    pub order: String,
    /// The number of the page, from 1; what lies beyond the last one means the last one.
    pub number: i64,
    /// Rows of a page, at most [`MOST_ROWS`].
    pub rows: i64,
    pub now: Timestamp,
}

impl Wanted {
    /// The first `rows` of a list, in its usual order.
    pub fn first(rows: i64, now: Timestamp) -> Self {
        Self {
            search: String::new(),
            filter: String::new(),
            order: String::new(),
            number: 1,
            rows,
            now,
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// How many there are on all pages together.
    pub total: i64,
    /// The number of this page, from 1.
    pub number: i64,
    /// The most rows of a page.
    pub size: i64,
}

impl<T> Page<T> {
    /// How many pages there are; an empty list has one.
    pub fn pages(&self) -> i64 {
        pages(self.total, self.size)
    }
}

fn pages(total: i64, size: i64) -> i64 {
    ((total + size - 1) / size).max(1)
}

/// A search as it is carried out: without control characters, which no name holds and PostgreSQL does not take.
pub fn searched(text: &str) -> String {
    let plain: String = text.trim().chars().filter(|it| !it.is_control()).collect();
    plain.chars().take(MOST_SEARCHED).collect()
}

/// A value that goes into a statement.
#[derive(Clone, Debug)]
pub(super) enum Bind {
    Text(String),
    Number(i64),
}

impl From<&str> for Bind {
    fn from(it: &str) -> Self {
        Self::Text(it.to_owned())
    }
}

impl From<i64> for Bind {
    fn from(it: i64) -> Self {
        Self::Number(it)
    }
}

/// A statement that is put together from parts of ours, with the values of others apart from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    text: String,
    binds: Vec<Bind>,
}

macro_rules! bound {
    ($query:expr, $binds:expr) => {{
        // Not kept as a prepared statement: PostgreSQL plans the sixth execution of one without its values, and then takes what
        // is rare for what is frequent and reads the whole log for it.
        let mut query = $query.persistent(false);
        for it in $binds {
            query = match it {
                Bind::Text(text) => query.bind(text.clone()),
                Bind::Number(number) => query.bind(*number),
            };
        }
        query
    }};
}

impl Statement {
    /// Adds text of ours.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(super) fn value(&mut self, value: impl Into<Bind>) -> &mut Self {
        self.binds.push(value.into());
        self.text.push_str(&format!("${}", self.binds.len()));
        self
    }

    /// Adds text with a value in every place marked by `mark`.
    fn with(&mut self, text: &str, mark: &str, value: &Bind) -> &mut Self {
        for (at, part) in text.split(mark).enumerate() {
            if 0 < at {
                self.value(value.clone());
            }
            self.text(part);
        }
        self
    }

    /// The rows it finds.
    pub(super) async fn rows<T>(&self, db: &Db) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let text = AssertSqlSafe(self.text.clone());
        Ok(on!(db, pool => bound!(sqlx::query_as(text), &self.binds).fetch_all(pool).await)?)
    }

    /// The one number it finds.
    pub(super) async fn number(&self, db: &Db) -> Result<i64> {
        let text = AssertSqlSafe(self.text.clone());
        Ok(on!(db, pool => bound!(sqlx::query_scalar(text), &self.binds).fetch_one(pool).await)?)
    }

    /// How the database would find it, with sequential reading made as dear as can be.
    #[cfg(test)]
    pub(super) async fn plan(&self, db: &Db) -> String {
        match db {
            Db::Sqlite(pool) => {
                let text = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", self.text));
                let rows: Vec<(i64, i64, i64, String)> =
                    bound!(sqlx::query_as(text), &self.binds).fetch_all(pool).await.unwrap();
                rows.into_iter().map(|it| it.3).collect::<Vec<_>>().join("\n")
            }
            Db::Postgres(pool) => {
                let mut connection = pool.acquire().await.unwrap();
                sqlx::query("SET enable_seqscan = off")
                    .execute(&mut *connection)
                    .await
                    .unwrap();
                let text = AssertSqlSafe(format!("EXPLAIN {}", self.text));
                let rows: Vec<String> = bound!(sqlx::query_scalar(text), &self.binds)
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
                sqlx::query("RESET enable_seqscan")
                    .execute(&mut *connection)
                    .await
                    .unwrap();
                rows.join("\n")
            }
        }
    }
}

/// A condition: text of ours with `{}` where its value belongs.
pub(super) type Condition = (&'static str, Bind);

/// What a list is of.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub environment: &'a EnvironmentId,
    pub conditions: &'a [Condition],
}

impl List {
    /// The wanted page of those rows that fulfil every condition.
    pub(super) async fn page<T>(&self, db: &Db, of: Of<'_>, wanted: &Wanted) -> Result<Page<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let size = wanted.rows.clamp(1, MOST_ROWS);
        let total = self.counted(of, wanted).number(db).await?;
        let number = wanted.number.clamp(1, pages(total, size));
        let rows = self.found(of, wanted, size, number).rows(db).await?;
        Ok(Page {
            rows,
            total,
            number,
            size,
        })
    }

    /// How many rows fulfil the conditions and the filter of this word.
    pub(super) async fn count(&self, db: &Db, of: Of<'_>, filter: &str, now: Timestamp) -> Result<i64> {
        let wanted = Wanted {
            filter: filter.to_owned(),
            ..Wanted::first(1, now)
        };
        self.counted(of, &wanted).number(db).await
    }

    pub(super) fn counted(&self, of: Of<'_>, wanted: &Wanted) -> Statement {
        let mut statement = Statement::default();
        statement.text("SELECT COUNT(*) FROM ").text(self.table);
        if !searched(&wanted.search).is_empty() {
            place(statement.text(" "), self.joined, of, wanted);
        }
        self.narrow(&mut statement, of, wanted);
        statement
    }

    pub(super) fn found(&self, of: Of<'_>, wanted: &Wanted, size: i64, number: i64) -> Statement {
        let mut statement = Statement::default();
        place(statement.text("SELECT "), self.columns, of, wanted);
        statement.text(" FROM ").text(self.table).text(" ");
        place(&mut statement, self.joined, of, wanted);
        self.narrow(&mut statement, of, wanted);
        let order = self.orders.iter().find(|it| it.word == wanted.order);
        statement.text(" ORDER BY ").text(order.unwrap_or(&self.orders[0]).sql);
        statement
            .text(" LIMIT ")
            .value(size)
            .text(" OFFSET ")
            .value((number - 1) * size);
        statement
    }

    fn narrow(&self, statement: &mut Statement, of: Of<'_>, wanted: &Wanted) {
        let mut joint = " WHERE ";
        for (text, value) in of.conditions {
            statement.text(joint).with(text, "{}", value);
            joint = " AND ";
        }
        if let Some(filter) = self.filters.iter().find(|it| it.word == wanted.filter) {
            place(statement.text(joint).text("("), filter.sql, of, wanted);
            statement.text(")");
            joint = " AND ";
        }
        for word in searched(&wanted.search).split_whitespace().take(MOST_WORDS) {
            statement.text(joint).text("(");
            contains(statement, self.searched, word);
            statement.text(")");
            joint = " AND ";
        }
    }
}

/// Adds text of a list, with the values that belong into it.
fn place(statement: &mut Statement, text: &str, of: Of<'_>, wanted: &Wanted) {
    for (at, part) in text.split("{environment}").enumerate() {
        if 0 < at {
            statement.value(of.environment.0.as_str());
        }
        statement.with(part, "{now}", &Bind::Number(wanted.now.0));
    }
}

/// That one of `columns` contains the word, in any case of letters.
fn contains(statement: &mut Statement, columns: &[&str], word: &str) {
    let mut joint = "";
    for pattern in patterns(word) {
        for column in columns {
            statement.text(joint).text("lower(").text(column).text(") LIKE lower(");
            statement.value(pattern.as_str()).text(") ESCAPE '\\'");
            joint = " OR ";
        }
    }
}

/// The word as patterns. SQLite knows capitals of ASCII only, and so does PostgreSQL in some locales, so that a word with
/// other letters is looked for as it is written most.
fn patterns(word: &str) -> Vec<String> {
    let mut letters = word.chars();
    let capital: String = letters.next().map(|it| it.to_uppercase().collect()).unwrap_or_default();
    let mut spelt = vec![word.to_owned()];
    if !word.is_ascii() {
        let rest = letters.as_str().to_lowercase();
        spelt.extend([word.to_lowercase(), word.to_uppercase(), format!("{capital}{rest}")]);
        spelt.sort();
        spelt.dedup();
    }
    spelt.iter().map(|it| format!("%{}%", literally(it))).collect()
}

/// Text in which nothing stands for anything else in a `LIKE`.
fn literally(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
