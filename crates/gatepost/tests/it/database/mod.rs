//! The database out of order: away, full, locked, frozen, damaged, moved, and set up by several at once (security rows DB, CRH).

mod files;
mod injection;
mod kills;
mod partition;
mod postgres;
mod power;
mod process;
mod proxy;
mod restart;
mod server;
mod sqlite;
mod standby;
mod starts;
mod strace;

use gatepost::store::Db;
use sqlx::Connection as _;

use crate::world::{ADA, World};

/// The PostgreSQL server of this run, if there is one.
#[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
fn server_url() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok()
}

fn is_sqlite(world: &World) -> bool {
    matches!(world.app.db, Db::Sqlite(_))
}

/// A connection of the test's own.
async fn connection(url: &str) -> sqlx::PgConnection {
    sqlx::PgConnection::connect(url).await.unwrap()
}
/// After a restart of PostgreSQL the connections of the pool are dead, and no caller has to find that out.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_after_the_database_hung_up_gets_its_answer() {
    let world = World::new().await;
    let Db::Postgres(pool) = &world.app.db else {
        return;
    };
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(pool.acquire().await.unwrap());
    }
    let mut backends: Vec<i32> = Vec::new();
    for connection in &mut open {
        let backend = sqlx::query_scalar("SELECT pg_backend_pid()");
        backends.push(backend.fetch_one(&mut **connection).await.unwrap());
    }
    drop(open);
    // All of them: one that lived would be taken before the others.
    let mut other = connection(&server_url().unwrap()).await;
    for backend in &backends {
        let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(backend);
        end.execute(&mut other).await.unwrap();
    }
    // What was in use within the last second is taken to be alive.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    for _ in 0..8 {
        assert_eq!(world.get(&key, "/groups").await.status(), 200);
    }
}
