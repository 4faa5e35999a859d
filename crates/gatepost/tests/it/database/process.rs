//! One process and its database: who may use it, what is said at start, signals, and probes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::processes::{Process, gatepost, gatepost_in};
use crate::world::{ADA, World};

fn said(mut command: Command) -> (Option<i32>, String) {
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

/// DB-08: the second one is told whom to stop; so is a restore, and a migration.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_sqlite_file_is_refused() {
    let world = World::in_real_time().await;
    if !super::is_sqlite(&world) {
        return;
    }
    let first = Process::start(&world);
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        let (code, told) = said(gatepost(&world, arguments));
        assert!(
            code == Some(1) && told.contains("another gateway"),
            "{arguments:?}: {told}"
        );
    }
    drop(first);
    // A kill gives the lock back.
    drop(Process::start(&world));
}

/// BAK-04: nothing is put back beside a running gateway, on either database.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_restored_beside_a_running_gateway() {
    let world = World::in_real_time().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let process = Process::start(&world);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let arguments = if super::is_sqlite(&world) {
        let (code, told) = said(gatepost(&world, &["backup", copy.to_str().unwrap()]));
        assert_eq!(code, Some(0), "{told}");
        vec!["restore", "--replace", copy.to_str().unwrap()]
    } else {
        vec!["restore"]
    };
    let (code, told) = said(gatepost(&world, &arguments));
    assert!(code == Some(1) && told.contains("stop every gateway"), "{told}");
    let answer = process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
    assert_eq!(answer.status(), 200, "nothing was ended");
    drop(process);
    let begun = Instant::now();
    loop {
        let (code, told) = said(gatepost(&world, &arguments));
        if code == Some(0) {
            break;
        }
        // The server notices within a moment that the killed one's connections are gone.
        assert!(begun.elapsed() < Duration::from_secs(10), "{told}");
    }
}

/// BAK-04: whenever a restore is killed, what was revoked after the copy stays so.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_killed_anywhere_revives_nothing() {
    let world = World::in_real_time().await;
    if !super::is_sqlite(&world) {
        return;
    }
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let (code, told) = said(gatepost(&world, &["backup", copy.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{told}");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(world.app.settings.keys_path(), data.join("vault.keys")).unwrap();
    for at in 0..8 {
        let mut restore = gatepost_in(&world, &data, &["restore", "--replace", copy.to_str().unwrap()]);
        let mut child = restore.stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(20 + at * 35)).await;
        let _ = child.kill();
        let _ = child.wait();
        if !data.join("gatepost.db").exists() {
            continue;
        }
        let process = Process::of(gatepost_in(&world, &data, &["serve", "--listen", "127.0.0.1:0"]));
        let answer = process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
        assert_eq!(answer.status(), 401, "killed after {} ms", 20 + at * 35);
    }
}

/// LOG-08: a database that is not there is told within seconds, once, with its host and cause and without its password.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_refuses_is_told_at_start_with_host_and_cause() {
    let world = World::in_real_time().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().map(|it| (silent, it)).unwrap();
    for (address, cause) in [
        (closed.to_string(), "refused"),
        (silent.1.to_string(), "no answer within"),
        (format!("{closed},{}", silent.1), "refused"),
        ("nowhere.invalid:5432".to_owned(), "nowhere.invalid:5432"),
        (format!("{closed}x"), "cannot be read"),
    ] {
        let mut command = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
        command.env(
            "GATEPOST_DATABASE_URL",
            format!("postgres://gate:hush-hush@{address}/gatepost"),
        );
        command.env("GATEPOST_LOG", "trace");
        let begun = Instant::now();
        let (code, told) = tokio::task::spawn_blocking(|| said(command)).await.unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(9),
            "{address}: {:?}",
            begun.elapsed()
        );
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(cause), "{address}: {told}");
        assert!(!told.contains("hush"), "{told}");
        let first = address.split(',').next().unwrap().trim_end_matches('x');
        assert!(cause.contains("read") || told.contains(first), "{told}");
        let errors = told
            .lines()
            .filter(|it| it.contains("error") && it.contains(cause))
            .count();
        assert!(errors <= 1, "said once: {told}");
    }
}

/// The probes that old load balancers send have an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_of_http_1_0_gets_its_answer() {
    let world = World::new().await;
    let address = world.url.replace("http://localhost", "127.0.0.1");
    for (head, status) in [
        ("GET /healthz HTTP/1.0\r\n\r\n", "200"),
        ("GET /readyz HTTP/1.0\r\nUser-Agent: probe\r\n\r\n", "200"),
        ("GET /readyz HTTP/1.0\r\nHost: 10.0.0.7\r\n\r\n", "200"),
        (
            "GET /healthz HTTP/1.1\r\nHost: 10.0.0.7:8420\r\nConnection: close\r\n\r\n",
            "200",
        ),
        // Nothing else is given without the right name.
        ("GET /sign-in HTTP/1.0\r\n\r\n", "400"),
        ("GET /sign-in HTTP/1.0\r\nHost: 10.0.0.7\r\n\r\n", "421"),
        ("GET /healthz HTTP/1.1\r\n\r\n", "400"),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let first = answer.lines().next().unwrap_or_default();
        assert!(first.contains(status), "{head}: {first}");
    }
}

