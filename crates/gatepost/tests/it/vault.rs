//! What is at rest: nothing in the clear, nothing reversible, nothing usable without the keys (security rows VLT).

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatepost::caller::PersonId;
use gatepost::store::Db;
use gatepost::store::connections;
use gatepost::store::sealed::{self, Column};
use gatepost::vault::{Keyring, Place, Vault};
use secrecy::ExposeSecret as _;
use sqlx::Row as _;

use crate::oauth::{Signed, signed, text};
use crate::processes::{Process, gatepost};
use crate::world::{ADA, OWNER, SECRET, World};

/// What Microsoft gave for a person: the access token and the refresh token.
pub(crate) async fn of_microsoft(world: &World, person: &PersonId) -> [String; 2] {
    let connection = connections::of_person(&world.app.db, person).await.unwrap().remove(0);
    let binding = world.binding().await;
    let open = |column, sealed: &Option<Vec<u8>>| {
        let place = Place {
            table: "connections",
            column,
            row: &connection.id.0,
            environment: &connection.environment_id.0,
        };
        let opened = world
            .app
            .vault
            .open_bound(place, binding, sealed.as_ref().unwrap())
            .unwrap();
        opened.expose_secret().to_owned()
    };
    [
        open("access_sealed", &connection.access_sealed),
        open("refresh_sealed", &connection.refresh_sealed),
    ]
}

/// A secret as it might be written: as it is, percent-encoded, in hexadecimal, in base64 at any offset.
pub(crate) fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|it| format!("{it:02x}")).collect();
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut all = vec![secret.to_owned(), percent, hex.to_uppercase(), hex];
    for offset in 0..3 {
        let shifted = [&vec![0; offset][..], secret.as_bytes()].concat();
        for encoded in [STANDARD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            // The ends also hold bits of what stands beside it.
            all.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    all.into_iter().map(String::into_bytes).collect()
}

/// Every row of every table, as text.
async fn rows(world: &World) -> Vec<u8> {
    match &world.app.db {
        Db::Sqlite(_) => Vec::new(), // its file is read instead
        Db::Postgres(pool) => {
            let tables = sqlx::query(
                "SELECT format('SELECT t::text AS line FROM %I.%I t', schemaname, tablename) AS question
                 FROM pg_tables WHERE schemaname = $1",
            )
            .bind(&world.app.settings.database_schema)
            .fetch_all(pool)
            .await
            .unwrap();
            assert!(10 < tables.len());
            let mut all = Vec::new();
            for table in tables {
                let question = sqlx::AssertSqlSafe(table.get::<String, _>("question"));
                for row in sqlx::query(question).fetch_all(pool).await.unwrap() {
                    all.extend(row.get::<String, _>("line").into_bytes());
                }
            }
            all
        }
    }
}

/// Everything that is logged while it is watched, whoever logs it.
#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Watches this thread's log until the guard goes.
    pub(crate) fn watched() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(lines))
    }

    /// What was logged so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// VLT-01: files, tables and a log of everything hold no secret in any spelling.
#[tokio::test]
async fn no_secret_is_found_in_the_database_or_the_log() {
    let (log, _watched) = Log::watched();

    let mut it = signed().await;
    let code = it.code().await;
    let tokens = it.redeem(&code).await.1;
    let tokens = it.refresh(&text(&tokens, "refresh_token")).await.1;
    let person = connected(&it.world).await;
    let key = it.world.key(&person).await;
    assert_eq!(it.world.get(&key, "/groups").await.status(), 200);
    it.world.advance_seconds(2 * 3600);
    assert_eq!(
        it.world.get(&key, "/groups").await.status(),
        200,
        "refreshed on the way"
    );

    let mut secrets = vec![SECRET.to_owned(), code, key, OWNER.1.to_owned()];
    secrets.extend(of_microsoft(&it.world, &person).await);
    secrets.extend(["access_token", "refresh_token"].map(|name| text(&tokens, name)));
    secrets.push(session_of(&it));
    assert_written_nowhere(&it.world, &log, &secrets).await;
}

/// No secret stands in any table, in any file of the data folder but the keys', or in the log, however it is spelled.
pub(crate) async fn assert_written_nowhere(world: &World, log: &Log, secrets: &[String]) {
    let mut written = rows(world).await;
    for file in std::fs::read_dir(&world.app.settings.data).unwrap().flatten() {
        if file.file_name() != "vault.keys" && file.file_type().unwrap().is_file() {
            written.extend(std::fs::read(file.path()).unwrap());
        }
    }
    let logged = log.bytes();
    assert!(10_000 < written.len() && 10_000 < logged.len());
    for secret in secrets {
        assert!(12 <= secret.len(), "`{secret}` is too short to be told from chance");
        for spelling in spellings(secret) {
            let found = |all: &[u8]| memchr(all, &spelling);
            assert!(
                !found(&written),
                "{secret} is at rest as {}",
                String::from_utf8_lossy(&spelling)
            );
            assert!(
                !found(&logged),
                "{secret} is in the log as {}",
                String::from_utf8_lossy(&spelling)
            );
        }
    }
}

fn memchr(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|it| it == part)
}

fn session_of(it: &Signed) -> String {
    it.browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned()
}

/// The person who is connected in this world.
async fn connected(world: &World) -> PersonId {
    let people = gatepost::store::people::find_by_account(
        &world.app.db,
        &world.environment,
        sandbox::people::CONTOSO,
        sandbox::people::ADA,
    );
    people.await.unwrap().unwrap().id
}

