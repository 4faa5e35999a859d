//! The product's own demo and sandbox in the background, for peers and for the bench.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;

use crate::process;
use crate::process::Background;

/// A running `gatepost demo --json`; dropping it ends it as Ctrl-C would.
pub(crate) struct Demo {
    program: Background,
    /// The one line it printed.
    pub(crate) line: String,
    /// From the start of the process to that line.
    pub(crate) ready_after: Duration,
    fields: Value,
}

impl Demo {
    /// Starts the demo on free ports and waits until it says that it is ready.
    pub(crate) fn start(gatepost: &Path) -> Result<Self> {
        Self::start_with(gatepost, &[])
    }

    /// Starts the demo with more options.
    pub(crate) fn start_with(gatepost: &Path, more: &[&str]) -> Result<Self> {
        let mut command = Command::new(gatepost);
        command.args([
            "demo",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--sandbox-listen",
            "127.0.0.1:0",
        ]);
        command.args(more);
        command.stdout(Stdio::piped()).stderr(fs::File::create(log_path())?);
        let began = Instant::now();
        let mut program = Background::start(&mut command)?;
        let stdout = program.take_stdout().context("standard output was asked for")?;
        let line = first_line(stdout, Duration::from_secs(60), |_| true)?;
        let ready_after = began.elapsed();
        let fields = serde_json::from_str(&line).with_context(|| format!("the demo printed no JSON line: {line}"))?;
        Ok(Self {
            program,
            line,
            ready_after,
            fields,
        })
    }

    /// One field of the printed line.
    pub(crate) fn field(&self, name: &str) -> Result<&str> {
        self.fields[name]
            .as_str()
            .with_context(|| format!("the demo's line has no `{name}`: {}", self.line))
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }

    /// Ends the demo as Ctrl-C would; an error when it does not end by itself.
    pub(crate) fn stop(mut self) -> Result<()> {
        ensure!(
            self.program.interrupt(Duration::from_secs(15))?,
            "the demo did not end on an interrupt"
        );
        Ok(())
    }
}

/// A running `gatepost sandbox` that speaks TLS, as MSAL demands.
pub(crate) struct Sandbox {
    // The process ends before its folder goes.
    _program: Background,
    folder: PathBuf,
    /// Where it answers.
    pub(crate) url: String,
}

impl Sandbox {
    /// Starts the sandbox over TLS on a free port, with its certificate in a temporary folder.
    pub(crate) fn start(gatepost: &Path) -> Result<Self> {
        let port = process::free_port()?;
        let folder = std::env::temp_dir().join(format!("gatepost-sandbox-{port}"));
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(gatepost);
        command
            .args(["sandbox", "--listen", &format!("127.0.0.1:{port}"), "--tls-dir"])
            .arg(&folder);
        let log = fs::File::create(log_path())?;
        let mut program = Background::start(command.stdout(Stdio::null()).stderr(log))?;
        let authority = folder.join("ca.pem");
        program.wait_until(Duration::from_secs(30), || {
            authority.is_file() && process::is_listening(port)
        })?;
        Ok(Self {
            _program: program,
            folder,
            url: format!("https://localhost:{port}"),
        })
    }

    /// The certificate authority that clients must trust.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A leftover in the temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What the last demo or sandbox wrote to standard error; only its end is told when something went wrong.
pub(crate) fn last_words() -> String {
    const MOST_LINES: usize = 60;
    let log = fs::read_to_string(log_path()).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(MOST_LINES)..].join("\n")
}

fn log_path() -> PathBuf {
    crate::root().join("target/demo.log")
}

/// The first such line of a program's output; what follows is read and dropped, so that the program never blocks.
pub(crate) fn first_line(
    output: impl std::io::Read + Send + 'static,
    limit: Duration,
    is_it: fn(&str) -> bool,
) -> Result<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        for line in lines.filter(|line| is_it(line)) {
            // Nobody listens any more after the first line.
            let _ = sender.send(line);
        }
    });
    receiver
        .recv_timeout(limit)
        .with_context(|| format!("the program printed nothing of use within {} s", limit.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_taken_and_silence_is_an_error() {
        let limit = Duration::from_secs(5);
        assert_eq!(first_line("one\ntwo\n".as_bytes(), limit, |_| true).unwrap(), "one");
        let is_second = |line: &str| line.starts_with('t');
        assert_eq!(first_line("one\ntwo\n".as_bytes(), limit, is_second).unwrap(), "two");
        assert!(first_line("".as_bytes(), limit, |_| true).is_err());
    }
}
