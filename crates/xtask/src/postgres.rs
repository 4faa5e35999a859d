//! A PostgreSQL server of our own in a temporary folder: started for the tests, stopped and removed after them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::process;
use crate::process::Background;

/// A running server; dropping it stops the server and removes its folder.
pub(crate) struct Postgres {
    // Fields are dropped in this order: first the server, then its files.
    _server: Background,
    _folder: Folder,
    /// Where to connect, as `TEST_POSTGRES_URL` wants it.
    pub(crate) url: String,
}

impl Postgres {
    /// Makes a database cluster and serves it on a free loopback port.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed (Debian: apt-get install postgresql)")?;
        let user = if tools_run_as_root() {
            Some(unprivileged_user()?)
        } else {
            None
        };
        let folder = Folder::new(user.as_deref())?;
        let data = folder.0.join("data");
        let log = fs::File::create(folder.0.join("server.log"))?;

        let mut initdb = as_user(user.as_deref(), &programs.join("initdb"));
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        process::run_quietly(initdb.arg("-D").arg(&data).current_dir(&folder.0))?;

        let port = process::free_port()?;
        let mut command = as_user(user.as_deref(), &programs.join("postgres"));
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder.0)
            .args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "max_connections=600",
            "shared_buffers=128MB",
            // The cluster lives for one run: nothing in it has to survive a power cut.
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ] {
            command.args(["-c", setting]);
        }
        command
            .current_dir(&folder.0)
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log));
        let mut server = Background::start(&mut command)?;
        let ready = || is_ready(&programs, port);
        if let Err(error) = server.wait_until(Duration::from_secs(60), ready) {
            println!(
                "{}",
                fs::read_to_string(folder.0.join("server.log")).unwrap_or_default()
            );
            return Err(error);
        }
        Ok(Self {
            _server: server,
            _folder: folder,
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        })
    }
}

/// The folder with `initdb` and `postgres`: Debian keeps them out of `PATH`.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(process::find_program("postgres").and_then(|path| Some(path.parent()?.to_path_buf())));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn is_ready(programs: &Path, port: u16) -> bool {
    let pg_isready = programs.join("pg_isready");
    let arguments = ["-q", "-h", "127.0.0.1", "-p", &port.to_string(), "-U", "postgres"];
    if pg_isready.is_file() {
        process::output_of(pg_isready, &arguments).is_some()
    } else {
        process::is_listening(port)
    }
}

fn tools_run_as_root() -> bool {
    process::output_of("id", &["-u"]).as_deref() == Some("0")
}

/// PostgreSQL refuses to run as root, so we lend it an account that already exists.
fn unprivileged_user() -> Result<String> {
    let exists = |user: &&str| process::output_of("id", &["-u", user]).is_some();
    let user = ["postgres", "nobody"].into_iter().find(exists);
    user.map(str::to_owned)
        .context("found neither the account `postgres` nor `nobody` to run PostgreSQL as")
}

/// `setpriv` replaces itself with the program, so the process id we hold is the server's own.
fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let group = process::output_of("id", &["-g", user]).unwrap_or_else(|| "nogroup".to_owned());
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", user, "--regid", &group, "--clear-groups", "--"])
        .arg(program);
    command
}

struct Folder(PathBuf);

impl Folder {
    fn new(owner: Option<&str>) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("gatepost-postgres-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let folder = Self(path);
        if let Some(owner) = owner {
            process::run_quietly(Command::new("chown").arg(owner).arg(&folder.0))?;
        }
        process::run_quietly(Command::new("chmod").arg("700").arg(&folder.0))?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            println!("could not remove {}: {error}", self.0.display());
        }
    }
}