/// SIGHUP ends nothing; SIGTERM says "not ready" first, takes calls for a moment, and only then closes the port.
#[tokio::test(flavor = "multi_thread")]
async fn signals_stop_a_gateway_in_order_or_not_at_all() {
    let world = World::in_real_time().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut command = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
    command.env("GATEPOST_UNREADY_SECONDS", "2");
    let mut process = Process::of(command);
    process.signal("HUP");
    let begun = Instant::now();
    while !process.said().contains("SIGHUP") {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", process.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(process.get(&world, &key, "/readyz").await.status(), 200);
    process.signal("TERM");
    let begun = Instant::now();
    while process.get(&world, &key, "/readyz").await.status() == 200 {
        assert!(begun.elapsed() < Duration::from_secs(2), "not ready at once");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
    assert_eq!(answer.status(), 200, "whoever did not look yet is still served");
    assert_eq!(process.ended().await, Some(0));
    assert!(Duration::from_millis(1_900) < begun.elapsed());
}

/// A missing volume, or another database by mistake, never becomes an empty gateway.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_beside_the_traces_of_another_is_refused() {
    let world = World::in_real_time().await;
    let serve = |data: &std::path::Path| {
        let mut command = gatepost_in(&world, data, &["serve", "--listen", "127.0.0.1:0"]);
        command
            .env("GATEPOST_DATABASE_URL", "")
            .env("GATEPOST_DATABASE_SCHEMA", "");
        command
    };
    let folder = tempfile::tempdir().unwrap();
    drop(Process::of(serve(folder.path())));
    let database = folder.path().join("gatepost.db");
    std::fs::remove_file(&database).unwrap();
    for log in ["gatepost.db-wal", "gatepost.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(log));
    }
    let mut command = serve(folder.path());
    command.env("GATEPOST_LOG", "info");
    let (code, told) = said(command);
    assert!(code == Some(1) && told.contains("volume missing"), "{told}");
    assert!(
        !database.exists() || std::fs::metadata(&database).unwrap().len() < 8192,
        "nothing was begun"
    );
    // Whoever means it moves the traces away.
    for name in ["vault.keys", "audit-checkpoints.txt", "audit-checkpoints.head"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    drop(Process::of(serve(folder.path())));
}

/// BAK-02: the file of a running gateway copied without its log is told at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_file_without_its_log_is_told() {
    let world = World::in_real_time().await;
    if !super::is_sqlite(&world) {
        return;
    }
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let data = &world.app.settings.data;
    // The head outside is of the newest entry within a second.
    for _ in 0..3 {
        assert_eq!(world.get(&key, "/groups").await.status(), 200);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let copy = tempfile::tempdir().unwrap();
    for name in [
        "gatepost.db",
        "vault.keys",
        "audit-checkpoints.txt",
        "audit-checkpoints.head",
    ] {
        std::fs::copy(data.join(name), copy.path().join(name)).unwrap();
    }
    let told = match Process::of_if(gatepost_in(&world, copy.path(), &["serve", "--listen", "127.0.0.1:0"])) {
        Err(told) => told,
        Ok(process) => {
            let begun = Instant::now();
            while !process.said().contains("lost its last entries") && begun.elapsed() < Duration::from_secs(5) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            process.said()
        }
    };
    assert!(
        told.contains("lost its last entries") || told.contains("volume missing"),
        "{told}"
    );
}

/// Two gateways on one database that would not agree are told, at start and by `check`.
#[tokio::test(flavor = "multi_thread")]
async fn gateways_with_other_settings_are_told() {
    let world = World::in_real_time().await;
    let first = Process::start(&world);
    assert!(!first.said().contains("must agree"), "{}", first.said());
    if super::is_sqlite(&world) {
        drop(first);
    }
    let mut other = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
    other
        .env("GATEPOST_MASKED_FIELDS", "[\"salary\"]")
        .env("GATEPOST_CODE_SECONDS", "30");
    let other = Process::of(other);
    for name in [
        "masked_fields is [\\\"salary\\\"] here",
        "code_seconds is 30 here and 60",
    ] {
        assert!(other.said().contains(name), "{name}: {}", other.said());
    }
    assert!(!other.said().contains("public_url is"), "{}", other.said());
    let mut check = gatepost(&world, &["check"]);
    let checked = check.stdout(Stdio::piped()).output().unwrap();
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(
        checked.status.code() == Some(1) && told.contains("code_seconds"),
        "{told}"
    );
}
