//! PostgreSQL whose writing server changes: a gateway leaves those that only read, and finds the one that writes.

use std::time::Instant;

use gatepost::store::{self, Db};

use super::postgres::{SECONDS, asked, asked_later, behind_a_wire, recovered};
use super::server::Server;
use crate::world::{ADA, World};

/// DB-04: an address that leads to a server which only reads is refused and left, also by connections that are open.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_follows_the_server_that_writes() {
    if super::server_url().is_none() {
        return;
    }
    let (first, second) = match tokio::join!(Server::start(), Server::start()) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(why), _) | (_, Err(why)) => return println!("not tried: {why}"),
    };
    second.set_read_only(true).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let hosts = format!("{closed},{},{}", second.address, first.address);
    let url = format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write");
    let world = World::with(|it| {
        it.database_url = url;
        it.database_schema = String::new();
    })
    .await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    assert_eq!(asked(&world, &key).await.0, 200);

    // Writing is turned off for a while: sessions that are open only read from now on.
    first.set_read_only(true).await;
    let (call, ready, took) = asked_later(&world, &key).await;
    assert_eq!((call.as_u16(), ready.as_u16()), (503, 503));
    assert!(took < SECONDS, "{took:?}");
    first.set_read_only(false).await;
    recovered(&world, &key).await;
    let seq = store::audit::head(&world.app.db).await.unwrap().unwrap().seq;
    assert!(0 < seq);

    // The two change places for good: a session that only reads from now on is left, and the other server is found.
    for server in [&first, &second] {
        let make = "BEGIN READ WRITE; CREATE TABLE moved (at INT); COMMIT";
        sqlx::raw_sql(make)
            .execute(&mut server.connection().await)
            .await
            .unwrap();
    }
    first.set_read_only(true).await;
    second.set_read_only(false).await;
    let Db::Postgres(pool) = &world.app.db else {
        unreachable!()
    };
    let begun = Instant::now();
    while let Err(error) = sqlx::query("INSERT INTO moved VALUES (1)").execute(pool).await {
        assert!(begun.elapsed() < SECONDS, "{error}");
    }
    let stored: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM moved")
        .fetch_one(&mut second.connection().await)
        .await
        .unwrap();
    assert_eq!(stored, 1);
}

/// The same where one address moves from the server that writes to a standby and back.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_moved_to_a_standby_and_back_is_followed() {
    let Some((world, proxy, key)) = behind_a_wire().await else {
        return;
    };
    let standby = match Server::start().await {
        Ok(standby) => standby,
        Err(why) => return println!("not tried: {why}"),
    };
    // It has the tables, so that nothing but its being read-only speaks against it.
    let schema = world.app.settings.database_schema.clone();
    let make = format!("CREATE SCHEMA \"{schema}\"");
    sqlx::raw_sql(sqlx::AssertSqlSafe(make))
        .execute(&mut standby.connection().await)
        .await
        .unwrap();
    let db = Db::postgres(&standby.url(), Some(&schema)).await.unwrap();
    store::migrate::run(&db).await.unwrap();
    db.close().await;
    standby.set_read_only(true).await;
    let url = url::Url::parse(&super::server_url().unwrap()).unwrap();
    let writes = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let writes = tokio::net::lookup_host(writes).await.unwrap().next().unwrap();
    proxy.lead_to(standby.address);
    let (call, ready, took) = asked_later(&world, &key).await;
    assert_eq!((call.as_u16(), ready.as_u16()), (503, 503));
    assert!(took < SECONDS, "{took:?}");
    proxy.lead_to(writes);
    recovered(&world, &key).await;
}
