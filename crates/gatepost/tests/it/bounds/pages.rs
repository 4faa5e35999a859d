//! Pages stand in a line of their own: however many are asked for, calls to Power BI and other people's pages go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepost::store::Db;
use sandbox::visitor::Visitor;
use sqlx::Connection as _;

use crate::world::{ADA, OWNER, World};

const SESSION: &str = "__Host-gatepost-session";

async fn owners_session(world: &World) -> String {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let fields = [("email", OWNER.0), ("password", OWNER.1)];
    browser.submit(&page, "/sign-in", &fields).await.unwrap();
    browser.cookie("localhost", SESSION).unwrap().to_owned()
}

async fn page(world: &World, path: &str, session: &str) -> reqwest::Response {
    let request = world.http.get(format!("{}{path}", world.url));
    request
        .header("cookie", format!("{SESSION}={session}"))
        .send()
        .await
        .unwrap()
}

/// DOS-13: one person's sixty pages at once are told to wait; somebody else's page and calls are answered meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn one_persons_sixty_pages_at_once_take_nobody_elses_turn() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let session = owners_session(&world).await;
    let hers = ada.browser.cookie("localhost", SESSION).unwrap();
    let many = futures_util::future::join_all((0..60).map(|_| page(&world, "/activity", &session)));
    let others = async {
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(page(&world, "/activity", hers).await.status().as_u16());
            seen.push(world.get(&key, "/groups").await.status().as_u16());
        }
        seen
    };
    let (many, others) = tokio::join!(many, others);
    assert_eq!(others, [200; 10]);
    let mut refused = 0;
    for answer in many {
        match answer.status().as_u16() {
            200 => {}
            429 => {
                refused += 1;
                assert_eq!(answer.headers()["retry-after"], "2");
                let text = answer.text().await.unwrap();
                assert!(
                    text.contains("more pages at once than are made for one person"),
                    "{text}"
                );
            }
            other => panic!("{other}"),
        }
    }
    assert!(0 < refused, "two are made at once and eight wait");
}

/// DOS-13: pages that hang in the database, of many people, hold a few connections and no more.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_hang_in_the_database_leave_calls_their_connections() {
    let world = Arc::new(World::new().await);
    let (Db::Postgres(_), url) = (&world.app.db, &world.app.settings.database_url) else {
        return;
    };
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut sessions = Vec::new();
    for at in 0..12 {
        let email = format!("second{at}@example.com");
        let new = gatepost::admin::NewAdministrator::check(&email, &email, OWNER.1).unwrap();
        gatepost::admin::add_administrator(&world.app, &world.owner_caller(), &new)
            .await
            .unwrap();
        let mut browser = Visitor::new();
        let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
        browser
            .submit(&page, "/sign-in", &[("email", &email), ("password", OWNER.1)])
            .await
            .unwrap();
        sessions.push(browser.cookie("localhost", SESSION).unwrap().to_owned());
    }
    // What the page of clients reads, and no call by key does.
    let mut other = sqlx::PgConnection::connect(url).await.unwrap();
    let lock = format!("BEGIN; LOCK TABLE \"{}\".clients", world.app.settings.database_schema);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock))
        .execute(&mut other)
        .await
        .unwrap();
    let pages: Vec<_> = sessions
        .iter()
        .flat_map(|session| [session.clone(), session.clone()])
        .map(|session| {
            let world = world.clone();
            tokio::spawn(async move { page(&world, "/clients", &session).await.status().as_u16() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..10 {
        let begun = Instant::now();
        let answer = world.get(&key, "/groups").await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    assert!(pages.iter().any(|it| !it.is_finished()), "pages hang still");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    for status in futures_util::future::join_all(pages).await {
        let status = status.unwrap();
        assert!([200, 429, 503].contains(&status), "{status}");
    }
}
