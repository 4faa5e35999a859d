//! Programs we start: quietly, with their output shown only on failure, or loudly, with their tests counted.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::steps::Tally;

/// A cargo command in the workspace's folder, with the cargo that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What `cargo run` set for us would make other packages think that they are xtask, and build again.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    command.current_dir(crate::root()).args(arguments);
    command
}

/// The same command, started by another program.
pub(crate) fn within(starter: &[&str], command: &Command) -> Command {
    let mut whole = Command::new(starter[0]);
    whole
        .args(&starter[1..])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => whole.env(name, value),
            None => whole.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        whole.current_dir(folder);
    }
    whole
}

/// Runs to the end; the output is shown only when the program fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let shown = text_of(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stdout));
        println!("{}", String::from_utf8_lossy(&output.stderr));
        bail!("`{shown}` ended with {}", output.status);
    }
    Ok(())
}

/// Tests that say nothing for so long hang: cargo builds everything anew in less, and cargo's tests name after a minute what
/// still runs.
const SILENCE: Duration = Duration::from_secs(12 * 60);

/// Runs to the end with its output shown as it comes, and counts the tests in its closing lines. A run that hangs is ended.
pub(crate) fn run_counting(command: &mut Command, tally: &mut Tally) -> Result<()> {
    run_counting_within(SILENCE, command, tally)
}

fn run_counting_within(silence: Duration, command: &mut Command, tally: &mut Tally) -> Result<()> {
    let shown = text_of(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let stdout = child.stdout.take().context("standard output was asked for")?;
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .try_for_each(|it| sender.send(it))
    });
    let mut counted = Tally::default();
    let hangs = loop {
        match lines.recv_timeout(silence) {
            Ok(line) => {
                println!("{line}");
                counted.add(Tally::of_line(&line).unwrap_or_default());
            }
            Err(reason) => break reason == RecvTimeoutError::Timeout,
        }
    };
    tally.add(counted);
    if hangs {
        end_with_descendants(child.id());
    }
    let status = child.wait()?;
    if hangs {
        bail!("`{shown}` said nothing for {} s and was ended", silence.as_secs());
    }
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    if counted == Tally::default() {
        bail!("`{shown}` ran no test");
    }
    Ok(())
}

/// Ends a process and all that it started, itself first so that it starts nothing more.
fn end_with_descendants(id: u32) {
    let children = output_of("pgrep", &["-P", &id.to_string()]).unwrap_or_default();
    // One that has ended meanwhile is no fault.
    let _ = output_of("kill", &["-9", &id.to_string()]);
    for child in children.lines().filter_map(|it| it.parse().ok()) {
        end_with_descendants(child);
    }
}

/// Standard output of a short program, or `None` when it is missing or fails.
pub(crate) fn output_of(program: impl AsRef<Path>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program.as_ref())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where a program lies, looked up in `PATH` as a shell would.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// A program in the background, asked to end, then ended, when this value goes away.
pub(crate) struct Background {
    child: Child,
    name: String,
}

impl Background {
    /// Starts the program; it is stopped when the value is dropped.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = text_of(command);
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{name}`"))?;
        Ok(Self { child, name })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The program's standard output, if it was piped and not yet taken.
    pub(crate) fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until `ready` says so; fails when the program ends first or the time is up.
    pub(crate) fn wait_until(&mut self, limit: Duration, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("`{}` ended with {status} before it was ready", self.name);
            }
            if deadline < Instant::now() {
                bail!("`{}` was not ready within {} s", self.name, limit.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Ends the program at once (SIGKILL), whatever it is in the middle of.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the program to end as Ctrl-C would, and returns whether it did within the time.
    pub(crate) fn interrupt(&mut self, limit: Duration) -> Result<bool> {
        if self.child.try_wait()?.is_some() {
            return Ok(true);
        }
        Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()
            .context("cannot run `kill`")?;
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !matches!(self.interrupt(Duration::from_secs(15)), Ok(true)) {
            println!("`{}` did not end when asked and was stopped", self.name);
            // It may have ended in between; then there is nothing left to do.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}

/// Whether something accepts connections on this loopback port.
pub(crate) fn is_listening(port: u16) -> bool {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
}

fn text_of(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run_quietly(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` ended with exit status: 3");
    }

    #[test]
    fn a_command_is_started_by_another_with_all_that_it_has() {
        let mut inner = Command::new("sh");
        inner.args(["-c", "echo $PLACE"]).env("PLACE", "here");
        let output = within(&["nice", "-n", "1"], &inner).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "here\n");
    }

    #[test]
    fn a_runner_that_runs_no_test_fails() {
        let error = run_counting(
            Command::new("sh").args(["-c", "echo nothing to see"]),
            &mut Tally::default(),
        );
        assert!(error.unwrap_err().to_string().ends_with("ran no test"));
    }

    #[test]
    fn a_run_that_hangs_is_ended_with_all_that_it_started() {
        let script = "echo '1 passed, 0 failed'; sleep 77.125 & sleep 77.125; echo never";
        let mut command = Command::new("sh");
        let run = run_counting_within(
            Duration::from_secs(1),
            command.args(["-c", script]),
            &mut Tally::default(),
        );
        assert!(run.unwrap_err().to_string().contains("said nothing for 1 s"));
        assert_eq!(output_of("pgrep", &["-f", "sleep 77.125"]), None);
    }

    #[test]
    fn counts_of_a_runner_are_added_even_when_it_fails() {
        let mut tally = Tally {
            passed: 1,
            ..Tally::default()
        };
        let script = "echo 'x: 2 passed, 1 failed'; exit 1";
        assert!(run_counting(Command::new("sh").args(["-c", script]), &mut tally).is_err());
        assert_eq!((tally.passed, tally.failed), (3, 1));
    }

    #[test]
    fn a_background_program_is_stopped_when_dropped() {
        let program = Background::start(Command::new("sleep").arg("60")).unwrap();
        let id = program.id().to_string();
        drop(program);
        assert_eq!(output_of("kill", &["-0", &id]), None);
    }

    #[test]
    fn a_program_that_ends_early_is_not_ready() {
        let mut program = Background::start(Command::new("sh").args(["-c", "exit 0"])).unwrap();
        let error = program.wait_until(Duration::from_secs(5), || false).unwrap_err();
        assert!(error.to_string().contains("before it was ready"));
    }
}