/// VLT-09: whatever an administrator opens, no token of Microsoft's and no client secret is on it.
#[tokio::test]
async fn no_page_shows_a_secret() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut secrets = vec![SECRET.to_owned(), key.clone()];
    secrets.extend(of_microsoft(&world, &ada.person).await);

    let mut browser = sandbox::visitor::Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let mut todo = vec!["/".to_owned()];
    browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    let mut seen = BTreeSet::new();
    while let Some(path) = todo.pop() {
        if !seen.insert(path.clone()) || 200 < seen.len() {
            continue;
        }
        let page = browser.open(&format!("{}{path}", world.url)).await.unwrap();
        assert!(page.status < 500, "{path}");
        for secret in &secrets {
            assert!(!page.body.contains(secret.as_str()), "{path} shows {secret}");
        }
        let html = page.body.replace("&#x2f;", "/").replace("&amp;", "&");
        let links = html.split("href=\"/").skip(1).filter_map(|it| it.split('"').next());
        todo.extend(links.map(|it| format!("/{it}")));
    }
    for path in [
        "/integrations",
        "/connections",
        "/activity",
        "/settings",
        "/keys",
        "/people",
    ] {
        assert!(seen.contains(path), "{path} was not visited: {seen:?}");
    }
    let answers = [
        world.get(&key, "/groups").await,
        world.get(&key, "/datasets/no-guid").await,
        world.get("gp_key_unknown", "/groups").await,
    ];
    for answer in answers {
        let all = format!("{:?} {}", answer.headers().clone(), answer.text().await.unwrap());
        assert!(secrets.iter().all(|it| !all.contains(it.as_str())), "{all}");
    }
}

/// VLT-11: who has the database without the keys has neither the client secret nor a token.
#[tokio::test]
async fn the_database_alone_opens_nothing() {
    let world = World::new().await;
    world.connect(ADA).await;
    let binding = world.binding().await;
    let thief = Vault::new(Keyring::fresh(&world.clock), world.clock.random().clone());
    let mut cells = 0;
    for column in Column::ALL {
        let (table, name) = column.place();
        for cell in sealed::cells(&world.app.db, column, "").await.unwrap() {
            let place = Place {
                table,
                column: name,
                row: &cell.id,
                environment: &cell.environment_id,
            };
            let (vault, sealed) = (&world.app.vault, &cell.sealed);
            assert!(vault.open(place, sealed).is_ok() || vault.open_bound(place, binding, sealed).is_ok());
            assert!(
                thief.open(place, sealed).is_err() && thief.open_bound(place, binding, sealed).is_err(),
                "{table}.{name}"
            );
            cells += 1;
        }
    }
    assert!(4 <= cells, "a secret, two tokens and what a flow needs: {cells}");
}

/// VLT-12: nothing that stands in the tables of tokens, keys and sessions is a token, key or session.
#[tokio::test]
async fn what_is_stored_of_our_own_tokens_opens_nothing() {
    let mut it = signed().await;
    let code = it.code().await;
    it.redeem(&code).await;
    let person = connected(&it.world).await;
    it.world.key(&person).await;
    let mut hashes: Vec<Vec<u8>> = Vec::new();
    for question in [
        "SELECT hash FROM tokens",
        "SELECT hash FROM api_keys",
        "SELECT hash FROM sessions",
    ] {
        let found: Vec<(Vec<u8>,)> = match &it.world.app.db {
            Db::Sqlite(pool) => sqlx::query_as(question).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_as(question).fetch_all(pool).await.unwrap(),
        };
        assert!(!found.is_empty(), "{question}");
        hashes.extend(found.into_iter().map(|it| it.0));
    }
    for hash in &hashes {
        let hex: String = hash.iter().map(|it| format!("{it:02x}")).collect();
        for text in [hex, URL_SAFE_NO_PAD.encode(hash), STANDARD.encode(hash)] {
            for prefix in ["", "gp_at_", "gp_key_", "gp_rt_", "gp_ac_"] {
                let token = format!("{prefix}{text}");
                assert!(!it.works(&token).await, "{token}");
                assert_eq!(it.world.get(&token, "/groups").await.status(), 401);
            }
            assert_eq!(it.refresh(&text).await.0, 400);
            let cookie = format!("__Host-gatepost-session={text}");
            let page = it
                .world
                .http
                .get(format!("{}/keys", it.world.url))
                .header("cookie", cookie);
            assert_eq!(page.send().await.unwrap().status(), 303, "no session");
        }
    }
}

/// VLT-06: keys are rotated again and again, killed on the way at any moment, while calls go on.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_under_load_and_through_kills() {
    let world = Arc::new(World::in_real_time().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let process = Arc::new(Process::start(&world));
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let load = (0..4).map(|_| {
        let (world, process, key, stop) = (world.clone(), process.clone(), key.clone(), stop.clone());
        tokio::spawn(async move {
            let mut calls = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let answer = process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
                assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                calls += 1;
            }
            calls
        })
    });
    let load: Vec<_> = load.collect();
    for wait_ms in [0, 40, 80, 120, 160, 200] {
        let mut rotation = gatepost(&world, &["keys", "rotate", "--shared-file"]).spawn().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
        let _ = rotation.kill();
        rotation.wait().unwrap();
    }
    for command in [&["keys", "rotate", "--shared-file"][..], &["keys", "rewrap"]] {
        let done = gatepost(&world, command).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for calls in futures_util::future::join_all(load).await {
        assert!(0 < calls.unwrap());
    }
    let ring = Keyring::read(&world.app.settings.keys_path()).unwrap();
    for column in Column::ALL {
        for cell in sealed::cells(&world.app.db, column, "").await.unwrap() {
            assert_eq!(
                Vault::key_of(&cell.sealed).unwrap(),
                *ring.active(),
                "{:?}",
                column.place()
            );
        }
    }
    assert!(1 < ring.ids().count());
}
