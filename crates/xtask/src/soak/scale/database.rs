//! A gateway's database reached beside the gateway, by the database's own program: to fill it faster than any call could.

use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::postgres;
use crate::process;

/// Which database, and where.
pub(super) enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Database {
    /// What people call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// Runs statements; what they printed, a row a line.
    pub(super) fn run(&self, statements: &str) -> Result<String> {
        let (printed, ()) = self.pipe(|to| Ok(to.write_all(statements.as_bytes())?))?;
        Ok(printed)
    }

    /// Runs what `write` writes, as it is written; what that printed.
    pub(super) fn pipe<T>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<(String, T)> {
        let mut child = self.start()?;
        let mut to = BufWriter::with_capacity(1 << 20, child.stdin.take().context("standard input was asked for")?);
        let written = write(&mut to).and_then(|made| {
            to.flush()?;
            Ok(made)
        });
        // The program ends when there is nothing more to read.
        drop(to);
        let output = child.wait_with_output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} refused what the soak fills it with: {told}",
            self.name()
        );
        Ok((String::from_utf8_lossy(&output.stdout).trim().to_owned(), written?))
    }

    fn start(&self) -> Result<Child> {
        let mut command = match self {
            Self::Sqlite(file) => {
                let program = process::find_program("sqlite3");
                let program = program.context("sqlite3 is not installed (Debian: apt-get install sqlite3)")?;
                let mut command = Command::new(program);
                command.args(["-batch", "-bail"]).arg(file);
                command
            }
            Self::Postgres(url) => {
                let beside = postgres::programs().map(|folder| folder.join("psql"));
                let program = beside
                    .filter(|path| path.is_file())
                    .or_else(|| process::find_program("psql"));
                let program = program.context("psql is not installed (Debian: apt-get install postgresql-client)")?;
                let mut command = Command::new(program);
                command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", url]);
                command
            }
        };
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("the database's program cannot be started")
    }

    /// Puts the filled tables in the order in which a year of writing and its housekeeping would have left them.
    pub(super) fn settle(&self) -> Result<()> {
        match self {
            // Or the gateway's first write to the disk would wait for all that was filled in.
            Self::Sqlite(file) => process::run_quietly(Command::new("sync").arg(file)),
            Self::Postgres(_) => self.run("VACUUM ANALYZE;").map(drop),
        }
    }

    /// Takes the indexes off a table, for rows are added faster without; the statements that make them again.
    pub(super) fn take_indexes(&self, table: &str) -> Result<Vec<String>> {
        let find = match self {
            Self::Sqlite(_) => format!(
                "SELECT name || '=' || sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL;"
            ),
            Self::Postgres(_) => format!(
                "SELECT indexname || '=' || indexdef FROM pg_indexes WHERE tablename = '{table}' AND indexname NOT LIKE '%_pkey';"
            ),
        };
        let mut made_by = Vec::new();
        for line in self.run(&find)?.lines() {
            let (name, statement) = line.split_once('=').context("expected an index and its statement")?;
            self.run(&format!("DROP INDEX {name};"))?;
            made_by.push(format!("{statement};\n"));
        }
        Ok(made_by)
    }
}
