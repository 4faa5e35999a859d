//! The SQLite file on a full disk, locked by somebody else, damaged, or copied half.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use gatepost::store::Db;
use serde_json::json;

use crate::processes::{Process, gatepost_in};
use crate::world::{ADA, OWNER, World};

/// A small disk of its own, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where this process may not mount; the reason is printed.
    fn of_megabytes(size: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &format!("size={size}m,mode=700"), "tmpfs"])
            .arg(folder.path());
        match command.output() {
            Ok(done) if done.status.success() => Some(Self(folder)),
            Ok(done) => {
                let why = String::from_utf8_lossy(&done.stderr);
                eprintln!("not tried: no disk can be mounted: {why}");
                None
            }
            Err(error) => {
                eprintln!("not tried: no disk can be mounted: {error}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file until nothing more fits.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        for size in [64 * 1024, 4096, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

/// DOS-15, CRH-07: at every place that writes, a full disk is said, and the next request after it works.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_was_full_for_a_moment_stops_nothing_afterwards() {
    let Some(disk) = Disk::of_megabytes(24) else { return };
    let world = World::with(|it| {
        it.data = disk.path().to_owned();
        it.registrations_per_hour = 100_000;
    })
    .await;
    if !super::is_sqlite(&world) {
        return;
    }
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let register = json!({ "client_name": "Test", "redirect_uris": ["http://localhost:7777/cb"] });
    for round in 0..3 {
        disk.fill();
        // Whatever still fits into pages that are there already is used up first.
        let mut status = 200;
        for _ in 0..200 {
            status = world.get(&key, "/groups").await.status().as_u16();
            if status != 200 {
                break;
            }
        }
        assert_eq!(status, 503, "round {round}: a call without a record");
        let posts = (0..40).map(|_| {
            world
                .http
                .post(format!("{}/register", world.url))
                .json(&register)
                .send()
        });
        for answer in futures_util::future::join_all(posts).await {
            let status = answer.unwrap().status().as_u16();
            assert!([201, 503].contains(&status), "register: {status}");
        }
        let mut somebody = sandbox::visitor::Visitor::new();
        let form = somebody.open(&format!("{}/sign-in", world.url)).await.unwrap();
        let signed_in = somebody
            .submit(&form, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
            .await
            .unwrap();
        assert_eq!(signed_in.status, 503, "{}", signed_in.text());
        let probe = |path: &str| world.http.get(format!("{}{path}", world.url)).send();
        assert_eq!(probe("/healthz").await.unwrap().status(), 200);

        disk.empty();
        assert_eq!(world.get(&key, "/groups").await.status(), 200, "round {round}");
        let all = (0..40).map(|_| world.get(&key, "/groups"));
        assert!(
            futures_util::future::join_all(all)
                .await
                .iter()
                .all(|it| it.status() == 200)
        );
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(probe("/readyz").await.unwrap().status(), 200);
    }
    let report = gatepost::audit::verify(&world.app.db, &world.app.signer.public_key(), None)
        .await
        .unwrap();
    assert_eq!(report.faults, []);
}

/// DB-07: somebody else's lock is waited for, then said.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_from_outside_is_waited_for_and_then_said() {
    let world = World::new().await;
    let Db::Sqlite(pool) = &world.app.db else { return };
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut other = pool.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();
    let released = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sqlx::query("ROLLBACK").execute(&mut *other).await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.get(&key, "/groups"), released);
    assert_eq!(answer.status(), 200, "a short lock is waited for");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();
    let begun = Instant::now();
    let answer = world.get(&key, "/groups").await;
    assert_eq!(answer.status(), 503, "{}", answer.text().await.unwrap());
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    sqlx::query("ROLLBACK").execute(&mut *other).await.unwrap();
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}

/// DB-10
#[tokio::test(flavor = "multi_thread")]
async fn every_connection_has_the_settings_that_keep_data_safe() {
    let world = World::new().await;
    let Db::Sqlite(pool) = &world.app.db else { return };
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(pool.acquire().await.unwrap());
    }
    for connection in &mut all {
        for (question, expected) in [
            ("PRAGMA journal_mode", "wal"),
            ("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous", "2"),
            ("SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys", "1"),
            ("SELECT CAST(trusted_schema AS TEXT) FROM pragma_trusted_schema", "0"),
            ("SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout", "6000"),
            (
                "SELECT CAST(journal_size_limit AS TEXT) FROM pragma_journal_size_limit",
                "67108864",
            ),
        ] {
            let value: String = sqlx::query_scalar(question).fetch_one(&mut **connection).await.unwrap();
            assert_eq!(value, expected, "{question}");
        }
        let mapped: Option<i64> = sqlx::query_scalar("PRAGMA mmap_size")
            .fetch_optional(&mut **connection)
            .await
            .unwrap();
        assert_eq!(mapped.unwrap_or(0), 0);
    }
}

/// DB-09: a damaged file is never a crash, and nobody is given what is not theirs.
#[tokio::test(flavor = "multi_thread")]
async fn flipped_bytes_are_an_error_and_never_a_crash() {
    let world = World::in_real_time().await;
    if !super::is_sqlite(&world) {
        return;
    }
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let right = world.get(&key, "/groups").await.text().await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    let whole = copy.path().join("whole.db");
    gatepost::store::backup::copy_to(&world.app.db, &whole).await.unwrap();
    let whole = std::fs::read(whole).unwrap();
    let mut refused = 0;
    for seed in 0..6_usize {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = whole.clone();
        for step in 0..40 {
            let at = 100 + (seed * 7_919 + step * 104_729) % (bytes.len() - 100);
            bytes[at] ^= 0x5a;
        }
        std::fs::write(folder.path().join("gatepost.db"), bytes).unwrap();
        std::fs::copy(world.app.settings.keys_path(), folder.path().join("vault.keys")).unwrap();
        let serve = gatepost_in(&world, folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
        let process = match Process::of_if(serve) {
            Ok(process) => process,
            Err(said) => {
                assert!(!said.contains("panicked"), "{said}");
                refused += 1;
                continue;
            }
        };
        let answer = process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
        match answer.status().as_u16() {
            200 => assert_eq!(answer.text().await.unwrap(), right),
            401 | 403 | 500 | 503 => {}
            other => panic!("{other}: {}", answer.text().await.unwrap()),
        }
        let health = process.get(&world, &key, "/healthz").await;
        assert_eq!(health.status(), 200, "the process goes on");
        assert!(!process.said().contains("panicked"), "{}", process.said());
    }
    println!("{refused} of 6 damaged files were refused at start");
}
