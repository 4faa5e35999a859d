//! Statements straight at the pool: each takes a connection, waits for its answer within bounds, and gives it back.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{TryFutureExt as _, TryStreamExt as _};
use sqlx::{Database, Either, Execute, Executor, SqlStr};

use super::pool::Pool;
use super::waits::bounded;

impl<'p, DB: Database> Executor<'p> for &'_ Pool<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<DB::QueryResult, DB::Row>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let pool = self.clone();
        let all = async move {
            let mut held = pool.acquire().await?;
            let outcome = bounded((*held).fetch_many(query).try_collect::<Vec<_>>()).await;
            held.note(&outcome);
            outcome.map(|all| stream::iter(all.into_iter().map(Ok)))
        };
        Box::pin(all.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<DB::Row>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut held = pool.acquire().await?;
            let outcome = bounded((*held).fetch_optional(query)).await;
            held.note(&outcome);
            outcome
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [DB::TypeInfo]) -> BoxFuture<'e, sqlx::Result<DB::Statement>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut held = pool.acquire().await?;
            let outcome = bounded((*held).prepare_with(sql, parameters)).await;
            held.note(&outcome);
            outcome
        })
    }
}
