//! By which index the shipped statements find what they look for, as each database itself says.

use std::sync::atomic::{AtomicU32, Ordering};

use super::activity::{Direction, Wanted, index, search, statement};
use super::list::{Bind, Of, Wanted as Page};
use super::{Db, approvals, grants, migrate};
use crate::caller::EnvironmentId;
use crate::clock::Timestamp;

/// An empty database: SQLite, or PostgreSQL when `TEST_POSTGRES_URL` is set.
#[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
async fn database(folder: &tempfile::TempDir) -> Db {
    let db = match std::env::var("TEST_POSTGRES_URL") {
        Ok(server) => {
            static SCHEMAS: AtomicU32 = AtomicU32::new(0);
            let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
            let schema = format!("plans{}_{number}", std::process::id());
            Db::create_postgres_schema(&server, &schema).await.unwrap();
            Db::postgres(&server, Some(&schema)).await.unwrap()
        }
        Err(_) => Db::sqlite(&folder.path().join("plans.db")).await.unwrap(),
    };
    migrate::run(&db).await.unwrap();
    db
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_of_activity_reads_by_an_index_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    let environment = EnvironmentId("here".into());
    let days = [(None, None), (Some(Timestamp(1)), Some(Timestamp(2)))];
    let kinds: [&[&str]; 3] = [&[], &["call.refused"], &["call.opened", "call.closed"]];
    for person in [None, Some("p")] {
        for kinds in kinds {
            for trace in [None, Some("t")] {
                for (since, until) in days {
                    let wanted = Wanted {
                        person,
                        kinds,
                        trace,
                        since,
                        until,
                    };
                    for direction in [Direction::Back(i64::MAX), Direction::Forth(0)] {
                        let plan = statement(&db, &environment, &wanted, direction, (0, i64::MAX), 51)
                            .plan(&db)
                            .await;
                        let index = index(&wanted);
                        let word = |it: &str| it.split([' ', '(']).any(|word| word == index);
                        assert!(plan.lines().any(word), "{wanted:?}, expected {index}:\n{plan}");
                        assert!(
                            !plan.contains("Seq Scan") && !plan.contains("SCAN audit_entries"),
                            "{plan}"
                        );
                    }
                }
            }
        }
    }
}

/// The sixth execution of a kept statement is planned without its values, and then a rare kind looks as frequent as any: the
/// whole log was read for it.
#[tokio::test(flavor = "multi_thread")]
async fn every_search_is_planned_for_its_own_values() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    // SQLite is told the index.
    let Db::Postgres(pool) = &db else { return };
    let environment = EnvironmentId("here".into());
    let wanted = Wanted {
        kinds: &["integration.changed"],
        ..Wanted::default()
    };
    for _ in 0..8 {
        super::audit::head(&db).await.unwrap();
        let found = search(&db, &environment, &wanted, Direction::Back(i64::MAX), 51).await;
        assert!(found.unwrap().is_empty());
    }
    let mut connection = pool.acquire().await.unwrap();
    let kept: Vec<String> = sqlx::query_scalar("SELECT statement FROM pg_prepared_statements")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let keeps = |table: &str| kept.iter().any(|it| it.contains(table));
    assert!(
        keeps("FROM audit_head"),
        "it is the connection that was asked: {kept:?}"
    );
    assert!(!keeps("FROM audit_entries"), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_page_asks_reads_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    let environment = EnvironmentId("here".into());
    let now = Timestamp(1);
    let here = |text| [(text, Bind::from("here"))];
    let conditions = here("a.environment_id = {}");
    let of = Of {
        environment: &environment,
        conditions: &conditions,
    };
    let mut wanted = Page::first(50, now);
    wanted.filter = approvals::WAITING.to_owned();
    let badge = approvals::LIST.counted(of, &wanted).plan(&db).await;
    // On an empty table PostgreSQL takes any index that begins with the environment.
    let expected = if matches!(db, Db::Sqlite(_)) {
        "approvals_waiting"
    } else {
        "Index Scan using approvals_"
    };
    assert!(badge.contains(expected), "{badge}");
    let conditions = here("g.revoked_at IS NULL AND g.environment_id = {}");
    let of = Of {
        environment: &environment,
        conditions: &conditions,
    };
    let page = grants::LIST.found(of, &Page::first(50, now), 50, 1).plan(&db).await;
    assert!(page.contains("grants_by_environment"), "{page}");
}
