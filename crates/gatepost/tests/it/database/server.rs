//! A PostgreSQL server of a test's own, for faults that the shared one must not have.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::waiting::eventually;

/// A running server; dropping it stops it and removes its files.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    programs: PathBuf,
    folder: tempfile::TempDir,
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|it| it.path().join("bin"))
        .filter(|it| it.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root, so it is lent an account that is there already.
fn as_nobody(program: PathBuf) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"])
        .arg(program);
    command
}

fn run(programs: &Path, data: &Path, address: SocketAddr) -> Child {
    as_nobody(programs.join("postgres"))
        .arg("-D")
        .arg(data)
        .arg("-k")
        .arg(data)
        .args(["-p", &address.port().to_string()])
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "fsync=off", "-c", "max_connections=80"])
        .current_dir(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Server {
    /// A fresh server with the user `postgres`, or the reason why there is none.
    pub(crate) async fn start() -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL's server is not installed")?;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for path in [folder.path(), data.as_path()] {
            let _ = Command::new("chown").args(["nobody:nogroup"]).arg(path).status();
        }
        let made = as_nobody(programs.join("initdb"))
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .current_dir(&data)
            .output()
            .unwrap();
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = run(&programs, &data, address);
        let it = Self {
            child,
            address,
            programs,
            folder,
        };
        while sqlx::Connection::close(it.connection().await).await.is_err() {}
        Ok(it)
    }

    /// Ends it at once, as `pg_ctl stop -m immediate` does: whatever was under way is lost, every connection is cut.
    pub(crate) fn stop_at_once(&mut self) {
        let sent = Command::new("kill")
            .args(["-QUIT", &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap();
    }

    /// Starts it again at the same address; it has recovered and answers when this returns.
    pub(crate) async fn start_again(&mut self) {
        self.child = run(&self.programs, &self.folder.path().join("data"), self.address);
        let _ = sqlx::Connection::close(self.connection().await).await;
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }

    /// A connection of the test's own, as soon as the server answers.
    pub(crate) async fn connection(&self) -> sqlx::PgConnection {
        let connect = async || {
            <sqlx::PgConnection as sqlx::Connection>::connect(&self.url())
                .await
                .ok()
        };
        eventually("the server answers", connect).await
    }

    /// Lets every session only read, also those that are open, or write again.
    pub(crate) async fn set_read_only(&self, is_read_only: bool) {
        let mut connection = self.connection().await;
        let word = if is_read_only { "on" } else { "off" };
        let statement = format!("ALTER SYSTEM SET default_transaction_read_only = {word}");
        for statement in [statement, "SELECT pg_reload_conf()".to_owned()] {
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        loop {
            let mut other = self.connection().await;
            let now: String = sqlx::query_scalar("SHOW transaction_read_only")
                .fetch_one(&mut other)
                .await
                .unwrap();
            if now == word {
                return;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
