//! The database server out of order.

use gatepost::store::Db;

use crate::world::{ADA, World};

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
    // The last one ends the others, which are at rest by then.
    let mut last = open.pop().unwrap();
    backends.pop();
    drop(open);
    for backend in &backends {
        let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(backend);
        end.execute(&mut *last).await.unwrap();
    }
    drop(last);
    // What was in use within the last second is taken to be alive.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    for _ in 0..8 {
        assert_eq!(world.get(&key, "/groups").await.status(), 200);
    }
}
