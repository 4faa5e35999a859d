//! What `gatepost serve` refuses to start on, with the reason and the way out (security row UPG-03).

use std::process::{Command, Stdio};

use gatepost::store::Db;

use crate::processes::{Process, gatepost};
use crate::world::World;

/// Runs a command that must not stay; its exit code and what it said.
fn refused(mut command: Command) -> (Option<i32>, String) {
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

fn serve(world: &World) -> Command {
    gatepost(world, &["serve", "--listen", "127.0.0.1:0"])
}

async fn change(world: &World, statement: &'static str) {
    match &world.app.db {
        Db::Sqlite(pool) => sqlx::query(statement).execute(pool).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop).unwrap(),
    }
}

/// Everything the database holds but the rows of other tests' making: how many rows each table has.
async fn counted(world: &World) -> String {
    let mut all = String::new();
    for table in [
        "_sqlx_migrations",
        "audit_entries",
        "settings",
        "vault_keys",
        "people",
        "sessions",
    ] {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let count: i64 = match &world.app.db {
            Db::Sqlite(pool) => sqlx::query_scalar(count).fetch_one(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(count).fetch_one(pool).await.unwrap(),
        };
        all.push_str(&format!("{table} {count}, "));
    }
    all
}

/// UPG-03: an older program refuses a newer database and writes nothing into it.
#[tokio::test(flavor = "multi_thread")]
async fn older_tables_wait_for_a_word_and_newer_ones_are_left_alone() {
    let world = World::in_real_time().await;
    change(&world, "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 30").await;
    let before = counted(&world).await;
    for migrate in [false, true] {
        let mut command = serve(&world);
        if migrate {
            command.arg("--migrate");
        }
        let (code, said) = refused(command);
        assert!(code == Some(1) && said.contains("9999"), "{said}");
        assert_eq!(counted(&world).await, before);
    }
    change(&world, "DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    change(&world, "DROP TABLE rate_budgets").await;
    let (code, said) = refused(serve(&world));
    assert!(code == Some(1) && said.contains("--migrate"), "{said}");
    let mut command = serve(&world);
    command.arg("--migrate");
    drop(Process::of(command));
    drop(Process::start(&world));
}

/// CFG-06
#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_everybody_is_no_trusted_proxy() {
    let world = World::in_real_time().await;
    for value in ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "8.0.0.0/6"] {
        let mut command = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
        command.env("GATEPOST_TRUSTED_PROXIES", format!("[\"10.0.0.7\", \"{value}\"]"));
        let (code, said) = refused(command);
        assert!(
            code == Some(1) && said.contains(value) && said.contains("your proxies"),
            "{value}: {said}"
        );
    }
    for value in ["10.0.0.0/8", "fc00::/7", "192.168.0.0/16", "127.0.0.1"] {
        let mut command = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
        command.env("GATEPOST_TRUSTED_PROXIES", format!("[\"{value}\"]"));
        drop(Process::of(command));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_work_is_named_with_what_was_expected() {
    let world = World::in_real_time().await;
    for (name, value, words) in [
        ("GATEPOST_PUBLIC_URL", "http://gatepost.example.com", "https"),
        ("GATEPOST_PUBLIC_URL", "http://127.0.0.1:8420", "IP address"),
        ("GATEPOST_LISTEN", "nowhere", "expected an address and a port"),
        ("GATEPOST_CODE_SECONDS", "0", "expected 10 to 600"),
        ("GATEPOST_CODE_SECONDS", "soon", "CODE_SECONDS"),
        ("GATEPOST_DATABASE_URL", "mysql://x", "postgres://"),
        (
            "GATEPOST_TRUSTED_PROXIES",
            "[\"proxy\"]",
            "expected an address or a network",
        ),
        ("GATEPOST_NO_SUCH_SETTING", "1", "no_such_setting"),
    ] {
        let mut command = gatepost(&world, &["serve"]);
        command.env(name, value);
        let (code, said) = refused(command);
        assert!(code == Some(1) && said.contains(words), "{name}={value}: {said}");
    }
}

/// CFG-04: nothing listens under a public address that cannot be right, and the reason is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_address_that_cannot_be_right_is_refused_with_the_reason() {
    let world = World::in_real_time().await;
    for (value, why) in [
        ("http://gatepost.example.com", "https only"),
        ("http://10.0.0.7:8420", "IP address"),
        ("https://10.0.0.7", "IP address"),
        ("http://[::1]:8420", "IP address"),
        ("https://gatepost.example.com/gate", "without a path"),
        ("https://gatepost.example.com/", "slash at the end"),
        ("https://gatepost.example.com?x=1", "scheme, host and port only"),
        ("https://u:hush-hush@gatepost.example.com", "scheme, host and port only"),
        ("https://Gatepost.example.com", "plain form"),
        ("https://gatepost.example.com:443", "plain form"),
        ("gatepost.example.com", "expected an address"),
        ("ftp://gatepost.example.com", "begins with https"),
        ("", "is empty"),
    ] {
        let mut command = serve(&world);
        command.env("GATEPOST_PUBLIC_URL", value);
        let (code, said) = refused(command);
        assert!(
            code == Some(1) && said.contains("public_url") && said.contains(why),
            "{value}: {said}"
        );
        assert!(!said.contains("hush"), "{said}");
    }
}

/// CFG-04: an address on this machine at another port than the gateway's is warned of, and only that.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_address_at_another_port_of_this_machine_is_warned_of() {
    let world = World::in_real_time().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (listen, public_url, is_warned) in [
        (
            format!("127.0.0.1:{}", free.port()),
            format!("http://localhost:{}", free.port()),
            false,
        ),
        ("127.0.0.1:0".to_owned(), "http://localhost:1".to_owned(), true),
        ("127.0.0.1:0".to_owned(), "http://localhost".to_owned(), true),
        (
            "127.0.0.1:0".to_owned(),
            "https://gatepost.example.com".to_owned(),
            false,
        ),
    ] {
        let mut command = gatepost(&world, &["serve", "--listen", &listen]);
        command.env("GATEPOST_PUBLIC_URL", &public_url);
        // Clouds on this machine are for a gateway on this machine.
        if public_url.starts_with("https") {
            command.env("GATEPOST_CLOUDS", "{}");
        }
        let process = Process::of(command);
        let said = process.said();
        let port = process.url("");
        let port = port.rsplit(':').next().unwrap();
        let mended = format!("set public_url to http://localhost:{port}");
        assert_eq!(said.contains(&mended), is_warned, "{listen} {public_url}: {said}");
    }
}
